"""How fast a slider answers: `python -m benchmarks live`, in a real JupyterLab.

Measured in the page itself. Latency: from the browser's time stamp of an arrow key to the first
animation frame in which the picture's pixels differ. Drag: four seconds of steady dragging at sixty
moves a second, in which the animation frames with new pixels are counted. "Pixels differ" means
that the picture, drawn small into a hidden canvas in every animation frame, has another checksum:
the same for all ways of drawing.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.frames import WAIT_FOR_CHANGE, WATCH
from course_utils import live, plots

VALUES = [round(0.03 * i, 2) for i in range(30)]  # thirty steps, so that a drag has many
SEEDS, EPOCHS = 8, 40
KEYS, DRAG_S, MOVES_PER_S = 30, 4.0, 60
LONGEST_MS = 5000  # what a key is waited for


class Demo(plots.Board):
    """Curves with bands, a score against the value, a histogram and a mosaic: a usual panel."""

    def __init__(self) -> None:
        super().__init__(columns=4, width=11, height=3.0)
        self.loss = self.add(plots.Curves(self.axes[0], EPOCHS, ylim=(0, 2.5)))
        self.metric = self.add(plots.Metric(self.axes[1], "p", VALUES, ylim=(0, 1)))
        self.weights = self.add(plots.WeightHistogram(self.axes[2]))
        self.images = self.add(plots.Mosaic(self.axes[3], 5, 5, limits=(-3, 3), cmap="RdBu_r"))

    def update(self, index: int) -> None:
        runs = recorded(index)
        self.loss.update(runs["train"], runs["val"], plots.best_epoch(runs["val"]))
        self.metric.update(index, val=[recorded(i)["acc"] for i in range(len(VALUES))])
        self.weights.update(runs["weights"])
        self.images.update(runs["images"])

    def describe(self, index: int) -> str:
        return plots.sweep_text(
            "p", VALUES, index, [recorded(i)["acc"] for i in range(len(VALUES))]
        )


_recorded: dict[int, dict[str, Any]] = {}


def recorded(index: int) -> dict[str, Any]:
    """What runs with value number `index` recorded: made up, since only drawing is measured."""
    if index not in _recorded:
        rng = np.random.default_rng(index)
        x, p = np.arange(EPOCHS + 1), VALUES[index]
        train = 2.3 * np.exp(-x / (6 + 20 * p)) + rng.normal(0, 0.02, (SEEDS, 1))
        val = train + 0.4 * (1 - p) * x / EPOCHS + rng.normal(0, 0.02, (SEEDS, len(x)))
        _recorded[index] = {
            "train": train,
            "val": val,
            "acc": 0.9 - (p - 0.4) ** 2 + rng.normal(0, 0.01, SEEDS),
            "weights": rng.normal(0, 0.05 + 0.3 * (1 - p), 5000),
            "images": rng.normal(0, 1, (25, 28, 28)),
        }
    return _recorded[index]


class _SweepDemo(Demo):
    def update(self, at: Any) -> None:
        super().update(at.index)

    def describe(self, at: Any) -> str:
        return super().describe(at.index)


def sweep_panel() -> live.Sweep:
    """The flip-book, trained (so to speak) for all values."""

    def train() -> Iterator[None]:
        yield None

    return live.sweep(train, _SweepDemo(), name="p", values=VALUES)


def explore_panel() -> live.Explore:
    """The same picture asked from the kernel at each step."""
    return live.explore(lambda value: VALUES.index(value), Demo(), controls={"value": VALUES})


def interact_panel() -> None:
    """What a user would otherwise do: `interact`, pyplot, a new figure at each step."""
    import ipywidgets
    import matplotlib.pyplot as plt

    def draw(p: float) -> None:
        index, runs = VALUES.index(p), recorded(VALUES.index(p))
        figure, axes = plt.subplots(1, 4, figsize=(11, 3.0), dpi=100)
        x = np.arange(EPOCHS + 1)
        for name, style in (("train", "-"), ("val", "--")):
            mean, spread = runs[name].mean(0), runs[name].std(0)
            axes[0].fill_between(x, mean - spread, mean + spread, alpha=0.25)
            axes[0].plot(x, mean, style, label=name)
        axes[0].set(xlabel="epoch", ylabel="loss", ylim=(0, 2.5))
        axes[0].legend()
        scores = np.array([recorded(i)["acc"] for i in range(len(VALUES))])
        axes[1].fill_between(
            VALUES, scores.mean(1) - scores.std(1), scores.mean(1) + scores.std(1), alpha=0.25
        )
        axes[1].plot(VALUES, scores.mean(1), "o-")
        axes[1].plot(p, scores[index].mean(), "o", markersize=9)
        axes[1].set(xlabel="p", ylabel="validation accuracy", ylim=(0, 1))
        axes[2].hist(runs["weights"], bins=61, range=(-1, 1), log=True)
        axes[3].imshow(plots.tile(runs["images"], 5, 5), cmap="RdBu_r")
        axes[3].axis("off")
        figure.tight_layout()
        plt.show()

    ipywidgets.interact(draw, p=ipywidgets.SelectionSlider(options=VALUES, continuous_update=True))


WAYS = {
    "flipbook": ("sweep_panel", ".live-picture", ".live-slider input"),
    "explore": ("explore_panel", ".live-picture", ".live-slider input"),
    "interact": ("interact_panel", ".jp-OutputArea-output img", ".noUi-handle"),
}
SAID = {
    "flipbook": "sweep: flip-book in the browser",
    "explore": "explore: kept figure in the kernel",
    "interact": "interact + pyplot inline",
}


def measure(lab: Any, chrome: Any, way: str) -> dict[str, Any]:
    """Latencies in ms, frames a second and blank frames of one way, in a fresh kernel and page."""
    from benchmarks import browser

    make, picture, handle = WAYS[way]
    cell = f"from benchmarks import live\npanel = live.{make}()"
    browser.write_notebook(lab.folder / f"{way}.ipynb", [cell])
    context = chrome.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    browser.open_notebook(page, lab, f"{way}.ipynb")
    browser.run_all(page)
    page.wait_for_selector(picture)
    page.wait_for_timeout(1500)
    page.evaluate(WATCH, picture)
    slider = page.locator(handle).first
    slider.focus()
    latencies = []
    for press in range(KEYS):
        page.evaluate("watch.changes.length = 0; watch.keys.length = 0")
        page.keyboard.press("ArrowRight" if press < KEYS - 1 else "ArrowLeft")
        page.wait_for_timeout(120)  # let whatever still moves settle
        latencies.append(page.evaluate(WAIT_FOR_CHANGE, LONGEST_MS))
    fps, moves = drag(page, slider)
    blank = page.evaluate("watch.blank")
    context.close()
    lab.stop_kernels()
    return {"latencies": latencies, "fps": fps, "moves": moves, "blank": blank}


def drag(page: Any, slider: Any) -> tuple[float, float]:
    """Frames a second with new pixels while the slider goes to and fro, and its moves a second."""
    box = slider.bounding_box()
    thumb = box["width"] < 60  # a handle alone, or a whole slider
    track = page.locator(".noUi-target").first.bounding_box() if thumb else box
    left, right = track["x"] + 12, track["x"] + track["width"] - 12
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2 if thumb else right, y)
    page.mouse.down()
    page.evaluate("watch.changes.length = 0; watch.began = performance.now()")
    began, moves = time.perf_counter(), 0
    while time.perf_counter() - began < DRAG_S:
        moves += 1
        place = abs((moves * 0.037) % 2 - 1)  # a little more than one value at each move
        page.mouse.move(left + place * (right - left), y)
        time.sleep(max(0.0, began + moves / MOVES_PER_S - time.perf_counter()))
    seconds, count = page.evaluate(
        "[(performance.now() - watch.began) / 1000, watch.changes.length]"
    )
    page.mouse.up()
    return float(count / seconds), moves / seconds


def summary(passes: list[dict[str, Any]]) -> dict[str, float]:
    """Medians over passes of p50, p95 and frames a second; the most blank frames seen."""
    return {
        "p50": statistics.median(float(np.percentile(p["latencies"], 50)) for p in passes),
        "p95": statistics.median(float(np.percentile(p["latencies"], 95)) for p in passes),
        "fps": statistics.median(p["fps"] for p in passes),
        "moves": statistics.median(p["moves"] for p in passes),
        "blank": max(p["blank"] for p in passes),
    }


def main(argv: list[str]) -> dict[str, float | None]:
    """Measure each way, print a table, and return the numbers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks live", description=__doc__)
    parser.add_argument("--passes", type=int, default=3, help="medians over so many (default 3)")
    passes = parser.parse_args(argv).passes
    from benchmarks import browser

    chromium = browser.find_chromium()
    if chromium is None:
        raise SystemExit(
            "There is no Chromium on this computer: install it, or set COURSE_CHROMIUM."
        )
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        browser.open_lab(Path(folder)) as lab,
        browser.open_browser(chromium) as chrome,
    ):
        for number in range(passes):
            for way in WAYS:
                found[way].append(measure(lab, chrome, way))
                print(f"pass {number + 1} of {passes}: {SAID[way]}", flush=True)
    results = {way: summary(runs) for way, runs in found.items()}
    usual = results["interact"]
    print(
        f"\nmedians of {passes} passes; arrow key to changed pixels, and {DRAG_S:g} s of dragging"
    )
    print(
        f"{'':36}{'p50':>8}{'p95':>8}{'frames/s':>10}{'moves/s':>9}{'blank':>7}   against interact"
    )
    for way, r in results.items():
        sooner, more = usual["p95"] / r["p95"], r["fps"] / usual["fps"]
        against = "" if way == "interact" else f"{sooner:.1f}x sooner, {more:.1f}x the frames"
        print(
            f"{SAID[way]:36}{r['p50']:5.0f} ms{r['p95']:5.0f} ms"
            f"{r['fps']:10.1f}{r['moves']:9.0f}{r['blank']:7.0f}   {against}"
        )
    numbers: dict[str, float | None] = {}
    for way, r in results.items():
        numbers[f"{way}_p95_ms"] = round(r["p95"], 1)
        numbers[f"{way}_fps"] = round(r["fps"], 1)
    return numbers
