"""Panels in a real JupyterLab: keys, errors, play and pause, and what a notebook keeps."""

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from benchmarks import browser
from tests.lab_lesson import unexported
from tests.lab_panels import BOARD, EXPLORE, SLIDER, STREAM, Seen, open_with_widgets
from tests.widget_page import new_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def others(lab, chrome):
    """A page with the two panels that need no training in their cell."""
    browser.write_notebook(lab.folder / "others.ipynb", [BOARD, EXPLORE, STREAM])
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, "others.ipynb")
        browser.run_all(page)
        page.wait_for_selector("[aria-label=Training] .live-picture")
        yield page


def test_explore_answers_keys_and_shows_the_error_of_a_callback(others):
    panel = Seen(others, "Explore")
    panel.watch()
    panel.root.locator(SLIDER).focus()
    panel.press("ArrowRight")
    panel.wait_text("level 0.50")
    panel.root.get_by_role("radio", name="on").check()
    panel.wait_text("level 0.25")
    panel.press("ArrowLeft")  # the choice has the keyboard now
    panel.wait_text("level 0.50")

    error = panel.root.locator(".live-error")
    assert not error.is_visible()
    panel.root.locator(SLIDER).focus()
    others.keyboard.press("End")
    error.wait_for(state="visible")
    assert "ArithmeticError: the level is too high" in error.inner_text()
    others.keyboard.press("Home")
    error.wait_for(state="hidden")
    panel.wait_text("level 0.30")
    assert others.evaluate("watch.blank") == 0


def test_a_stream_plays_pauses_steps_and_begins_anew(others):
    panel = Seen(others, "Training")
    panel.watch()
    panel.wait_text("level 0.00")
    panel.root.locator(SLIDER).focus()
    others.keyboard.press("End")
    play, step, reset = panel.root.locator(".live-buttons button").all()
    step.click()
    panel.wait_text("level 0.02")
    play.click()
    others.wait_for_function("watch.changes.length > 20")
    assert play.inner_text() == "Pause"
    play.click()
    panel.wait_doing("paused")
    reset.click()
    panel.wait_text("level 0.00")
    assert others.evaluate("watch.blank") == 0


def test_keys_on_a_slider_are_not_commands_of_the_notebook(others):
    cells = others.locator(".jp-Cell").count()
    others.locator(SLIDER).first.focus()
    for key in ("b", "a", "d", "d", "x"):  # insert below, insert above, delete, cut
        others.keyboard.press(key)
    assert others.locator(".jp-Cell").count() == cells


def test_a_notebook_opened_again_shows_pictures_and_no_error(lab, chrome, others):
    texts = [Seen(others, title).text for title in ("Explore", "Training")]
    others.wait_for_function(
        """() => {
            const kept = jupyterapp.shell.currentWidget.model.getMetadata('widgets');
            const states = kept ? Object.values(Object.values(kept)[0].state) : [];
            return states.filter((one) => one.state.frozen).length === 2;
        }"""
    )
    browser.command(others, "docmanager:save")
    lab.stop_kernels()
    assert list(unexported(lab, chrome, "others.ipynb", 2, cells=".jp-CodeCell")) == []
    with new_page(chrome) as page:
        open_with_widgets(page, lab, "others.ipynb", 2)
        for title, text in zip(("Explore", "Training"), texts, strict=True):
            panel = Seen(page, title)
            panel.wait_text(text)
            panel.watch()
            page.wait_for_function("watch.seen")
            assert "Run its cell" in panel.doing
            assert panel.root.locator(SLIDER).first.is_disabled()
        assert "Error displaying widget" not in page.inner_text(".jp-Notebook")
