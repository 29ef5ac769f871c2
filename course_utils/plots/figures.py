"""Figures without pyplot, shown as a picture with a text of the same content.

`pyplot` keeps hidden global state that is not safe when sliders draw on another thread, so the
course makes `Figure` objects itself.
"""

import base64
import io
import struct
import zlib
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from course_utils.plots.style import DPI

Bundle = tuple[dict[str, Any], dict[str, Any]]


def new_figure(
    columns: int = 1,
    rows: int = 1,
    *,
    width: float = 9.0,
    height: float = 3.2,
    widths: list[float] | None = None,
) -> tuple[Figure, list[Axes]]:
    """A figure with `rows * columns` axes, laid out so that nothing overlaps.

    `width` and `height` are in inches (100 pixels each); `widths` are the columns' relative
    widths. Returns the figure and its axes, row by row.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, width_ratios=widths)
    return figure, list(grid.flat)


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """PNG bytes of an array [height, width, 3 or more], of which the first three are the colors.

    While a slider moves, time matters more than size. Pillow tries every row filter of the format,
    which takes three times as long and makes figures larger, so the encoder is written out here.
    """
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # a row begins with its filter: 0
    rows[:, 1:].reshape(height, width, 3)[...] = pixels[..., :3]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.data, 1)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


def figure_png(figure: Figure) -> bytes:
    """The figure drawn afresh, as compact PNG bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    return compact_png(buffer.getvalue())


def compact_png(png: bytes) -> bytes:
    """Nearly the same picture in 256 colors, a third of the size: for pictures that are kept."""
    buffer = io.BytesIO()
    with_few_colors(png).save(buffer, "png", optimize=True)
    return min(buffer.getvalue(), png, key=len)


def with_few_colors(png: bytes) -> Image.Image:
    """The picture in 256 colors, which is hard to tell from all of them and compresses better."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


@dataclass(frozen=True)
class Picture:
    """A drawn figure with its text. Jupyter shows it as one output, with the text as `alt`."""

    png: bytes
    alt: str

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        """The picture for front ends that show pictures, the text for the others."""
        return picture_bundle(self.png, self.alt, self.alt)


def picture_bundle(png: bytes, alt: str, text: str) -> Bundle:
    """One output of a notebook, as data and metadata: a picture, and `text` where there is none.

    JupyterLab and nbconvert's newer pages know no alt text for a picture, but they prefer HTML to
    one, and HTML has a place for it. GitHub and nbconvert's classic pages show the picture itself.
    """
    encoded = base64.b64encode(png).decode()
    source = f'src="data:image/png;base64,{encoded}"'
    data = {
        "text/html": f'<img alt="{escape(alt)}" {source}>',
        "image/png": encoded,
        "text/plain": text,
    }
    return data, {"image/png": {"alt": alt}}


def show(figure: Figure, text: str) -> None:
    """Show `figure` in a notebook, and under it `text`, the same content in words.

    `text` is also the picture's alt text. It is printed as well, for those who see the picture may
    need its numbers too.
    """
    from IPython.display import display

    display(Picture(figure_png(figure), text))
    print(text)
