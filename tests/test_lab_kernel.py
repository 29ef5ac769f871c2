"""Panels in a real JupyterLab whose kernel is busy, interrupted, begun anew or gone."""

import re

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from benchmarks import browser
from tests.lab_panels import BOARD, BUSY, SLIDER, STREAM, SWEEP, Seen
from tests.widget_page import new_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STOPPED = "^The kernel has stopped. Run this cell again.$"


def test_a_sweep_from_its_training_to_a_kernel_that_is_gone(lab, chrome):
    browser.write_notebook(lab.folder / "sweep.ipynb", [BOARD, SWEEP, BUSY])
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, "sweep.ipynb")
        panel = Seen(page, "How p changes the training")
        panel.watch()
        browser.start_all(page)
        # Curves fill in while the cell trains, and the bar with them.
        panel.wait_text(r"^training: epoch (\d|1\d) of 20")
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
        panel.wait_doing(STOPPED)
        assert panel.root.locator(SLIDER).nth(1).is_disabled()
        slider.focus()
        panel.press("Home")
        assert panel.text == "level 0.40, epoch 20"
        assert not panel.faded
        assert page.evaluate("watch.blank") == 0


def test_a_kernel_that_crashes_is_noticed(lab, chrome):
    browser.write_notebook(lab.folder / "crash.ipynb", [BOARD, STREAM])
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, "crash.ipynb")
        browser.run_all(page)
        panel = Seen(page, "Training")
        panel.wait_text("level 0.00")
        panel.root.get_by_role("button", name="Play").click()
        panel.wait_doing("training: step")
        browser.begin(page, "import os; os._exit(1)")
        panel.wait_doing(STOPPED)
        assert panel.root.get_by_role("button", name="Pause").is_disabled()
        # The cells run again make panels that live.
        browser.wait_idle(page)
        browser.dismiss(page)
        browser.run_all(page)
        panel.wait_doing("paused: step 3")
        panel.root.get_by_role("button", name="Step").click()
        panel.wait_doing("paused: step 4")


def test_a_kernel_restarted_in_the_middle_of_training_is_noticed(lab, chrome):
    browser.write_notebook(lab.folder / "restart.ipynb", [BOARD, STREAM, SWEEP])
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, "restart.ipynb")
        stream, panel = Seen(page, "Training"), Seen(page, "How p changes the training")
        browser.start_all(page)
        panel.wait_doing("training: epoch [1-9]")
        page.evaluate("() => { jupyterapp.shell.currentWidget.sessionContext.restartKernel() }")
        for one in (stream, panel):
            one.wait_doing(STOPPED)
        assert stream.root.get_by_role("button", name="Play").is_disabled()
        assert panel.text.startswith("training: epoch")  # what there was of the picture stays
        # The cells run again make panels that live.
        browser.wait_idle(page)
        browser.dismiss(page)
        browser.run_all(page)
        panel.wait_text("level 0.20, epoch 20")
        panel.wait_doing("^$")
        stream.root.get_by_role("button", name="Step").click()
        stream.wait_doing("paused: step 4")


@pytest.fixture(scope="module")
def sweeping(lab, chrome):
    """A page with a panel that trains in its cell."""
    browser.write_notebook(lab.folder / "sweeping.ipynb", [BOARD, SWEEP])
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, "sweeping.ipynb")
        yield page


def test_settings_of_before_come_back_with_all_their_pages(sweeping):
    browser.run_all(sweeping)
    panel = Seen(sweeping, "How p changes the training")
    panel.root.locator(SLIDER).nth(1).focus()
    sweeping.keyboard.press("ArrowRight")
    panel.wait_text("^training: epoch")  # pages of another run, which is not to end
    sweeping.keyboard.press("ArrowLeft")
    panel.wait_text("level 0.20, epoch 20")
    panel.root.locator(SLIDER).first.focus()
    sweeping.keyboard.press("End")
    panel.wait_text("level 0.60, epoch 20")


def test_an_interrupt_is_one_sentence_and_the_cell_runs_again_at_once(sweeping):
    panel = Seen(sweeping, "How p changes the training")
    browser.start_all(sweeping)
    panel.wait_text(r"^training: epoch [1-9] of 20")
    browser.command(sweeping, "notebook:interrupt-kernel")
    panel.wait_doing(r"^stopped at epoch \d of 20; run the cell again$")
    browser.wait_until_no_cell_runs(sweeping)
    (error,) = browser.errors(sweeping)
    assert re.search(r"stopped at epoch \d of 20; run the cell again$", error)
    assert len(error.splitlines()) == 3
    browser.start_all(sweeping)
    panel.wait_doing(r"^training: epoch \d of 20$")
    assert browser.errors(sweeping) == []
    panel.wait_text(r"epoch 20$")


def test_two_notebooks_train_at_the_same_time(lab, chrome):
    names = ("one.ipynb", "two.ipynb")
    waits = "while epoch == 3 and not Path('both').exists(): time.sleep(0.05)"
    for name in names:
        cells = [BOARD, "from pathlib import Path", SWEEP.replace("time.sleep(0.2)", waits)]
        browser.write_notebook(lab.folder / name, cells)
    with new_page(chrome) as first, new_page(chrome) as second:
        both = [Seen(page, "How p changes the training") for page in (first, second)]
        for panel, name in zip(both, names, strict=True):
            browser.open_notebook(panel.page, lab, name)
        for panel in both:
            browser.start_all(panel.page)
        for panel in both:
            panel.wait_doing("training: epoch [0-3] of 20")
        (lab.folder / "both").touch()
        for panel in both:
            panel.wait_text("level 0.20, epoch 20")
            browser.wait_until_no_cell_runs(panel.page)
            assert browser.errors(panel.page) == []
            panel.wait_doing("^$")
            panel.root.locator(SLIDER).first.focus()
            panel.watch()
            panel.press("End")
            assert panel.text == "level 0.60, epoch 20"
