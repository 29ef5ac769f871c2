"""The place of a panel on its page, and what stays there: errors, the notebook's copy."""

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.panel_page import CONTROLS, Panel, page, stream, sweep
from tests.widget_page import new_page, picture

pytestmark = pytest.mark.browser


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


NO_OVERLAP = """() => {
  const parts = [...document.querySelectorAll(
    ".live-controls > * > *, .live-controls input[type=range]")].filter((e) => e.offsetWidth);
  const boxes = parts.map((e) => e.getBoundingClientRect());
  return boxes.every((a, i) => boxes.every((b, j) => j <= i || parts[i].contains(parts[j]) ||
    a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top || b.bottom <= a.top));
}"""


@pytest.mark.parametrize("width", [390, 560, 640, 720, 800, 960])
def test_controls_that_do_not_fit_go_on_another_line(chrome, width):
    with new_page(chrome, width=width) as opened:
        panel = Panel(opened)
        controls = [
            {**CONTROLS[0], "label": "averaged over (steps)"},
            {**CONTROLS[1], "label": "learning rate", "labels": ["0.01", "0.02", "0.04"]},
            {**CONTROLS[1], "name": "schedule", "label": "schedule", "labels": ["one", "another"]},
        ]
        panel.begin(sweep(controls=controls, indices={"p": 0, "noise": 0, "schedule": 0}))
        assert opened.evaluate(NO_OVERLAP)
        assert panel.slider.bounding_box()["width"] >= 100


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


@pytest.mark.parametrize(("wish", "moves"), [("no-preference", True), ("reduce", False)])
def test_a_picture_fades_at_once_for_those_who_want_no_motion(panel, wish, moves):
    panel.page.emulate_media(reduced_motion=wish)
    panel.begin(sweep())
    canvas = panel.page.locator("canvas")
    seconds = canvas.evaluate("(canvas) => parseFloat(getComputedStyle(canvas).transitionDuration)")
    assert (seconds > 0) == moves


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
    panel.wait("model.notebook.widgets")
    panel.slider.press("ArrowRight")  # after it was kept with the first page
    panel.wait("Object.values(model.notebook.widgets)[0].state.one.state.indices.p === 1")
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
