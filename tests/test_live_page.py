"""The browser's half of the panels, in a plain page: pages, old pictures, stopped kernels."""

import time

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from benchmarks.frames import WATCH
from tests.panel_page import BUTTONS, STOPPED, page, stream, sweep, wait_shade

pytestmark = pytest.mark.browser

FADES_AFTER_S = 0.25  # FADE_AFTER_MS of view.js


# --- pages


def test_a_slider_turns_pages_without_asking_the_kernel(panel):
    panel.begin(sweep())
    panel.slider.focus()
    panel.page.keyboard.press("ArrowRight")
    assert (panel.text, panel.shade) == ("gray 80", 80)
    assert panel.slider.get_attribute("aria-valuetext") == "p = 0.5"
    assert panel.page.locator("canvas").get_attribute("aria-label") == "gray 80"
    panel.page.keyboard.press("End")
    assert (panel.text, panel.faded) == ("gray 120", False)
    assert panel.told == [{"indices": {"p": 1, "noise": 0}}, {"indices": {"p": 2, "noise": 0}}]


def test_a_page_that_comes_late_never_replaces_a_newer_one(panel):
    panel.begin(sweep())
    for shade in (201, 202, 203):
        panel.push(newest={**page(shade, p=0, noise=0), "run": 0, "index": 0})
    wait_shade(panel, 203)
    assert panel.text == "gray 203"


def test_play_goes_once_to_the_last_page_and_waits_for_those_not_drawn(panel):
    pages = [page(40, p=0, noise=0), page(80, p=0, noise=0), None]
    panel.begin(sweep(pages=pages))
    play = panel.page.locator(".live-play")
    play.click()
    assert play.get_attribute("aria-label") == "pause"
    panel.wait("document.querySelector('.live-text p').textContent === 'gray 80'")
    panel.page.wait_for_timeout(1500)  # two turns and a half
    assert (panel.text, panel.faded, play.inner_text()) == ("gray 80", False, "❚❚")
    panel.push(newest={**page(120, p=0, noise=0), "run": 0, "index": 2})
    panel.wait("document.querySelector('.live-text p').textContent === 'gray 120'")
    assert play.inner_text() == "▶"  # it stops at the end
    play.click()
    assert panel.text == "gray 40"  # and begins at the first page again
    play.click()
    assert play.inner_text() == "▶"


def test_no_frame_is_blank_while_pages_turn_and_change(panel):
    panel.begin(sweep())
    panel.page.evaluate(WATCH, ".live-picture")
    panel.wait("watch.seen")
    panel.slider.focus()
    number, changes = 0, 0
    while number < 20 or (changes <= 3 and number < 200):  # a busy computer shows few of them
        panel.page.keyboard.press("ArrowRight" if number % 3 else "Home")
        panel.push(newest={**page(number, p=0, noise=0), "run": number, "index": number % 3})
        number, changes = number + 1, panel.page.evaluate("watch.changes.length")
    assert changes > 3
    assert panel.page.evaluate("watch.blank") == 0


# --- old pictures


def test_the_old_picture_fades_until_the_first_new_one(panel):
    panel.begin(sweep())
    panel.page.get_by_role("radio", name="20%").check()
    panel.wait("+getComputedStyle(document.querySelector('.live-picture')).opacity < 0.5")
    # One more picture of the run before is no answer.
    panel.push(newest={**page(90, p=0, noise=0), "run": 0, "index": 0})
    wait_shade(panel, 90)
    assert panel.faded
    panel.push(status="training: epoch 0 of 80", progress=0)
    panel.push(newest={**page(100, p=0, noise=1), "run": 1, "index": 0})
    wait_shade(panel, 100)
    assert not panel.faded
    # The other pages of the new run are not drawn yet: the one before stays, faded.
    panel.slider.press("ArrowRight")
    panel.wait_faded()
    assert panel.shade == 100
    panel.push(newest={**page(110, p=0, noise=1), "run": 1, "index": 1})
    wait_shade(panel, 110)
    assert not panel.faded


def test_back_to_what_is_on_show_takes_the_fading_away(panel):
    panel.begin(stream())
    panel.slider.press("ArrowRight")
    panel.wait_faded()
    panel.slider.press("ArrowLeft")
    assert not panel.faded


def test_a_drag_that_is_drawn_as_it_goes_does_not_fade(panel):
    panel.begin(stream())
    panel.slider.press("ArrowRight")
    drawn, in_time = time.monotonic(), 0
    for shade in range(100, 130):  # each answers the value before
        panel.push(newest={**page(shade, p=0), "run": 0, "index": 0})
        wait_shade(panel, shade)
        faded, before, drawn = panel.faded, drawn, time.monotonic()
        if drawn - before < FADES_AFTER_S:  # a busy computer may draw them further apart
            in_time += 1
            assert not faded
    assert in_time > 0
    panel.wait_faded()


def test_a_kernel_that_does_not_listen_is_named_until_it_does(panel):
    panel.begin(stream(status="paused: step 100"))
    panel.page.get_by_role("button", name="Play").click()
    assert panel.told == [{"asked": 1}, {"type": "press", "name": "play"}]
    assert panel.doing == "paused: step 100"  # no word before it has had time to answer
    panel.wait("document.querySelector('.live-doing').innerText.includes('busy with a cell')")
    panel.push(heard=1, status="training: step 101")
    assert panel.doing == "training: step 101"


# --- a kernel that has stopped


@pytest.mark.parametrize(
    ("signal", "told"),
    [("statusChanged", "restarting"), ("statusChanged", "autorestarting"),
     ("statusChanged", "dead"), ("connectionStatusChanged", "disconnected"),
     ("kernelChanged", None)],
)  # fmt: skip
def test_a_stopped_kernel_is_noticed_and_pages_still_turn(panel, signal, told):
    panel.begin(sweep(status="training: epoch 0 of 80", progress=0.0))
    for fine in ("busy", "idle"):
        panel.say("statusChanged", fine)
    panel.say("connectionStatusChanged", "connected")
    assert panel.doing == "training: epoch 0 of 80"
    panel.say(signal, told)
    assert panel.doing == STOPPED
    assert not panel.page.locator("progress").is_visible()
    radios = panel.page.locator(".live-choice input")
    assert [radios.nth(i).is_disabled() for i in range(2)] == [True, True]
    panel.slider.press("End")
    assert (panel.text, panel.faded) == ("gray 120", False)
    panel.page.locator(".live-play").click()
    panel.wait("document.querySelector('.live-text p').textContent === 'gray 80'")
    assert panel.told == []  # nobody would hear it


def test_without_a_kernel_a_stream_can_do_nothing(panel):
    panel.begin(stream(status="training: step 297"))
    panel.page.evaluate("model.trigger('comm_live_update')")
    assert panel.doing == STOPPED
    assert panel.slider.is_disabled()
    for button in panel.page.locator(".live-buttons button").all():
        assert button.is_disabled()
    panel.push(buttons=[{**BUTTONS[0], "label": "Pause"}, BUTTONS[1]])
    assert panel.page.get_by_role("button", name="Pause").is_disabled()
    panel.page.evaluate("show()")  # a second view, as when the cell is scrolled back into sight
    panel.wait("document.querySelectorAll('.live-stopped').length === 2")
