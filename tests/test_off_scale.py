"""A fixed axis cuts curves off: where it does, a mark says so."""

import io

import numpy as np
import pytest
from PIL import Image

from course_utils import plots
from course_utils.live import Painter
from course_utils.plots.off_scale import beyond

EPOCHS = 20


class Board(plots.Board):
    """One curve for training, and none for validation."""

    def __init__(self):
        super().__init__(width=3, height=2)
        self.curves = self.add(plots.Curves(self.axes[0], EPOCHS, ylim=(0, 1)))

    def update(self, samples):
        self.curves.update(samples, np.full(EPOCHS + 1, np.nan))

    def describe(self, samples):
        return "a curve"


def edges(board, samples):
    """Blue pixels just within the upper edge of the axes, and the lower one."""
    picture = Painter(board).paint(samples)
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)
    blue = (pixels[..., 2] > 140) & (pixels[..., 0] < 60)
    height = pixels.shape[0]
    box = board.axes[0].get_window_extent()
    top, bottom = round(height - box.y1), round(height - box.y0)
    columns = slice(round(box.x0), round(box.x1) + 1)
    return blue[top : top + 9, columns].sum(), blue[bottom - 9 : bottom, columns].sum()


@pytest.mark.parametrize(
    ("level", "above", "below"), [(0.5, False, False), (1.5, True, False), (-0.5, False, True)]
)
def test_a_curve_beyond_the_axis_has_a_mark_at_the_edge(level, above, below):
    curve = np.where(np.arange(EPOCHS + 1) < 8, 0.5, level)
    curve[8] = np.nan  # no line leads up to the edge
    found = edges(Board(), curve)
    assert (found[0] > 15, found[1] > 15) == (above, below)


def test_a_mark_stands_in_the_middle_of_each_stretch():
    board = Board()
    x = np.arange(EPOCHS + 1)
    y = np.full(len(x), 0.5)
    assert beyond(board.axes[0], x, y) == {}
    y[[4, 5, 6, 14, 15, 16]] = 2
    y[0] = -1
    y[10] = np.nan
    found = beyond(board.axes[0], x, y)
    assert {where: list(places) for where, places in found.items()} == {
        "above": [5, 15], "below": [0],
    }  # fmt: skip


def test_a_restless_curve_shares_marks_and_what_is_beside_the_axis_has_none():
    ax = Board().axes[0]
    x = np.arange(-2, EPOCHS + 1)
    y = np.where(x % 2 == 0, 2.0, 0.5)  # above at every other epoch
    assert list(beyond(ax, x, y)["above"]) == [10]
    assert beyond(ax, [-2, -1], [2, 2]) == {}


def test_marks_follow_an_axis_that_is_upside_down():
    ax = Board().axes[0]
    ax.set_ylim(1, 0)
    assert list(beyond(ax, [5], [2])["below"]) == [5]


def test_a_band_around_what_is_off_the_scale_does_not_fill_the_axes():
    board = Board()
    samples = np.full((8, EPOCHS + 1), 0.5) + np.linspace(-0.01, 0.01, 8)[:, None]
    samples[:, 10:] = 3.0 + np.linspace(-9, 9, 8)[:, None]
    painter = Painter(board)
    picture = painter.paint(samples)
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)
    box = board.axes[0].get_window_extent()
    row = pixels[round(pixels.shape[0] - (box.y0 + 0.3 * (box.y1 - box.y0)))]
    tinted = (row[:, 2] - row[:, 0] > 20).sum()
    assert tinted < 0.1 * (box.x1 - box.x0)


def test_a_perfect_accuracy_keeps_its_whole_marker():
    board = plots.Board()
    plots.Metric(board.axes[0], "p", [0, 0.5], ylim=(0.5, 1.0))
    assert board.axes[0].get_ylim()[1] > 1.01


@pytest.mark.parametrize("epochs", [15, 20, 40, 80, 100])
def test_the_last_epoch_has_a_tick(epochs):
    board = plots.Board()
    plots.Curves(board.axes[0], epochs, ylim=(0, 1))
    ticks = board.axes[0].get_xticks()
    assert ticks[-1] == epochs
    assert len(ticks) <= 6
