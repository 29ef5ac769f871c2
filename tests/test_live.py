"""The live engine without a browser: every control by its `.value`, and scripted races."""

import io
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import live, plots
from course_utils.live import display as display_module
from course_utils.live.display import with_caption
from course_utils.live.throttle import Throttle
from course_utils.live.worker import Worker

WAIT = 20.0  # seconds after which a test that hangs fails


class Bar(plots.Board):
    """A curve and a text: enough to see a state."""

    def __init__(self):
        super().__init__(width=3, height=2)
        self.curves = self.add(plots.Curves(self.axes[0], 3, ylim=(0, 1)))
        self.note = self.add(plots.Text(self.axes[0]))

    def update(self, state):
        level = float(state)
        self.curves.update(np.full((2, 4), level), np.full((2, 4), level / 2))
        self.note.update(f"{level:.2f}")

    def describe(self, state):
        return f"level {float(state):.2f}"


class AtBar(Bar):
    """The same, for the states of a sweep: value + noise, growing with the epoch."""

    def update(self, at):
        super().update(self.level(at))

    def describe(self, at):
        return f"p = {at.value}, noise = {at.settings.get('noise')}, epoch {at.result['epoch']}"

    @staticmethod
    def level(at):
        grown = at.result["epoch"] / 3
        return grown * (0.2 + 0.5 * at.value + 0.3 * at.settings.get("noise", 0))


@dataclass
class Trainer:
    """A training whose steps a test can hold back, and which counts what happened to it."""

    runs: list = field(default_factory=list)  # the settings of each run
    ended: list = field(default_factory=list)  # (noise, "done" or "cancelled")
    gates: dict = field(default_factory=dict)  # by noise: the run waits here after epoch 0
    reached: dict = field(default_factory=dict)  # by noise: set when the run waits
    fail_at: dict = field(default_factory=dict)  # by noise: what to raise

    def __call__(self, noise=0.0):
        self.runs.append(noise)
        how = "cancelled"
        try:
            for epoch in range(4):
                yield {"epoch": epoch, "noise": noise}
                if noise in self.fail_at:
                    raise self.fail_at[noise]
                if noise in self.gates:
                    self.reached[noise].set()
                    assert self.gates[noise].wait(WAIT)
            how = "done"
        finally:
            self.ended.append((noise, how))

    def hold(self, noise):
        self.gates[noise], self.reached[noise] = threading.Event(), threading.Event()


@pytest.fixture
def trainer():
    return Trainer()


@pytest.fixture
def panels():
    """Closes what a test has opened, so that no worker outlives it."""
    yield
    for panel in live.open_panels():
        panel.close()


def make_sweep(trainer, **more):
    return live.sweep(
        trainer, AtBar(), name="p", values=[0.0, 0.5, 1.0],
        controls={"noise": [0.0, 0.2, 0.4]}, epochs=3, **more,
    )  # fmt: skip


# --- controls


def test_a_control_takes_its_options_and_nothing_else():
    control = live.slider([0.0, 0.1, 0.3], label="p", start=0.1)
    assert (control.value, control.index, control.labels) == (0.1, 1, ["0", "0.1", "0.3"])
    control.value = 0.1 + 0.2  # 0.30000000000000004
    assert (control.value, control.index) == (0.3, 2)
    control.index = 0
    assert control.value == 0.0
    with pytest.raises(ValueError, match=r"p must be one of 0, 0.1, 0.3, got 0.7"):
        control.value = 0.7
    with pytest.raises(ValueError, match="from 0 to 2, got 3"):
        control.index = 3
    assert control.value == 0.0
    with pytest.raises(ValueError, match=r"p must be one of .* got 9"):
        live.slider([1, 2], label="p", start=9)
    with pytest.raises(ValueError, match="at least one option"):
        live.slider([], label="p")


def test_numbers_make_a_slider_and_names_a_choice(panels):
    panel = live.explore(
        lambda a, b, c: 0.5, Bar(), controls={"a": [1, 2], "b": ["L1", "L2"], "c": [False, True]}
    )
    kinds = {name: control.kind for name, control in panel.controls.items()}
    assert kinds == {"a": "slider", "b": "choice", "c": "choice"}
    assert panel.controls["c"].labels == ["off", "on"]


# --- the painter


def test_a_blitted_frame_is_the_picture_that_a_full_draw_gives():
    painter, board = live.Painter(Bar()), Bar()
    for state in (0.2, 0.9, 0.2):
        frame = np.asarray(Image.open(io.BytesIO(painter.paint(state).png))).astype(int)
        board.update(state)
        board.figure.canvas.draw()
        full = np.asarray(board.figure.canvas.buffer_rgba())[..., :3].astype(int)
        # Lines may lie over the axis instead of under it; nothing else differs.
        assert (np.abs(frame - full).max(axis=2) > 8).mean() < 0.005


def test_a_frame_leaves_no_trace_in_the_next():
    painter = live.Painter(Bar())
    first = painter.paint(0.2).png
    assert painter.paint(0.9).png != first
    assert painter.paint(0.2).png == first


def test_a_board_that_changes_a_title_gets_a_new_background():
    class Titled(Bar):
        def update(self, state):
            super().update(0.5)
            self.axes[0].set_title(str(state))
            self.redraw_background()

    painter = live.Painter(Titled())
    assert painter.paint(1).png != painter.paint(2).png


def test_drawing_takes_no_more_than_its_share():
    now = [0.0]
    throttle = Throttle(0.1, clock=lambda: now[0])
    assert throttle.due()
    throttle.drawn(0.02)  # a tenth of 0.2 s
    now[0] = 0.17
    assert not throttle.due()
    now[0] = 0.19
    assert throttle.due()
    throttle.drawn(1.0)  # the first draw is slow; curves must not stand still for ten seconds
    now[0] += 0.31
    assert throttle.due()
    quick = Throttle(clock=lambda: now[0])
    quick.drawn(0.001)
    now[0] += 0.03
    assert not quick.due()  # 25 a second at most
    now[0] += 0.01
    assert quick.due()


# --- the worker


def test_the_newest_job_wins_and_the_one_before_is_closed():
    began, order = threading.Event(), []
    worker = Worker(on_error=order.append)

    def endless():
        try:
            while True:
                began.set()
                yield 60.0  # a rest that a newer job cuts short
        finally:
            order.append("closed")

    def note(name):
        def job():
            order.append(name)
            yield 0.0

        return job

    worker.submit(endless)
    assert began.wait(WAIT)
    worker.submit(note("last"))
    assert worker.wait(WAIT)
    assert order == ["closed", "last"]
    assert not worker.busy


def test_jobs_that_never_began_are_dropped():
    began, gate, order = threading.Event(), threading.Event(), []

    def busy():
        began.set()
        assert gate.wait(WAIT)
        yield 0.0

    worker = Worker(on_error=order.append)
    worker.submit(busy)
    assert began.wait(WAIT)
    for name in range(50):
        worker.submit(lambda name=name: iter_once(order, name))
    gate.set()
    assert worker.wait(WAIT)
    assert order == [49]


def iter_once(order, name):
    order.append(name)
    yield 0.0


def test_a_worker_survives_an_error_and_a_cancel():
    errors, done = [], []
    worker = Worker(on_error=errors.append)

    def fails():
        yield 0.0
        raise KeyError("lost")

    worker.submit(fails)
    assert worker.wait(WAIT)
    assert isinstance(errors[0], KeyError)
    worker.cancel()
    worker.submit(lambda: iter_once(done, "after"))
    assert worker.wait(WAIT)
    assert done == ["after"]


# --- sweep


def test_a_sweep_trains_once_and_then_turns_pages(trainer, panels):
    panel = make_sweep(trainer)
    seen = set()
    for value in (0.0, 0.5, 1.0):
        panel.controls["p"].value = value
        panel.wait(WAIT)
        assert panel.text == f"p = {value}, noise = 0.0, epoch 3"
        seen.add(panel.image)
    assert len(seen) == 3
    assert trainer.runs == [0.0]
    assert panel.result == {"epoch": 3, "noise": 0.0}
    assert [page["text"] for page in panel.view.pages] == [
        f"p = {value}, noise = 0.0, epoch 3" for value in (0.0, 0.5, 1.0)
    ]


def test_another_control_trains_again_and_what_was_trained_is_kept(trainer, panels):
    panel = make_sweep(trainer)
    before = panel.image
    panel.controls["noise"].value = 0.2
    panel.wait(WAIT)
    assert panel.text == "p = 0.0, noise = 0.2, epoch 3"
    assert panel.image != before
    panel.controls["noise"].value = 0.0
    panel.wait(WAIT)
    assert panel.image == before
    assert trainer.runs == [0.0, 0.2]


def test_the_newest_setting_wins_and_the_old_run_is_cancelled(trainer, panels):
    panel = make_sweep(trainer)
    trainer.hold(0.2)
    panel.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    assert panel.status == "training: epoch 0 of 3"
    panel.controls["noise"].value = 0.4
    trainer.gates[0.2].set()
    panel.wait(WAIT)
    assert trainer.ended == [(0.0, "done"), (0.2, "cancelled"), (0.4, "done")]
    assert panel.text == "p = 0.0, noise = 0.4, epoch 3"
    assert panel.status == ""
    assert panel.view.progress == -1


def test_while_it_trains_a_panel_shows_the_new_run_and_turns_its_pages(trainer, panels):
    panel = make_sweep(trainer)
    trainer.hold(0.2)
    panel.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    assert panel.text == "p = 0.0, noise = 0.2, epoch 0"
    assert panel.view.progress == 0
    assert panel.view.pages[2] is None  # nothing of the old settings is left
    panel.controls["p"].value = 1.0  # turned while the run waits: drawn at its next step
    trainer.gates[0.2].set()
    panel.wait(WAIT)
    assert panel.text == "p = 1.0, noise = 0.2, epoch 3"


def test_an_error_in_the_background_is_shown_raised_and_forgotten_by_success(trainer, panels):
    panel = make_sweep(trainer)
    trainer.fail_at[0.2] = ArithmeticError("the loss is not a number")
    panel.controls["noise"].value = 0.2
    with pytest.raises(ArithmeticError, match="not a number"):
        panel.wait(WAIT)
    assert isinstance(panel.error, ArithmeticError)
    assert panel.view.error == "ArithmeticError: the loss is not a number"
    assert "in __call__" in panel.view.trace
    assert panel.status == ""
    panel.controls["noise"].value = 0.4
    panel.wait(WAIT)
    assert panel.error is None
    assert panel.view.error == ""


def test_an_error_in_the_first_run_fails_the_call(trainer, panels):
    trainer.fail_at[0.0] = ArithmeticError("the loss is not a number")
    with pytest.raises(ArithmeticError, match="not a number"):
        make_sweep(trainer)


def test_an_interrupt_says_where_it_stopped(trainer, panels):
    trainer.fail_at[0.0] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt, match=r"^stopped at epoch 0 of 3; run the cell again$"):
        make_sweep(trainer)
    (panel,) = live.open_panels()
    assert panel.status == "stopped at epoch 0 of 3; run the cell again"
    assert panel.view.error == ""
    trainer.fail_at.clear()
    assert make_sweep(trainer).text == "p = 0.0, noise = 0.0, epoch 3"


def test_each_page_says_what_it_answers(trainer, panels):
    panel = make_sweep(trainer)
    assert [page["indices"] for page in panel.view.pages] == [{"p": 0, "noise": 0}] * 3
    trainer.hold(0.2)
    panel.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    assert panel.view.newest["indices"] == {"p": 0, "noise": 1}
    panel.controls["noise"].value = 0.0  # seen before
    trainer.gates[0.2].set()
    panel.wait(WAIT)
    assert panel.view.pages[1]["indices"]["noise"] == 0


def test_a_broken_drawing_fails_the_call(trainer, panels):
    class Broken(AtBar):
        def update(self, at):
            raise KeyError("no such curve")

    with pytest.raises(KeyError, match="no such curve"):
        live.sweep(trainer, Broken(), name="p", values=[0, 1])


def test_a_training_that_yields_nothing_is_named(panels):
    with pytest.raises(ValueError, match=r"must yield at least one state.*iter_fleet"):
        live.sweep(list, AtBar(), name="p", values=[0, 1])


def test_one_training_at_a_time_with_threads_set_on_purpose(panels):
    usual = torch.get_num_threads()
    at_once, most, threads = [0], [0], set()
    lock = threading.Lock()

    def train(noise):
        for epoch in range(4):
            with lock:
                at_once[0] += 1
                most[0] = max(most[0], at_once[0])
            threads.add(torch.get_num_threads())
            torch.randn(50, 50) @ torch.randn(50, 50)
            with lock:
                at_once[0] -= 1
            yield {"epoch": epoch}

    def panel():
        return live.sweep(
            train, AtBar(), name="p", values=[0.0, 1.0], controls={"noise": [0.0, 0.2]}
        )

    several = [panel() for _ in range(3)]
    for one in several:
        one.controls["noise"].value = 0.2
    for one in several:
        one.wait(WAIT)
    assert most == [1]
    assert threads == {live.training_threads()}
    assert torch.get_num_threads() == usual


def test_a_panel_that_waits_for_its_turn_says_so_and_can_change_its_mind(trainer, panels):
    first, second = make_sweep(trainer), make_sweep(other := Trainer())
    trainer.hold(0.2)
    first.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    waiting = threading.Event()
    second.view.observe(lambda change: "waiting" in change.new and waiting.set(), "status")
    second.controls["noise"].value = 0.2
    assert waiting.wait(WAIT)
    second.controls["noise"].value = 0.0  # seen before: needs no turn
    second.wait(WAIT)
    assert other.runs == [0.0]
    trainer.gates[0.2].set()
    first.wait(WAIT)


def test_wait_gives_up_in_words(trainer, panels):
    panel = make_sweep(trainer)
    trainer.hold(0.2)
    panel.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    with pytest.raises(TimeoutError, match=r"not done after 0.01 s \(it says: 'training"):
        panel.wait(0.01)
    trainer.gates[0.2].set()
    panel.wait(WAIT)


# --- explore


def test_explore_follows_several_controls(panels):
    panel = live.explore(
        lambda level, half: level / 2 if half else level, Bar(),
        controls={"level": [0.2, 0.4, 0.8], "half": [False, True]},
    )  # fmt: skip
    assert panel.text == "level 0.20"
    panel.controls["level"].value = 0.8
    panel.controls["half"].value = True
    panel.wait(WAIT)
    assert panel.text == "level 0.40"
    assert panel.state == 0.4


def test_explore_skips_what_nobody_waits_for_any_more(panels):
    gate, began, computed = threading.Event(), threading.Event(), []

    def compute(level):
        computed.append(level)
        if level == 0.1:
            began.set()
            assert gate.wait(WAIT)
        return level

    levels = [i / 100 for i in range(0, 100, 2)] + [0.1]
    panel = live.explore(compute, Bar(), controls={"level": sorted(set(levels))})
    panel.controls["level"].value = 0.1
    assert began.wait(WAIT)
    for level in (0.2, 0.3, 0.4, 0.5, 0.6):
        panel.controls["level"].value = level
    gate.set()
    panel.wait(WAIT)
    assert computed == [0.0, 0.1, 0.6]
    assert panel.text == "level 0.60"


def test_a_steady_drag_is_drawn_as_it_goes(panels):
    panel = None
    texts = []

    def compute(level):
        # Each value arrives while the one before it is being computed, as in a drag.
        if panel is not None and level < 0.8:
            texts.append(panel.text)
            panel.controls["level"].index += 1
        return level

    panel = live.explore(compute, Bar(), controls={"level": [i / 10 for i in range(9)]})
    panel.controls["level"].index = 1
    panel.wait(WAIT)
    assert texts == [f"level 0.{i}0" for i in range(7)]
    assert panel.text == "level 0.80"


def test_explore_shows_an_error_and_recovers(panels):
    panel = live.explore(lambda level: 1 / level, Bar(), controls={"level": [2, 0, 4]})
    panel.controls["level"].value = 0
    with pytest.raises(ZeroDivisionError):
        panel.wait(WAIT)
    assert panel.view.error.startswith("ZeroDivisionError")
    assert panel.text == "level 0.50"
    panel.controls["level"].value = 4
    panel.wait(WAIT)
    assert (panel.text, panel.view.error, panel.error) == ("level 0.25", "", None)


# --- stream


def counting(settings):
    level = 0.0
    while True:
        yield level
        level += settings.rate


def make_stream(train=counting, **more):
    more = {"first": 3, "steps_per_second": 1000.0, **more}
    return live.stream(train, Bar(), controls={"rate": [0.01, 0.02, 0.05]}, **more)


def test_a_stream_trains_its_first_steps_in_the_cell_and_rests(panels):
    panel = make_stream()
    assert (panel.steps, panel.text, panel.status) == (3, "level 0.03", "paused: step 3")


def test_a_setting_counts_from_the_next_step_on(panels):
    panel = make_stream()
    panel.controls["rate"].value = 0.05
    panel.step()
    panel.wait(WAIT)
    assert (panel.steps, panel.text) == (4, "level 0.08")
    panel.step()
    panel.step()
    panel.wait(WAIT)
    assert (panel.steps, panel.text) == (6, "level 0.18")


def test_play_goes_on_until_pause(panels):
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


def test_reset_begins_anew_with_the_settings_of_now(panels):
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
def test_a_control_may_begin_the_training_anew(panels, restart, steps):
    panel = make_stream(restart=restart)
    panel.controls["rate"].value = 0.05
    panel.wait(WAIT)
    assert panel.steps == steps


def test_a_training_that_ends_rests(panels):
    panel = make_stream(lambda settings: iter([0.1, 0.2, 0.3]), first=1)
    panel.play()
    panel.wait(WAIT)
    assert (panel.playing, panel.steps, panel.text) == (False, 2, "level 0.30")
    panel.reset()
    panel.wait(WAIT)
    assert panel.text == "level 0.10"


def test_a_stream_at_rest_says_that_a_setting_waits_for_the_next_step(panels):
    panel = make_stream()
    panel.controls["rate"].value = 0.05
    assert panel.status == "paused: step 3; what you changed counts from the next step on"
    assert panel.view.pages[0]["indices"] == {"rate": 0}  # the browser fades this picture
    panel.controls["rate"].value = 0.01
    assert panel.status == "paused: step 3"
    panel.controls["rate"].value = 0.05
    panel.step()
    panel.wait(WAIT)
    assert panel.status == "paused: step 4"
    assert panel.view.pages[0]["indices"] == {"rate": 2}


def test_an_interrupted_stream_begins_anew_with_the_next_step(panels):
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


def test_an_error_stops_a_stream_and_reset_starts_it_again(panels):
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


def test_a_name_that_is_no_control_is_named(panels):
    with pytest.raises(AttributeError, match=r"no control 'lam'; there are: rate"):
        make_stream(lambda settings: iter([settings.lam]))


# --- the browser's side of the conversation, without a browser


def test_messages_of_the_browser_do_what_its_controls_say(trainer, panels):
    sweep, stream = make_sweep(trainer), make_stream()
    sweep.view.set_state({"indices": {"p": 2, "noise": 1}})
    sweep.wait(WAIT)
    assert sweep.text == "p = 1.0, noise = 0.2, epoch 3"
    assert sweep.controls["noise"].value == 0.2
    press = stream.view._handle_custom_msg
    press({"type": "press", "name": "step"}, [])
    stream.wait(WAIT)
    assert stream.steps == 4
    press({"type": "press", "name": "play"}, [])
    assert stream.playing
    press({"type": "press", "name": "hidden"}, [])  # the last view has gone
    stream.wait(WAIT)
    assert not stream.playing
    press({"type": "press", "name": "reset"}, [])
    stream.wait(WAIT)
    assert stream.steps == 0


def test_values_may_be_set_from_another_thread(trainer, panels):
    panel = make_sweep(trainer)

    def elsewhere():
        panel.controls["noise"].value = 0.4
        panel.controls["p"].value = 1.0

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(WAIT)
    panel.wait(WAIT)
    assert panel.text == "p = 1.0, noise = 0.4, epoch 3"
    assert panel.view.indices == {"p": 2, "noise": 2}


def test_drive_moves_every_control_and_gives_all_back(trainer, panels):
    panel = make_sweep(trainer)
    assert live.move_every_control(panel, timeout=WAIT) == {"p": 3, "noise": 3}
    assert panel.text == "p = 0.0, noise = 0.0, epoch 3"
    assert live.move_every_control(make_stream(), timeout=WAIT)["rate"] == 3
    still = live.explore(lambda level: 0.5, Bar(), controls={"level": [1, 2]})
    assert live.move_every_control(still, timeout=WAIT) == {"level": 1}
    trainer.fail_at[0.2] = ArithmeticError("diverged")
    with pytest.raises(ArithmeticError, match="diverged"):
        live.move_every_control(make_sweep(trainer), timeout=WAIT)


def test_closed_panels_are_gone(trainer):
    panel = make_sweep(trainer)
    assert panel in live.open_panels()
    panel.close()
    assert panel not in live.open_panels()


class Shell:
    """A notebook's IPython, of which a test says which cell runs."""

    def __init__(self):
        self.kernel = self
        self.execution_count = 0
        self.cell = ""

    def get_parent(self):
        return {"metadata": {"cellId": self.cell} if self.cell else {}}

    def run(self, cell, code):
        self.cell, self.execution_count = cell, self.execution_count + 1
        return code()


@pytest.fixture
def shell(monkeypatch):
    made = Shell()
    handle = SimpleNamespace(update=lambda *_, **__: None)
    monkeypatch.setattr(display_module, "get_ipython", lambda: made)
    monkeypatch.setattr(display_module, "display", lambda *_, **__: handle)
    return made


def test_a_cell_run_again_lets_go_of_its_panel_before(trainer, panels, shell):
    old = shell.run("a", lambda: make_sweep(trainer))
    other = shell.run("b", lambda: make_stream())
    image = old.image
    new = shell.run("a", lambda: make_sweep(trainer))
    assert set(live.open_panels()) == {new, other}
    assert old.view.comm is None
    assert (old.image, old.text) == (image, "p = 0.0, noise = 0.0, epoch 3")
    assert old.view.pages == [None] * 3
    with pytest.raises(AttributeError, match="no result any more, because its cell has been run"):
        old.result  # noqa: B018
    assert new.result == {"epoch": 3, "noise": 0.0}
    shell.run("b", lambda: make_stream())
    assert other not in live.open_panels()
    with pytest.raises(AttributeError, match="'Stream' object has no attribute 'wrong'"):
        other.wrong  # noqa: B018


def test_a_panel_that_another_cell_shows_lives_on(trainer, panels, shell):
    panel = shell.run("a", lambda: make_sweep(trainer))
    shell.run("b", panel._ipython_display_)
    shell.run("a", lambda: make_sweep(trainer))
    assert panel in live.open_panels()
    shell.run("b", lambda: make_sweep(trainer))
    assert panel not in live.open_panels()


def test_panels_of_one_run_of_a_cell_live_side_by_side(trainer, panels, shell):
    both = shell.run("a", lambda: [make_sweep(trainer), make_sweep(trainer)])
    assert set(live.open_panels()) == set(both)
    shell.cell = ""  # a front end that does not name its cells
    for _ in range(2):
        shell.run("", lambda: make_sweep(trainer))
    assert len(live.open_panels()) == 4


# --- what a notebook keeps


def test_the_picture_left_behind_names_settings_and_text():
    picture = live.Painter(Bar()).paint(0.5)
    plain = Image.open(io.BytesIO(picture.png))
    captioned = Image.open(io.BytesIO(with_caption(picture, "p: 0.3 · noise: $0")))
    assert captioned.width == plain.width
    assert captioned.height > plain.height + 30
    assert np.asarray(captioned)[plain.height :].min() < 100  # there is something written


CELLS = [
    """
import numpy as np
from course_utils import live, plots

class Level(plots.Board):
    def __init__(self):
        super().__init__(width=3, height=2)
        self.curves = self.add(plots.Curves(self.axes[0], 3, ylim=(0, 1)))

    def update(self, at):
        level = at.value * at.result / 3 if isinstance(at, live.At) else at
        self.curves.update(np.full(4, level), np.full(4, level / 2))

    def describe(self, at):
        return f"epoch {at.result}" if isinstance(at, live.At) else f"level {at:.1f}"
""",
    """
sweep = live.sweep(lambda noise: range(4), Level(), name="p", values=[0.5, 1.0],
                   controls={"noise": [0.0, 0.2]}, epochs=3)
sweep
""",
    """live.explore(lambda level: level, Level(), controls={"level": [0.2, 0.4]})""",
    """
stream = live.stream(lambda now: (now.rate * i for i in range(100)), Level(),
                     controls={"rate": [0.1, 0.2]}, first=4)
""",
    """sweep""",
]


@pytest.mark.slow
def test_a_notebook_without_a_browser_keeps_finished_pictures(tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter

    monkeypatch.setenv("PYTHONPATH", str(Path(live.__file__).parents[2]))
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}},
        kernel_name="python3", store_widget_state=False,
    ).execute()  # fmt: skip
    texts = []
    for cell in notebook.cells[1:]:
        assert [output.output_type for output in cell.outputs] == ["display_data"], cell.outputs
        (output,) = cell.outputs
        assert "application/vnd.jupyter.widget-view+json" in output.data
        assert output.metadata["image/png"]["alt"]
        texts.append(output.data["text/plain"])
    assert texts == [
        "p: 0.5 · noise: 0\nepoch 3",
        "level: 0.2\nlevel 0.2",
        "rate: 0.1\nlevel 0.4",
        "p: 0.5 · noise: 0\nepoch 3",
    ]
    assert len(json.dumps(notebook)) < 200_000
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    assert 'alt="epoch 3 (p: 0.5 · noise: 0)"' in page
    assert "No description has been provided" not in page
