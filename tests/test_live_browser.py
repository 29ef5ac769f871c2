"""The panels in a real JupyterLab: keys, busy and dead kernels, errors, what a notebook keeps."""

import re

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from benchmarks import browser
from benchmarks.live import WATCH
from tests.widget_page import new_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOARD = """
import time
import numpy as np
from course_utils import live, plots

class Level(plots.Board):
    def __init__(self):
        super().__init__(width=5, height=2.4)
        self.curves = self.add(plots.Curves(self.axes[0], 20, ylim=(0, 1)))

    def update(self, state):
        level, grown = self.read(state)
        curve = np.where(np.arange(21) <= grown, level, np.nan)
        self.curves.update(curve, curve / 2)

    def describe(self, state):
        return "level {:.2f}, epoch {}".format(*self.read(state))

    @staticmethod
    def read(state):
        if isinstance(state, live.At):
            return 0.2 + 0.1 * state.index + state.settings["noise"], state.result
        return state, 20
"""

SWEEP = """
def train(noise):
    for epoch in range(21):
        yield epoch
        time.sleep(0.2)

sweep = live.sweep(train, Level(), name="p", values=[0.0, 0.1, 0.2, 0.3, 0.4],
                   controls={"noise": [0.0, 0.2]}, epochs=20)
"""

EXPLORE = """
def compute(level, half):
    if level == 0.9:
        raise ArithmeticError("the level is too high")
    return level / 2 if half else level

levels = [0.3, 0.5, 0.7, 0.9]
explore = live.explore(compute, Level(), controls={"level": levels, "half": [False, True]})
"""

STREAM = """
def train(now):
    level = 0.0
    while True:
        yield level
        level = (level + now.rate) % 1

stream = live.stream(train, Level(), controls={"rate": [0.0, 0.01, 0.02]}, first=3)
"""

BUSY = """
from pathlib import Path
while not Path("go on").exists():
    time.sleep(0.05)
"""

SLIDER = ".live-slider input"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    cells = [cell.strip() for cell in (BOARD, SWEEP, EXPLORE, STREAM)]
    browser.write_notebook(folder / "sweep.ipynb", [cells[0], cells[1], BUSY.strip()])
    for name in ("others", "restart", "crash"):
        browser.write_notebook(folder / f"{name}.ipynb", [cells[0], cells[2], cells[3]])
    browser.write_notebook(folder / "interrupt.ipynb", [cells[0], cells[1]])
    with browser.open_lab(folder) as server:
        yield server


@pytest.fixture(scope="module")
def chrome(chromium):
    with browser.open_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def others(lab, chrome):
    """A page with the two panels that need no training in their cell."""
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, "others.ipynb")
        browser.run_all(page)
        page.wait_for_selector("[aria-label=Training] .live-picture")
        yield page


class Seen:
    """One panel on a page, as a user meets it."""

    def __init__(self, page, title):
        self.page = page
        self.root = page.locator(f"[aria-label='{title}']")
        self._css = f"[aria-label='{title}']"

    def watch(self):
        """Look at the picture's pixels in every frame from now on."""
        self.page.evaluate(WATCH, f"{self._css} .live-picture")

    def press(self, key):
        """Press a key and wait until the picture's pixels change."""
        self.page.evaluate("watch.changes.length = 0")
        self.page.keyboard.press(key)
        self.page.wait_for_function("watch.changes.length > 0")

    @property
    def text(self):
        return self.root.locator(".live-text p").first.inner_text()

    @property
    def doing(self):
        return self.root.locator(".live-doing").inner_text()

    @property
    def faded(self):
        return "live-old" in self.root.get_attribute("class")

    def wait_text(self, pattern):
        self._wait("live-text p", pattern)

    def wait_doing(self, pattern):
        self._wait("live-doing", pattern)

    def _wait(self, part, pattern):
        self.page.wait_for_function(
            "([css, pattern]) => RegExp(pattern).test(document.querySelector(css)?.textContent)",
            arg=[f"{self._css} .{part}", pattern],
        )


def test_a_sweep_from_its_training_to_a_kernel_that_is_gone(lab, chrome):
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, "sweep.ipynb")
        panel = Seen(page, "How p changes the training")
        panel.watch()
        browser.start_all(page)
        # Curves fill in while the cell trains, and the bar with them.
        panel.wait_text(r"epoch (\d|1\d)$")
        assert "training: epoch" in panel.doing
        assert panel.root.locator("progress").is_visible()
        panel.wait_text("level 0.20, epoch 20")
        assert page.evaluate("watch.changes.length") >= 4

        # The third cell keeps the kernel busy: the slider answers all the same.
        panel.wait_doing("^$")
        assert browser.a_cell_runs(page)
        slider = panel.root.locator(SLIDER).first
        slider.focus()
        panel.press("ArrowRight")
        assert panel.text == "level 0.30, epoch 20"
        assert slider.get_attribute("aria-valuetext") == "p = 0.1"
        assert panel.root.locator(".live-picture").get_attribute("aria-label") == panel.text
        panel.press("End")
        assert panel.text == "level 0.60, epoch 20"
        assert browser.a_cell_runs(page)
        (lab.folder / "go on").touch()
        browser.wait_until_no_cell_runs(page)

        # Another control trains in the background; the kernel stays usable meanwhile.
        panel.root.locator(SLIDER).nth(1).focus()
        page.keyboard.press("ArrowRight")
        panel.wait_doing("training")
        answer = browser.execute(page, "print(sweep.controls['noise'].value, sweep.status)")
        assert answer.startswith("0.2 training: epoch")
        panel.wait_text("level 0.80, epoch 20")

        # The play button turns the pages by itself.
        panel.root.locator(".live-play").click()
        panel.wait_text("level 0.40, epoch 20")  # from the last page on to the first
        panel.wait_text("level 0.50, epoch 20")
        panel.root.locator(".live-play").click()

        # Without a kernel the pages still turn, and the panel says what to do for the rest.
        browser.command(page, "docmanager:save")
        lab.stop_kernels()
        panel.wait_doing("^The kernel has stopped. Run this cell again.$")
        assert panel.root.locator(SLIDER).nth(1).is_disabled()
        slider.focus()
        panel.press("Home")
        assert panel.text == "level 0.40, epoch 20"
        assert not panel.faded
        assert page.evaluate("watch.blank") == 0


@pytest.mark.parametrize("how", ["restart", "crash"])
def test_a_kernel_that_begins_anew_is_noticed(lab, chrome, how):
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, f"{how}.ipynb")
        browser.run_all(page)
        panel = Seen(page, "Training")
        panel.wait_text("level 0.00")
        panel.root.get_by_role("button", name="Play").click()
        panel.wait_doing("training: step")
        if how == "restart":
            page.evaluate("() => { jupyterapp.shell.currentWidget.sessionContext.restartKernel() }")
        else:
            browser.begin(page, "import os; os._exit(1)")
        panel.wait_doing("^The kernel has stopped. Run this cell again.$")
        assert panel.root.get_by_role("button", name="Pause").is_disabled()
        # The cells run again make panels that live.
        browser.wait_idle(page)
        browser.dismiss(page)
        browser.run_all(page)
        panel.wait_doing("paused: step 3")
        panel.root.get_by_role("button", name="Step").click()
        panel.wait_doing("paused: step 4")


def test_an_interrupt_is_one_sentence_and_the_cell_runs_again_at_once(lab, chrome):
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, "interrupt.ipynb")
        panel = Seen(page, "How p changes the training")
        browser.start_all(page)
        panel.wait_text(r"epoch [1-9]$")
        browser.command(page, "notebook:interrupt-kernel")
        panel.wait_doing(r"^stopped at epoch \d of 20; run the cell again$")
        browser.wait_until_no_cell_runs(page)
        (error,) = browser.errors(page)
        assert re.search(r"stopped at epoch \d of 20; run the cell again$", error)
        assert len(error.splitlines()) == 3
        browser.start_all(page)
        panel.wait_doing(r"^training: epoch \d of 20$")
        assert browser.errors(page) == []
        panel.wait_text(r"epoch 20$")


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


def open_with_widgets(page, lab, name):
    """Open a notebook whose widgets are in its file.

    On a busy computer JupyterLab may look for the widgets in the kernel alone, and then it says
    "model not found" of any of them; opened once more, it finds them.
    """
    for _ in range(3):
        browser.open_notebook(page, lab, name)
        page.wait_for_function(
            "/Run its cell|Error displaying/.test(document.querySelector('.jp-Notebook').innerText)"
        )
        if page.get_by_text("Error displaying widget").count() == 0:
            return


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
    with new_page(chrome) as page:
        open_with_widgets(page, lab, "others.ipynb")
        for title, text in zip(("Explore", "Training"), texts, strict=True):
            panel = Seen(page, title)
            panel.wait_text(text)
            panel.watch()
            page.wait_for_function("watch.seen")
            assert "Run its cell" in panel.doing
            assert panel.root.locator(SLIDER).first.is_disabled()
        assert "Error displaying widget" not in page.inner_text(".jp-Notebook")
