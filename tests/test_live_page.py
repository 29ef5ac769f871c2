"""The browser's half of the panels and of the question, in a plain page with a made-up model."""

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from benchmarks import browser
from benchmarks.live import WATCH
from course_utils.live.predict import Question
from course_utils.live.view import View
from tests.widget_page import WidgetPage, new_page, picture

pytestmark = pytest.mark.browser

CONTROLS = [
    {"name": "p", "label": "p", "kind": "slider", "labels": ["0", "0.5", "1"], "pages": True},
    {"name": "noise", "label": "label noise", "kind": "choice", "labels": ["0 %", "20 %"],
     "pages": False},
]  # fmt: skip
BUTTONS = [{"name": name, "label": name.title(), "pressed": False} for name in ("play", "reset")]
STOPPED = "The kernel has stopped. Run this cell again."


def page(shade, text="", **indices):
    return {"png": picture(shade), "text": text or f"gray {shade}", "indices": indices}


def sweep(**more):
    """The traits of a panel whose slider turns three pages."""
    return {
        "title": "A sweep", "controls": CONTROLS, "indices": {"p": 0, "noise": 0},
        "pages": [page(40 * (1 + i), p=0, noise=0) for i in range(3)], "newest": {},
        "buttons": [], "status": "", "progress": -1, "asked": 0, "heard": 0, "error": "",
        "trace": "", "frozen": False, "uid": "one", **more,
    }  # fmt: skip


def stream(**more):
    """The traits of a panel that asks the kernel for each picture."""
    controls = [{**CONTROLS[0], "pages": False}]
    pages = [page(40, p=0)]
    return sweep(controls=controls, indices={"p": 0}, pages=pages, buttons=BUTTONS, **more)


@pytest.fixture(scope="module")
def chrome(chromium):
    with browser.open_browser(chromium) as opened:
        yield opened


class Panel(WidgetPage):
    """A panel on a plain page, as a user meets it."""

    def __init__(self, page):
        super().__init__(page, View._esm, View._css)

    def begin(self, state):
        super().begin(state)
        self.page.wait_for_function("document.querySelector('.live-text p')?.textContent")

    @property
    def text(self):
        return self.page.locator(".live-text p").first.inner_text()

    @property
    def doing(self):
        return self.page.locator(".live-doing").inner_text()

    @property
    def faded(self):
        return bool(self.page.locator(".live-old").count())

    @property
    def height(self):
        return self.page.locator(".live-panel").bounding_box()["height"]

    @property
    def slider(self):
        return self.page.locator(".live-slider input").first

    @property
    def shade(self):
        return self.page.evaluate(
            "document.querySelector('canvas').getContext('2d').getImageData(5, 5, 1, 1).data[0]"
        )

    def wait_faded(self):
        self.wait("document.querySelector('.live-old')")

    def wait(self, condition):
        self.page.wait_for_function(condition)


@pytest.fixture
def panel(chrome):
    with new_page(chrome) as page:
        yield Panel(page)


def wait_shade(panel, shade):
    panel.wait(
        "document.querySelector('canvas').getContext('2d').getImageData(5, 5, 1, 1).data[0] "
        f"=== {shade}"
    )


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
    panel.page.get_by_role("radio", name="20 %").check()
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
    for shade in range(100, 112):  # each answers the value before
        panel.push(newest={**page(shade, p=0), "run": 0, "index": 0})
        wait_shade(panel, shade)
        panel.page.wait_for_timeout(50)
        assert not panel.faded
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


# --- place


@pytest.mark.parametrize(("width", "height", "most"), [(1366, 768, 600), (1024, 600, 600)])
def test_a_panel_is_seen_as_a_whole(chrome, width, height, most):
    with new_page(chrome, width=width, height=height) as opened:
        panel = Panel(opened)
        tall = {"png": picture(40, 900, 560), "text": "words " * 30, "indices": {}}
        panel.begin(sweep(pages=[tall] * 3, indices={"p": 0}, controls=CONTROLS[:1]))
        panel.wait(
            "document.querySelector('canvas').style.maxWidth "
            f"&& document.querySelector('.live-panel').offsetHeight <= {most}"
        )
        assert 400 < panel.height <= most
        box = panel.page.locator("canvas").bounding_box()
        assert box["width"] / box["height"] == pytest.approx(900 / 560, rel=0.01)
        assert box["width"] >= 0.7 * 900 - 1  # smaller words could not be read
        if height == 768:
            assert panel.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_small_picture_keeps_its_size(panel):
    panel.begin(sweep())
    assert panel.page.locator("canvas").bounding_box()["width"] == 300


def test_nothing_jumps_when_texts_and_states_change(panel):
    texts = ["short", "a sentence that goes on " * 5, "many words and still more of them " * 14]
    pages = [page(40 + i, text, p=0, noise=0) for i, text in enumerate(texts)]
    panel.begin(sweep(pages=pages))
    before = panel.height
    for key in ("ArrowRight", "ArrowRight", "Home"):
        panel.slider.press(key)
        assert panel.height == before
    for status, progress in (("computing", -1), ("training: epoch 12 of 80", 0.2), ("", -1)):
        panel.push(status=status, progress=progress)
        assert panel.height == before
    panel.push(status="waiting for another panel's training and much more than fits there " * 3)
    assert panel.height == before
    panel.say("statusChanged", "dead")
    assert panel.height == before
    fits = "e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth"
    assert panel.page.locator(".live-doing").evaluate(fits)


def test_the_status_stands_above_the_picture(panel):
    panel.begin(sweep(status="training: epoch 12 of 80", progress=0.15))
    doing, canvas = (panel.page.locator(one).bounding_box() for one in (".live-doing", "canvas"))
    controls = panel.page.locator(".live-controls").bounding_box()
    assert doing["y"] + doing["height"] <= canvas["y"]
    assert doing["y"] + doing["height"] <= controls["y"] + controls["height"]


def test_in_a_dark_theme_the_picture_is_dark(panel):
    panel.begin(sweep(pages=[page(255, p=0, noise=0)] * 3))
    shades = []
    for light in ("true", "false"):
        panel.page.evaluate("(light) => { document.body.dataset.jpThemeLight = light }", light)
        shot = panel.page.locator("canvas").screenshot()
        shades.append(middle(shot))
    assert shades[0] == 255
    assert shades[1] < 40


def middle(png):
    """How light the middle of a picture is, 0 to 255."""
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("L")
    return image.getpixel((image.width // 2, image.height // 2))


# --- what stays


def test_errors_show_and_go(panel):
    panel.begin(stream())
    error = panel.page.locator(".live-error")
    assert not error.is_visible()
    panel.push(trace="Traceback\nline 1", error="ValueError: too high")
    assert "too high" in error.inner_text()
    error.locator("summary").click()
    assert "line 1" in error.inner_text()
    panel.push(error="")
    assert not error.is_visible()


def test_the_last_view_to_go_says_that_nobody_watches(panel):
    panel.begin(stream())
    panel.page.evaluate("show()")
    panel.wait("views.length === 2")
    for number in range(2):
        panel.page.evaluate("(i) => { views[i].remove(); views[i].el.remove(); }", number)
        panel.page.wait_for_timeout(1200)
        assert panel.told == [{"type": "press", "name": "hidden"}] * number


def test_a_notebook_keeps_the_page_on_show_and_shows_it_again(panel, chrome):
    panel.begin(sweep())
    panel.slider.press("ArrowRight")
    panel.wait("model.notebook.widgets")
    kept = panel.page.evaluate("model.notebook.widgets")
    states = kept["application/vnd.jupyter.widget-state+json"]["state"]
    assert set(states) == {"one", "layout"}
    copy = states["one"]
    (buffer,) = copy["buffers"]
    assert buffer["path"] == ["pages", 1, "png"]
    again = copy["state"]
    again["pages"][1]["png"] = buffer["data"]
    with new_page(chrome) as opened:
        second = Panel(opened)
        second.begin(again)
        second.wait("document.querySelector('canvas').width === 300")
        assert second.text == "gray 80"
        assert abs(second.shade - 80) < 3  # WebP
        assert "Run its cell" in second.doing
        assert second.slider.is_disabled()
        assert not second.faded


def test_keys_do_not_reach_the_page_around(panel):
    panel.begin(sweep())
    panel.page.evaluate("window.keys = 0; addEventListener('keydown', () => { keys += 1 })")
    panel.slider.press("a")
    assert panel.page.evaluate("keys") == 0


# --- the question

ASKED = {"question": "The loss ...", "options": ["rises", "falls"], "chosen": -1,
         "drawn": False, "frozen": False, "uid": "q"}  # fmt: skip


@pytest.fixture
def question(chrome):
    with new_page(chrome) as page:
        yield WidgetPage(page, Question._esm, Question._css)


def test_a_guess_is_sent_and_kept(question):
    question.begin(ASKED)
    note = question.page.locator(".predict p")
    assert note.inner_text() == "Choose before you read on."
    question.page.get_by_role("radio", name="falls").check()
    assert note.inner_text() == "Kept. Now run on."
    assert question.told == [{"drawn": True}, {"chosen": 1}]
    question.page.wait_for_function(
        "Object.values(Object.values(model.notebook.widgets ?? {})[0]?.state ?? {})"
        ".some((one) => one.state.chosen === 1 && one.state.frozen)"
    )


def test_a_question_that_was_kept_waits_for_its_cell(question):
    question.begin({**ASKED, "chosen": 0, "frozen": True})
    assert question.page.get_by_role("radio", name="rises").is_checked()
    assert question.page.get_by_role("radio", name="falls").is_disabled()
    assert question.page.locator(".predict p").inner_text() == "Run this cell to choose again."


def test_a_question_notices_that_its_kernel_has_stopped(question):
    question.begin(ASKED)
    question.say("statusChanged", "restarting")
    assert question.page.locator(".predict p").inner_text() == STOPPED
    assert question.page.get_by_role("radio", name="falls").is_disabled()
