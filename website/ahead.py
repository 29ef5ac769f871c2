"""Draws ahead what a panel shows at each of its settings. Runs in a lesson's kernel."""

import base64
import io
import json
import math
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from course_utils.live import Panel, Stream, open_panels
from course_utils.plots.figures import with_few_colors

#: States of one panel, so that a page stays light: about 20 kB each.
MOST = 80
FRAMES = 30  # of a training that is shown while it goes on
TIMEOUT_S = 600.0  # for one setting, which may train


def write_panels(folder: Path) -> None:
    """Write one JSON file for each open panel, named by the id that the notebook knows it by."""
    for panel in open_panels():
        path = folder / f"{panel.view.model_id}.json"
        path.write_text(json.dumps(drawn(panel)), encoding="utf-8")


def drawn(panel: Panel) -> dict[str, Any]:
    """What a page needs to show `panel`: its controls, and a picture for each state.

    Each state is {"indices": where the controls stand, "png": base64, "text": what it says}.
    """
    view = panel.view
    start = dict(view.indices)
    states = list(_frames(panel) if isinstance(panel, Stream) else _settings(panel))
    return {
        "title": view.title,
        "controls": view.controls,
        "buttons": view.buttons,
        "indices": start,
        "plays": isinstance(panel, Stream),
        "states": states,
    }


def places(counts: dict[str, int], start: dict[str, int], most: int) -> list[dict[str, int]]:
    """Where controls with so many options each are sent: everywhere, if `most` allows it.

    Otherwise each control goes through its options while the others stand at their start.
    """
    if math.prod(counts.values()) <= most:
        return [dict(zip(counts, at, strict=True)) for at in product(*map(range, counts.values()))]
    found = [dict(start)]
    for name, count in counts.items():
        found += [{**start, name: i} for i in range(count) if i != start[name]]
    return found


def _settings(panel: Panel) -> Iterator[dict[str, Any]]:
    """The states of a panel that follows its controls."""
    turner = next((spec["name"] for spec in panel.view.controls if spec["pages"]), None)
    moved = [name for name in panel.controls if name != turner]
    counts = {name: len(panel.controls[name].options) for name in moved}
    start = {name: panel.controls[name].index for name in moved}
    pages = len(panel.controls[turner].options) if turner else 1
    for at in places(counts, start, MOST // pages):
        _go(panel, at)
        if turner is None:
            yield _state(at, panel.image, panel.text)
            continue
        for index, page in enumerate(panel.view.pages):
            yield _state({**at, turner: index}, page["png"], page["text"])
    _go(panel, start)


def _frames(panel: Stream) -> Iterator[dict[str, Any]]:
    """The states of a training, from its first step to where the lesson's own cell ended."""
    last = max(panel.steps, 1)
    at = {name: control.index for name, control in panel.controls.items()}
    panel.reset()
    panel.wait(TIMEOUT_S)
    while True:
        yield _state(at, panel.image, panel.text)
        if (left := last - panel.steps) <= 0:
            return
        before = panel.steps
        panel.step(min(left, max(1, round(last / FRAMES))))
        panel.wait(TIMEOUT_S)
        if panel.steps == before:
            return  # the training has come to its end


def _go(panel: Panel, at: dict[str, int]) -> None:
    for name, index in at.items():
        panel.controls[name].index = index
    panel.wait(TIMEOUT_S)


def _state(indices: dict[str, int], png: bytes, text: str) -> dict[str, Any]:
    """One state; its picture in 256 colors and as WebP without loss: half the size."""
    buffer = io.BytesIO()
    with_few_colors(png).convert("RGB").save(buffer, "WEBP", lossless=True, method=2)
    return {"indices": indices, "png": base64.b64encode(buffer.getvalue()).decode(), "text": text}
