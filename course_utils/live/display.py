"""Display of a panel in a notebook: the live view, and a picture for where no widget can run."""

import io
import textwrap
import weakref
from collections.abc import Callable
from typing import Any

import anywidget
import numpy as np
from IPython import get_ipython
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from course_utils.live.view import View
from course_utils.plots.figures import Bundle, Picture, compact_png, encode_png, picture_bundle
from course_utils.plots.style import DPI, NEUTRAL

Snapshot = Callable[[], tuple[Picture, str]]

_outputs: "weakref.WeakSet[Output]" = weakref.WeakSet()  # all that have been shown in a cell


class Output:
    """An output of a cell that holds both the live view and a picture of it.

    A front end without widgets (GitHub, nbconvert, an untrusted notebook) shows the picture. In a
    running notebook the view appears at once, and the picture is renewed when the training in the
    cell has ended.
    """

    def __init__(self, view: View, snapshot: Snapshot, discard: Callable[[], None]) -> None:
        self._view = view
        self._snapshot = snapshot
        self._discard = discard
        self._cells: dict[str, int] = {}  # execution count by the id of each cell that shows it
        self._handle: Any = None
        self._shown_in: int | None = None

    def show(self) -> None:
        """Show the panel in the running cell, or renew the picture if the cell shows it already.

        Nothing happens outside a notebook.
        """
        shell = get_ipython()
        if shell is None or not hasattr(shell, "kernel"):
            return
        _outputs.add(self)
        self._cells[running_cell()] = shell.execution_count
        data, metadata = self._bundle()
        if self._handle is not None and self._shown_in == shell.execution_count:
            self._handle.update(data, metadata=metadata, raw=True)
        else:
            self._handle = display(data, metadata=metadata, raw=True, display_id=True)
            self._shown_in = shell.execution_count

    def show_once(self) -> None:
        """Show the panel unless it has been shown."""
        if self._handle is None:
            self.show()

    def show_as_value(self) -> None:
        """Show the panel as a cell's last value, unless the running cell already shows it."""
        shell = get_ipython()
        if shell is None or self._shown_in != shell.execution_count:
            self.show()

    def replace(self) -> None:
        """Discard the panels left behind by an earlier run of this cell.

        They are no longer on the page, but each still holds its pages and its trained networks. A
        panel that another cell shows as well is kept.
        """
        shell = get_ipython()
        cell = running_cell()
        if shell is None or not cell:
            return
        for output in list(_outputs):
            if output._cells.get(cell, shell.execution_count) != shell.execution_count:
                del output._cells[cell]
                if not output._cells:
                    output._discard()

    def _bundle(self) -> Bundle:
        picture, settings = self._snapshot()
        png = compact_png(with_caption(picture, settings))
        alt = f"{picture.alt} ({settings})" if settings else picture.alt
        text = f"{settings}\n{picture.alt}" if settings else picture.alt
        return with_widget(self._view, picture_bundle(png, alt, text))


def with_widget(widget: anywidget.AnyWidget, still: Bundle) -> Bundle:
    """The widget, and in the same output what is shown where no widget can run.

    The widget's metadata count as well: Google Colab finds in them the manager that draws it.
    """
    shown = widget._repr_mimebundle_()
    if shown is None:
        return still
    return {**shown[0], **still[0]}, {**shown[1], **still[1]}


def running_cell() -> str:
    """The front end's id of the running cell; empty if the front end sends none."""
    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent() if kernel is not None else {}
    return str(parent.get("metadata", {}).get("cellId", ""))


def with_caption(picture: Picture, settings: str) -> bytes:
    """The picture with its controls' settings and its text printed under it, as PNG bytes."""
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))
    width = pixels.shape[1] / DPI
    lines = [(line, NEUTRAL) for line in textwrap.wrap(settings, int(15 * width))]
    lines += [(line, "black") for line in textwrap.wrap(picture.alt, int(15 * width))]
    strip = Figure(figsize=(width, 0.19 * len(lines) + 0.12), dpi=DPI, facecolor="white")
    canvas = FigureCanvasAgg(strip)
    for number, (line, color) in enumerate(lines):
        strip.text(
            0.12 / width, 1 - (0.06 + 0.19 * number) / strip.get_figheight(), line,
            va="top", fontsize=9, color=color, parse_math=False,
        )  # fmt: skip
    canvas.draw()
    below = np.asarray(canvas.buffer_rgba())[..., :3]
    return encode_png(np.vstack([pixels, below[:, : pixels.shape[1]]]))
