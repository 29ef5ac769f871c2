"""Lesson 01's panel of learning curves: more data against more width."""

from collections.abc import Sequence

from course_utils.data import Dataset
from course_utils.experiments.runs import adam_run, labeled
from course_utils.live import At, EpochCurves, ScoreAgainst, Sweep, choice, slider, sweep_fleet
from course_utils.panels import noise_choice
from course_utils.plots import Array, PartsBoard, accuracy_text, gain_text, number_text

SIZES = (25, 100, 200, 400, 800)
WIDTHS = (4, 16, 64)


def data_and_width(
    data: Dataset, sizes: Sequence[int] = SIZES, widths: Sequence[int] = WIDTHS, *,
    epochs: int = 40, seeds: int = 8,
) -> Sweep:  # fmt: skip
    """Learning curves: the slider is the number of training samples, the buttons are the width.

    Args:
        data: has at least as many training samples as the largest of `sizes`; each seed draws its
            own subset, and the smaller subsets lie in the larger ones.
        sizes: numbers of training samples.
        widths: units in each of the two hidden layers; the last one is shown first.

    The panel's `result` is a `Fleet` over `sizes`.
    """
    data = labeled(data)
    parts = [
        EpochCurves("accuracy", ylim=(0, 1.02)),
        ScoreAgainst("acc", ylim=(0, 1.02), say=False),
        ScoreAgainst(_gap, ylim=(-0.5, 8), ylabel="generalization gap (loss)"),
    ]
    return sweep_fleet(
        lambda size, width: adam_run(data, (width, width), lr=1e-2),
        lambda size, seed, noise: data.subset(size, seed).with_label_noise(noise, seed),
        PartsBoard(parts, height=3.1, say=_say),
        name="training samples",
        values=slider(sizes, start=sizes[len(sizes) // 2]),
        controls={"width": choice(widths, start=widths[-1]), "noise": noise_choice()},
        epochs=epochs,
        seeds=seeds,
        title="More data against more width",
    )


def _gap(at: At) -> Array:
    return at.scores("val_loss") - at.scores("train_loss")


def _say(at: At) -> str:
    train, val, gap = at.scores("train_acc"), at.scores("val_acc"), _gap(at)[at.index]
    text = (
        f"{at.value} training samples, width {at.settings['width']}, epoch {at.result.epoch}: "
        f"training accuracy {accuracy_text(train[at.index])}, validation accuracy "
        f"{accuracy_text(val[at.index])}, generalization gap {number_text(gap)}"
    )
    if at.index > 0:
        gain = gain_text(val[at.index], val[0])
        text += f"; validation accuracy {gain} over that with {at.values[0]} samples"
    return f"{text}; {len(gap)} paired seeds"
