"""How fast the panels answer: `python -m benchmarks live`, in a real JupyterLab.

Every panel of the lessons is measured in the page itself, and beside it the same plot as a user
would otherwise show it, by `interact` and a new figure at each step. Latency: from the browser's
time stamp of an arrow key to the first animation frame in which the picture's pixels differ; the
first key comes a second after the control has the keyboard, as a panel may draw ahead meanwhile.
Drag: the frames a second with new pixels while the slider is dragged to and fro, beside the changes
a second that the drag asks for; along a row of buttons the arrow keys go in its place. Of a
training that is watched step by step the key presses Step, and its slider is dragged while it
plays.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import browser, live_panels
from benchmarks.frames import SETTLE_MS, WATCH, Drag, drag, steadily, step

PATIENCE_MS = 120_000  # with a busy computer
KEYS, USUAL_KEYS, DRAG_S = 20, 6, 1.5  # of `interact` fewer keys will do: all its steps are slow
READ_MS = 1000  # for which a learner looks at the panel before the first key
PRESSES_PER_S = 40  # along a row of buttons

# Where the page has a panel's control; of a row of buttons, the one that the keyboard moves from.
CONTROLS = {
    "slider": '.live-slider input[data-key="{name}"]',
    "choice": '.live-choice input[data-key^="{name}/"]:checked',
}


@dataclass(frozen=True)
class Measured:
    """One panel: latencies in ms, what a drag shows, and the latencies of `interact`."""

    name: str
    kind: str
    latencies: list[float]
    drag: Drag
    usual: list[float]

    @property
    def p95(self) -> float:
        return float(np.percentile(self.latencies, 95))

    @property
    def against_usual(self) -> float:
        return float(np.percentile(self.usual, 95)) / self.p95

    def row(self) -> str:
        """Its line of the table."""
        median, usual = np.median(self.latencies), np.percentile(self.usual, 95)
        return (
            f"{self.name:22}{self.kind:9}{median:6.0f} ms{self.p95:6.0f} ms"
            f"{self.drag.frames:10.1f}{self.drag.asked:10.1f}"
            f"{usual:9.0f} ms{self.against_usual:8.1f}x"
        )


def arrows(index: int, options: int) -> Iterator[str]:
    """The keys that take a slider from `index` to its end, back to its beginning, and so on."""
    if options < 2:
        raise ValueError(f"a slider must have at least two options to move among, got {options}")
    way = 1
    while True:
        if not 0 <= index + way < options:
            way = -way
        index += way
        yield "ArrowRight" if way > 0 else "ArrowLeft"


def run_cell(page: Any, index: int) -> dict[str, Any]:
    """Run one of the notebook's cells, and return what it prints, as JSON; {} if nothing.

    Warnings, which it prints as errors, are no part of it.
    """
    # Whoever moves a slider makes its cell the active one.
    page.evaluate("(i) => { jupyterapp.shell.currentWidget.content.activeCellIndex = i }", index)
    browser.command(page, "notebook:run-cell")
    browser.wait_until_no_cell_runs(page)
    if failed := browser.errors(page):
        raise RuntimeError(f"a cell of the benchmark failed:\n{failed[0]}")
    printed = page.evaluate(
        """(index) => {
            const { outputs } = jupyterapp.shell.currentWidget.model.sharedModel.cells[index];
            return outputs.filter((output) => output.name === "stdout")
                .flatMap((output) => output.text).join("");
        }""",
        index,
    )
    try:
        return dict(json.loads(printed or "{}"))
    except json.JSONDecodeError:
        raise RuntimeError(f"cell {index} must print one JSON object, got {printed!r}") from None


def measure(page: Any, name: str, cell: int, keys: int) -> Measured:
    """The panel of one cell, and the same by `interact` in the next."""
    said = run_cell(page, cell)
    selector = f'.live-panel[aria-label="{said["title"]}"]'
    panel = page.locator(selector)
    control = panel.locator(CONTROLS[said["control"]].format(name=said["name"]))
    page.evaluate(WATCH, f"{selector} .live-picture")
    page.wait_for_function("watch.seen")
    page.wait_for_timeout(SETTLE_MS)
    keyboard = arrows(said["index"], said["options"])
    if said["kind"] == "stream":
        panel.get_by_role("button", name="Step").focus()
        latencies = [step(page, "Enter") for _ in range(keys)]
        panel.get_by_role("button", name="Play").click()
    else:
        control.focus()
        page.wait_for_timeout(READ_MS)
        latencies = [step(page, key) for key in islice(keyboard, keys)]
    if said["control"] == "slider":
        dragged = drag(page, control, said["options"], DRAG_S)
    else:
        control.focus()
        dragged = steadily(page, DRAG_S, PRESSES_PER_S, lambda: page.keyboard.press(next(keyboard)))
    stands = run_cell(page, cell + 1)["index"]
    page.evaluate(WATCH, ".widget-interact img")
    page.wait_for_function("watch.seen")
    page.locator(".noUi-handle").last.focus()
    usual = islice(arrows(stands, said["options"]), min(keys, USUAL_KEYS))
    return Measured(name, said["kind"], latencies, dragged, [step(page, key) for key in usual])


def notebook(lab: Any, chrome: Any, wanted: list[tuple[str, str]], keys: int) -> Iterator[Measured]:
    """Some panels, by lesson and name, in one page and kernel; no output is left on the page."""
    cells = ["from benchmarks import live_panels"]
    for number, name in wanted:
        cells += [
            f"panel, control = live_panels.make({number!r}, {name!r})",
            "live_panels.interact_with(panel, control)",
        ]
    browser.write_notebook(lab.folder / "panels.ipynb", cells)
    context = chrome.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    browser.open_notebook(page, lab, "panels.ipynb")
    run_cell(page, 0)
    for place, (number, name) in enumerate(wanted):
        yield measure(page, f"{number} {name}", 1 + 2 * place, keys)
        browser.command(page, "notebook:clear-all-cell-outputs")
    context.close()
    lab.stop_kernels()


def main(argv: list[str]) -> dict[str, float | None]:
    """Measure the panels, print a table, and return the worst of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks live", description=__doc__)
    parser.add_argument("panels", nargs="*", help="e.g. 06 or 06/path (default: all of them)")
    parser.add_argument("--keys", type=int, default=KEYS, help=f"for each (default {KEYS})")
    chosen = parser.parse_args(argv)
    if chosen.keys < 1:
        parser.error(f"--keys must be at least 1, got {chosen.keys}")
    every = [(number, name) for number, names in live_panels.PANELS.items() for name in names]
    wanted = [
        (number, name)
        for number, name in every
        if not chosen.panels or {number, f"{number}/{name}"} & set(chosen.panels)
    ]
    if not wanted:
        known = ", ".join(f"{number}/{name}" for number, name in every)
        parser.error(f"there is no panel {' or '.join(chosen.panels)}; there are: {known}")
    chromium = browser.find_chromium()
    if chromium is None:
        parser.error("there is no Chromium on this computer: install it, or set COURSE_CHROMIUM")
    head = f"{'':31}{'median':>9}{'p95':>9}{'frames/s':>10}{'asked/s':>10}{'interact p95':>15}"
    print(head, flush=True)
    found: list[Measured] = []
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        browser.open_lab(Path(folder)) as lab,
        browser.open_browser(chromium) as chrome,
    ):
        for one in notebook(lab, chrome, wanted, chosen.keys):
            found.append(one)
            print(one.row(), flush=True)
    return {
        "panels": len(found),
        "worst_p95_ms": round(max(one.p95 for one in found), 1),
        "worst_fps": round(min(one.drag.frames for one in found), 1),
        "vs_interact_p95": round(min(one.against_usual for one in found), 2),
    }
