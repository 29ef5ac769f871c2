"""A task of an exercise in a real JupyterLab, from its stub by a mistake to what is right."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from benchmarks import browser
from tests.widget_page import new_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXERCISE = (
    Path(__file__).resolve().parents[1] / "exercises/06_early_stopping/06_early_stopping.ipynb"
)
TASK, CHECK = "stopping-epoch", "stopping-epoch-visible"

WRITTEN = """\
def stopping_epoch(val_losses, patience, min_delta=0.0):
    best, waited = math.inf, 0
    for epoch, loss in enumerate(val_losses):
        better = loss < best - min_delta
        best, waited = (loss, 0) if better else (best, waited + 1)
        if waited >= patience:
            return epoch
    return None
"""


class Notebook:
    """An opened notebook, of which a student writes and runs one cell after the other."""

    def __init__(self, page):
        self.page = page
        self.ids = page.evaluate(
            "jupyterapp.shell.currentWidget.model.sharedModel.cells.map((cell) => cell.id)"
        )

    def cell(self, name):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(self.ids.index(name))

    def write(self, name, source):
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def run(self, name):
        """Run a cell with Shift+Enter; what it shows then."""
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        self.page.wait_for_timeout(200)  # until JupyterLab marks it as running
        browser.wait_until_no_cell_runs(self.page)
        return self.cell(name).locator(".jp-OutputArea").inner_text()


def test_a_task_is_solved_from_its_stub_to_what_is_right(lab, chrome):
    shutil.copy(EXERCISE, lab.folder)
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, EXERCISE.name)
        notebook = Notebook(page)
        for name in ("imports", TASK):
            assert notebook.run(name).strip() == ""
        assert "not attempted yet" in notebook.run(CHECK)

        notebook.write(TASK, WRITTEN.replace("waited >= patience", "waited > patience"))
        assert notebook.run(TASK).strip() == ""
        said = notebook.run(CHECK)
        assert "✗" in said
        assert "got" in said

        notebook.write(TASK, WRITTEN)
        assert notebook.run(TASK).strip() == ""
        said = notebook.run(CHECK)
        assert "✓" in said
        assert "✗" not in said
        browser.command(page, "docmanager:save")
    assert "waited >= patience" in (lab.folder / EXERCISE.name).read_text(encoding="utf-8")
    lab.stop_kernels()
