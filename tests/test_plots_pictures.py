"""Pictures and boards: what is kept is small, exact, and one output with its text."""

import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.artist import Artist
from PIL import Image

from course_utils import plots
from course_utils.plots.figures import compact_png, encode_png

RNG = np.random.default_rng(0)


@pytest.fixture
def ax():
    _, axes = plots.new_figure()
    return axes[0]


@pytest.mark.parametrize("channels", [3, 4])
def test_our_png_is_read_back_exactly(channels):
    pixels = RNG.integers(0, 256, (7, 11, channels), dtype=np.uint8)
    back = np.asarray(Image.open(io.BytesIO(encode_png(pixels))))
    assert np.array_equal(back, pixels[..., :3])


def test_a_kept_picture_is_smaller_and_looks_the_same():
    figure, (ax,) = plots.new_figure()
    plots.plot_metric(ax, "p", [0, 0.1], RNG.random((2, 3)))
    png = plots.figure_png(figure)
    figure.canvas.draw()
    full = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    assert len(png) < len(encode_png(full)) / 2
    kept = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    assert np.abs(kept.astype(int) - full).mean() < 1
    assert compact_png(png) in (png, compact_png(png))


def test_a_picture_is_one_output_with_its_text_as_alt():
    data, metadata = plots.Picture(b"png", "p < 1")._repr_mimebundle_()
    assert set(data) == {"text/html", "image/png", "text/plain"}
    assert data["text/plain"] == "p < 1"
    assert data["text/html"] == '<img alt="p &lt; 1" src="data:image/png;base64,cG5n">'
    assert metadata == {"image/png": {"alt": "p < 1"}}


def test_a_board_draws_its_parts_and_says_what_is_missing():
    class Bare(plots.Board):
        pass

    board = Bare(columns=2)
    part = board.add(plots.WeightHistogram(board.axes[0]))
    assert all(isinstance(artist, Artist) for artist in board.artists)
    assert board.artists[: len(part.artists)] == list(part.artists)
    with pytest.raises(NotImplementedError, match=r"Bare must define update"):
        board.update(None)
    with pytest.raises(NotImplementedError, match=r"Bare must define describe"):
        board.describe(None)


def test_neither_plots_nor_live_use_pyplot():
    code = (
        "import sys, course_utils.live, course_utils.plots; "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
