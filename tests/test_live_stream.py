"""A stream without a browser: play, pause, step, reset, and settings that change on the way."""

import threading

import pytest

from course_utils import live
from course_utils.live.throttle import Throttle
from tests.small_panels import WAIT, counting, make_stream


def test_a_stream_trains_its_first_steps_in_the_cell_and_rests(closing):
    panel = make_stream()
    assert (panel.steps, panel.text, panel.status) == (3, "level 0.03", "paused: step 3")


def test_a_setting_counts_from_the_next_step_on(closing):
    panel = make_stream()
    panel.controls["rate"].value = 0.05
    panel.step()
    panel.wait(WAIT)
    assert (panel.steps, panel.text) == (4, "level 0.08")
    panel.step()
    panel.step()
    panel.wait(WAIT)
    assert (panel.steps, panel.text) == (6, "level 0.18")


def test_play_goes_on_until_pause(closing):
    enough = threading.Event()

    def train(settings):
        for step, level in enumerate(counting(settings)):
            if step == 20:
                enough.set()
            yield level

    panel = make_stream(train)
    panel.play()
    assert panel.view.buttons[0] == {"name": "play", "label": "Pause", "pressed": True}
    assert enough.wait(WAIT)
    panel.pause()
    panel.wait(WAIT)
    stopped = panel.steps
    assert stopped >= 20
    assert panel.text == f"level {stopped / 100:.2f}"
    assert panel.status == f"paused: step {stopped}"
    panel.step()
    panel.wait(WAIT)
    assert panel.steps == stopped + 1


def test_reset_begins_anew_with_the_settings_of_now(closing):
    panel = make_stream()
    panel.controls["rate"].value = 0.05
    panel.reset()
    panel.wait(WAIT)
    assert (panel.steps, panel.text) == (0, "level 0.00")
    panel.step(2)
    panel.wait(WAIT)
    assert panel.text == "level 0.10"


@pytest.mark.parametrize(
    ("restart", "steps"), [((), 3), (["rate"], 0), (lambda name, live: live.rate > 0.03, 0)]
)
def test_a_control_may_begin_the_training_anew(closing, restart, steps):
    panel = make_stream(restart=restart)
    panel.controls["rate"].value = 0.05
    panel.wait(WAIT)
    assert panel.steps == steps


def test_a_training_that_ends_rests(closing):
    panel = make_stream(lambda settings: iter([0.1, 0.2, 0.3]), first=1)
    panel.play()
    panel.wait(WAIT)
    assert (panel.playing, panel.steps, panel.text) == (False, 2, "level 0.30")
    panel.reset()
    panel.wait(WAIT)
    assert panel.text == "level 0.10"


def test_a_stream_at_rest_says_that_a_setting_waits_for_the_next_step(closing):
    panel = make_stream()
    panel.controls["rate"].value = 0.05
    assert panel.status == "paused: step 3; your change takes effect at the next step"
    assert panel.view.pages[0]["indices"] == {"rate": 0}  # the browser fades this picture
    panel.controls["rate"].value = 0.01
    assert panel.status == "paused: step 3"
    panel.controls["rate"].value = 0.05
    panel.step()
    panel.wait(WAIT)
    assert panel.status == "paused: step 4"
    assert panel.view.pages[0]["indices"] == {"rate": 2}


def test_a_setting_that_comes_during_a_step_is_said_to_wait_too(closing):
    begun, go_on = threading.Event(), threading.Event()

    def train(settings):
        for step, level in enumerate(counting(settings)):
            if step == 4:
                begun.set()
                assert go_on.wait(WAIT)
            yield level

    panel = make_stream(train)
    panel.step()
    assert begun.wait(WAIT)
    panel.controls["rate"].value = 0.05
    assert panel.status == "training: step 3"
    go_on.set()
    panel.wait(WAIT)
    assert panel.status == "paused: step 4; your change takes effect at the next step"


@pytest.mark.parametrize("drawn", [True, False])
def test_an_interrupted_stream_begins_anew_with_the_next_step(closing, monkeypatch, drawn):
    monkeypatch.setattr(Throttle, "due", lambda self: drawn)

    def train(settings):
        yield 0.1
        yield 0.2
        if interrupted == []:
            interrupted.append(True)
            raise KeyboardInterrupt
        yield 0.3

    interrupted = []
    with pytest.raises(KeyboardInterrupt, match=r"^stopped at step 1; run the cell again$"):
        make_stream(train)
    (panel,) = live.open_panels()
    assert panel.status == "stopped at step 1; run the cell again"
    panel.step(2)
    panel.wait(WAIT)
    assert (panel.steps, panel.text) == (2, "level 0.30")


def test_an_error_stops_a_stream_and_reset_starts_it_again(closing):
    def train(settings):
        yield 0.1
        if settings.rate == 0.05:
            raise ArithmeticError("diverged")
        yield 0.2

    panel = make_stream(train, first=0)
    panel.controls["rate"].value = 0.05
    panel.play()
    with pytest.raises(ArithmeticError, match="diverged"):
        panel.wait(WAIT)
    assert not panel.playing
    assert panel.view.error == "ArithmeticError: diverged"
    panel.controls["rate"].value = 0.01
    panel.reset()
    panel.step()
    panel.wait(WAIT)
    assert (panel.text, panel.view.error) == ("level 0.20", "")


def test_a_name_that_is_no_control_is_named(closing):
    with pytest.raises(AttributeError, match=r"no control 'lam'; there are: rate"):
        make_stream(lambda settings: iter([settings.lam]))


def test_the_newest_state_is_drawn_while_a_slow_stream_rests(closing):
    """Its steps are an hour apart. After a reset the first one comes too early to be drawn at once,
    for the state before it has just been drawn."""
    drawn = threading.Semaphore(0)
    panel = make_stream(first=0, steps_per_second=1 / 3600)
    panel.view.observe(lambda page: page.new["text"] == "level 0.01" and drawn.release(), "newest")
    panel.play()
    assert drawn.acquire(timeout=WAIT)
    panel.reset()
    assert drawn.acquire(timeout=WAIT)
    assert panel.status == "training: step 1"
