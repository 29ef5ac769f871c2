"""The plots: one grammar, in-place updates, fixed limits, and words made from the numbers."""

import numpy as np
import pytest

from course_utils import plots
from course_utils.evidence import estimate
from course_utils.history import History
from course_utils.plots.style import LABELS

RNG = np.random.default_rng(0)


@pytest.fixture
def ax():
    _, axes = plots.new_figure()
    return axes[0]


def test_training_is_solid_validation_dashed_and_the_band_is_the_interval(ax):
    curves = plots.Curves(ax, 4, ylim=(0, 2))
    train, val = RNG.random((5, 5)), RNG.random((5, 5))
    curves.update(train, val, best_epoch=3)
    solid, dashed = curves.train._line, curves.val._line
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert solid.get_color() == dashed.get_color()
    expected = estimate(val[:, 2])
    corners = curves.val._band.get_paths()[0].vertices
    ends = corners[corners[:, 0] == 2][:, 1]
    assert (ends.min(), ends.max()) == pytest.approx((expected.low, expected.high))
    assert dashed.get_ydata()[2] == pytest.approx(expected.mean)
    assert list(curves._best.get_xdata()) == [3, 3]
    assert curves._best.get_linestyle() == ":"
    assert ax.get_ylabel() == LABELS["loss"] == "cross-entropy"


def test_an_update_moves_the_same_artists_and_leaves_the_limits_alone(ax):
    curves = plots.Curves(ax, 4, ylim=(0, 2))
    before = [id(a) for a in curves.artists]
    children = len(ax.get_children())
    for size in (1.0, 100.0):
        curves.update(size * RNG.random((3, 5)), RNG.random((3, 5)))
    assert [id(a) for a in curves.artists] == before
    assert len(ax.get_children()) == children
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 4), (0, 2))


def test_epochs_not_trained_yet_are_not_drawn(ax):
    curves = plots.Curves(ax, 4, ylim=(0, 2))
    losses = np.array([[1.0, 0.5, np.nan, np.nan, np.nan]] * 2)
    curves.update(losses, losses)
    assert curves.train._line.get_xydata().tolist() == [[0, 1.0], [1, 0.5]]
    ax.figure.canvas.draw()


def test_a_line_goes_on_over_epochs_that_were_not_scored(ax):
    curves = plots.Curves(ax, 4, ylim=(0, 2))
    losses = np.array([[1.0, np.nan, 0.5, np.nan, 0.25]] * 2)
    curves.update(losses, losses)
    assert curves.val._line.get_xydata().tolist() == [[0, 1.0], [2, 0.5], [4, 0.25]]
    ax.figure.canvas.draw()


def test_curves_of_another_length_are_refused_in_words(ax):
    curves = plots.Curves(ax, 4, ylim=(0, 2))
    with pytest.raises(ValueError, match=r"5 places.*got 7.*same number of epochs"):
        curves.update(np.ones((2, 7)), np.ones((2, 7)))


@pytest.mark.parametrize(
    ("val_loss", "best"),
    [
        ([[3, 1, 2]], 1),
        ([[3, 1, 1]], 1),
        ([[3, np.nan, 2]], 2),
        ([[3, 1, 9], [3, 9, 2]], 0),
        ([[np.nan, np.nan]], None),
    ],
)
def test_best_epoch_is_that_of_the_mean_curve(val_loss, best):
    assert plots.best_epoch(val_loss) == best


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"), (0.0, "0"), (0.3, "0.3"), (0.001, "0.001"), (0.00003, "3e-5"),
        (1.5e-6, "1.5e-6"), (50, "50"), (True, "on"), (False, "off"), ("L1", "L1"),
        (np.float32(0.1), "0.1"), (200000, "2e5"), (-0.5, "-0.5"), (None, "None"),
    ],
)  # fmt: skip
def test_values_are_written_as_a_reader_writes_them(value, said):
    assert plots.format_value(value) == said


def test_a_log_scale_has_a_true_zero_left_of_the_smallest_value(ax):
    axis = plots.ValueAxis([0, 1e-4, 1e-3, 1e-2, 1e-1])
    axis.apply(ax, "λ")
    assert axis.logarithmic
    assert axis.has_zero
    steps = np.diff(axis.positions)
    assert steps == pytest.approx([1, 1, 1, 1])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1e-4", "0.001", "0.01", "0.1"]
    assert "//" in [t.get_text() for t in ax.texts]
    assert "log scale" in ax.get_xlabel()


def test_other_values_stand_evenly_or_in_their_order():
    assert plots.ValueAxis([0, 0.1, 0.5]).positions.tolist() == [0, 0.1, 0.5]
    assert not plots.ValueAxis([0, 0.1, 0.5]).logarithmic
    assert plots.ValueAxis(["L1", "L2"]).positions.tolist() == [0, 1]
    assert plots.ValueAxis([False, True]).positions.tolist() == [0, 1]
    assert not plots.ValueAxis([-100, 1, 100]).logarithmic
    with pytest.raises(ValueError, match="at least one value"):
        plots.ValueAxis([])


def test_a_metric_marks_the_current_value_whatever_the_order_of_the_values(ax):
    metric = plots.Metric(ax, "p", [0.5, 0.0, 0.2], ylim=(0, 1), splits=("train", "val"))
    val = np.array([[0.5, 0.6], [0.1, 0.2], [0.3, 0.4]])
    metric.update(0, val=val, train=val + 0.1)
    assert metric._lines["val"].get_xdata().tolist() == [0.0, 0.2, 0.5]
    assert metric._lines["val"].get_ydata() == pytest.approx([0.15, 0.35, 0.55])
    assert metric._marks["val"].get_xdata() == [0.5]
    assert metric._marks["train"].get_ydata() == pytest.approx([0.65])
    metric.update(None, val=val)
    assert len(metric._marks["val"].get_xdata()) == 0
    with pytest.raises(ValueError, match="train= and val=, got test="):
        metric.update(0, test=val)


def test_a_weight_histogram_counts_every_weight_once(ax):
    histogram = plots.WeightHistogram(ax, limit=1.0, bins=4)
    histogram.update([0.0, 0.0, 0.1, 5.0])
    assert histogram._steps.get_data().values.tolist() == [1e-4, 1e-4, 0.75, 0.25]
    text = plots.weight_text([0.0, 0.0, 0.0005, -1.0])
    assert text == "mean |w| 0.250, near zero 75%, exactly zero 50%"


def test_a_mosaic_is_one_image_in_rows():
    images = np.arange(5)[:, None, None] * np.ones((5, 2, 3))
    tiled = plots.tile(images, 2, 3)
    assert tiled.shape == (2 * 2 + 1, 3 * 3 + 2)
    assert tiled[0, 0] == 0
    assert tiled[0, 4] == 1
    assert tiled[3, 0] == 3
    assert np.isnan(tiled[2]).all()
    assert np.isnan(tiled[3:, 8:]).all()  # the place of a sixth image
    assert np.array_equal(plots.tile(images[:, None], 2, 3), tiled, equal_nan=True)
    colors = np.stack([images - 1, images, images + 1], axis=1)  # averaged
    assert np.array_equal(plots.tile(colors, 2, 3), tiled, equal_nan=True)
    with pytest.raises(ValueError, match=r"\[n, height, width\].*got \[5\]"):
        plots.tile(np.ones(5), 1, 5)


def test_what_is_written_below_images_stands_in_the_middle_of_its_column(ax):
    plots.plot_images(ax, RNG.random((4, 3, 5)), columns=2, below=["a", "b"])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b"]
    # Five pixels, a gap, five pixels; the middle of pixel 0 is at 0.
    assert ax.get_xticks().tolist() == [2, 8]
    with pytest.raises(ValueError, match="each of the 2 columns, got 1"):
        plots.plot_images(ax, RNG.random((2, 3, 5)), columns=2, below=["a"])


def test_a_boundary_lies_where_the_probability_is_one_half(ax):
    x = np.array([[-1.0, 0.0], [1.0, 0.2], [-0.8, 1.0], [0.9, -1.0]])
    boundary = plots.Boundary(ax, x, [0, 1, 0, 1], wrong=[False, True, False, False])
    slope = 1 / (1 + np.exp(-3 * boundary.points[:, 0]))
    boundary.update(np.stack([slope, slope]))
    segments = boundary._lines.get_segments()
    assert len(segments) == 2  # one for each seed
    assert np.abs(np.concatenate(segments)[:, 0]).max() < 1e-6
    first, second, rings = boundary._dots
    assert not np.array_equal(first.get_facecolor(), second.get_facecolor())
    shapes = [dots.get_paths()[0].vertices.shape for dots in (first, second)]
    assert shapes[0] != shapes[1]  # the class is told by the marker as well
    assert len(rings.get_offsets()) == 1


def test_a_path_ends_at_its_mark_and_the_region_comes_and_goes(ax):
    plane = plots.ContourPath(ax, lambda w: (w**2).sum(1), (-1, 1, -1, 1))
    plane.update([[0, 0], [0.5, 0.2]], region=[[0, 1], [1, 0], [-1, 0]])
    assert plane._end.get_data()[0] == [0.5]
    assert plane._region.get_visible()
    plane.update([[0, 0]])
    assert not plane._region.get_visible()


def test_the_plain_functions_take_an_axes_and_return_it():
    history = History([2.0, 1.0], [2.1, 1.2], [0.2, 0.6], [0.1, 0.5])
    points = RNG.normal(size=(20, 2))
    calls = [
        lambda ax: plots.plot_curves(ax, history),
        lambda ax: plots.plot_curves(ax, [history, history], quantity="accuracy", label="run"),
        lambda ax: plots.plot_metric(ax, "p", [0, 0.1], RNG.random((2, 3))),
        lambda ax: plots.plot_weights(ax, RNG.normal(size=50)),
        lambda ax: plots.plot_images(ax, RNG.random((10, 4, 4)), columns=4),
        lambda ax: plots.plot_boundary(ax, points, points[:, 0] > 0, lambda p: p[:, 0] > 0),
    ]
    for call in calls:
        figure, (ax,) = plots.new_figure()
        assert call(ax) is ax
        assert plots.figure_png(figure).startswith(b"\x89PNG")


def test_the_line_under_a_sweep_says_what_the_picture_shows():
    scores = np.array([[0.88, 0.89, 0.90], [0.91, 0.92, 0.93]])
    assert plots.sweep_text("p", [0, 0.3], 1, scores) == (
        "p = 0.3: validation accuracy 92.0% ± 2.5, +3.0 ± 0.0 points over p = 0, 3 paired seeds"
    )
    assert plots.sweep_text("p", [0, 0.3], 0, scores) == (
        "p = 0: validation accuracy 89.0% ± 2.5, 3 seeds"
    )
    assert plots.sweep_text("p", [0, 0.3], 1, scores[:, :1]) == (
        "p = 0.3: validation accuracy 91.0% (one seed), 1 seed"
    )


def test_diverged_runs_are_named():
    scores = np.array([[0.5, 0.6, 0.7], [0.5, np.nan, 0.7], [np.nan] * 3])
    assert "1 of 3 runs diverged" in plots.sweep_text("lr", [1, 2, 3], 1, scores)
    assert "every run diverged" in plots.sweep_text("lr", [1, 2, 3], 2, scores)
