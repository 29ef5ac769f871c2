"""The static site in a browser: from a folder, with the network off."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from benchmarks import browser
from tests.site_example import example_pages
from website.building import Address, build

pytestmark = pytest.mark.browser

THEMES, WIDTHS = ("light", "dark"), (1366, 1024, 390)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a site")  # with a space in its path
    pages, paths = example_pages(folder)
    build(pages, paths, folder / "site", Address())
    return folder / "site"


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Any]:
    with browser.open_browser(chromium) as opened:
        yield opened


@pytest.fixture
def page(chrome: Any, site: Path) -> Iterator[Any]:
    yield from opened(chrome, site)


def opened(chrome: Any, site: Path, *, width: int = 1366, theme: str = "light") -> Iterator[Any]:
    """The lesson's page, with the network off, all panels begun; no script may fail."""
    errors: list[str] = []
    context = chrome.new_context(
        offline=True, color_scheme=theme, viewport={"width": width, "height": 768}
    )
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto((site / "one.html").as_uri())
    for place in page.locator("[data-panel]").all():
        place.scroll_into_view_if_needed()
        place.locator("canvas").wait_for()
    yield page
    context.close()
    assert errors == []


def panel(page: Any, title: str) -> Any:
    return page.get_by_role("group", name=title)


def said(page: Any, title: str) -> str:
    """What a panel says, once it has said anything."""
    words = panel(page, title).locator(".live-text p").first
    page.wait_for_function("(p) => p.textContent", arg=words.element_handle())
    return str(words.inner_text())


def doing(page: Any, title: str) -> str:
    return str(panel(page, title).locator(".live-doing").inner_text())


def waits(page: Any, title: str, words: str) -> None:
    panel(page, title).locator(".live-text p", has_text=words).first.wait_for()


def test_a_slider_answers_from_the_pages_drawn_ahead(page: Any) -> None:
    assert said(page, "A sweep") == "shows 10"
    before = panel(page, "A sweep").locator("canvas").screenshot()
    panel(page, "A sweep").locator("input").first.focus()
    page.keyboard.press("ArrowRight")
    waits(page, "A sweep", "shows 20")
    assert panel(page, "A sweep").locator("canvas").screenshot() != before
    assert doing(page, "A sweep") == ""


def test_another_control_shows_what_was_drawn_and_says_what_was_not(page: Any) -> None:
    factor, other = (panel(page, "A sweep").locator("input").nth(i) for i in (1, 2))
    factor.focus()
    page.keyboard.press("ArrowRight")
    waits(page, "A sweep", "shows 11")
    assert doing(page, "A sweep") == ""
    other.focus()
    page.keyboard.press("End")  # both away from their start: too many states to draw
    assert doing(page, "A sweep").startswith("Not drawn on this page")
    page.locator(".live-old").wait_for()  # the picture is that of before, and faded
    page.keyboard.press("Home")
    assert doing(page, "A sweep") == ""
    assert said(page, "A sweep") == "shows 11"


def test_what_a_notebook_computes_anew_answers_too(page: Any) -> None:
    panel(page, "Computed anew").locator("input").first.focus()
    page.keyboard.press("End")
    waits(page, "Computed anew", "shows 3")


def test_a_training_plays_its_frames_and_stops_at_the_last(page: Any) -> None:
    play = panel(page, "A training").get_by_role("button", name="Play")
    assert said(page, "A training") == "shows 5"
    panel(page, "A training").evaluate(
        """(panel) => {
            window.seen = [];
            const words = panel.querySelector(".live-text p");
            new MutationObserver(() => seen.push(words.textContent))
                .observe(words, { childList: true });
        }"""
    )
    play.click()
    page.wait_for_function("seen.includes('shows 5')")
    assert page.evaluate("seen") == [f"shows {n}" for n in range(6)]
    play.wait_for()  # it says Play again
    panel(page, "A training").get_by_role("button", name="Reset").click()
    waits(page, "A training", "shows 0")
    panel(page, "A training").get_by_role("button", name="Step").click()
    waits(page, "A training", "shows 1")
    panel(page, "A training").locator("input").first.focus()
    page.keyboard.press("End")
    assert doing(page, "A training").startswith("Not drawn on this page")


def test_a_guess_is_kept_in_the_page_and_stands_at_the_answer(page: Any) -> None:
    answer = page.locator("details.answer")
    assert not answer.locator("pre").is_visible()
    page.get_by_role("radio", name="a fall").check()
    summary = answer.locator("summary")
    assert summary.inner_text() == "Your guess: a fall. Show what was measured"
    summary.click()
    assert answer.locator("pre").inner_text().strip() == "Measured: a rise"


def test_the_search_finds_a_section(page: Any) -> None:
    page.get_by_label("Search").fill("stripe zebr")
    link = page.locator("#found a")
    assert link.inner_text() == "One: A zebra"
    link.click()
    assert page.url.endswith("one.html#A-zebra")
    page.get_by_label("Search").fill("giraffe")
    assert page.locator("#found a").count() == 0


def test_without_scripts_the_pictures_are_there(chrome: Any, site: Path) -> None:
    context = chrome.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "one.html").as_uri())
    assert page.locator("h1").inner_text() == "One"
    context.close()


@pytest.mark.parametrize(("theme", "white"), [("light", True), ("dark", False)])
def test_pictures_are_as_light_or_dark_as_the_page(
    chrome: Any, site: Path, theme: str, white: bool
) -> None:
    for page in opened(chrome, site, theme=theme):
        figure = page.get_by_alt_text("a white figure")
        figure.scroll_into_view_if_needed()
        for shown in (figure, panel(page, "A sweep").locator("canvas")):
            pixels = Image.open(io.BytesIO(shown.screenshot())).convert("L")
            assert (pixels.getpixel((20, pixels.height // 2)) > 200) is white


def test_on_a_phone_a_wide_figure_can_be_read(chrome: Any, site: Path) -> None:
    for page in opened(chrome, site, width=390):
        figure = page.get_by_alt_text("a white figure")
        assert figure.bounding_box()["width"] >= 0.6 * 900
        around = figure.locator("..")
        around.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("(one) => one.scrollLeft > 0", arg=around.element_handle())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
def test_nothing_stands_in_the_way_of_a_reader(
    chrome: Any, site: Path, theme: str, width: int
) -> None:
    for page in opened(chrome, site, width=width, theme=theme):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page, options={"preload": False}).response["violations"]
        grave = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["html"]) for one in grave] == []
