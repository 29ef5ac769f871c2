"""Lesson 03's sweep over the share that is dropped."""

from collections.abc import Callable, Sequence

from torch import nn

from course_utils.data import Dataset
from course_utils.experiments.runs import adam_run, classes_of, labeled
from course_utils.live import At, EpochCurves, ScoreAgainst, Sweep, choice, slider, sweep_fleet
from course_utils.panels import noise_choice, require_first
from course_utils.plots import Array, PartsBoard, accuracy_text, sweep_text

PS = (0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
WIDTHS = (8, 64)
NOISES = (0.0, 0.2, 0.4)


def p_sweep(
    data: Dataset, layer: Callable[[float], nn.Module] = nn.Dropout, ps: Sequence[float] = PS,
    widths: Sequence[int] = WIDTHS, noises: Sequence[float] = NOISES, *, epochs: int = 40,
    seeds: int = 8,
) -> Sweep:  # fmt: skip
    """The share p that is dropped, from nothing to nearly all, for wide and narrow networks.

    Args:
        data: each seed redraws the labels of its training set. Of a large validation set the first
            1,000 samples are scored.
        layer: ``layer(p)`` is the dropout layer that trains: the learner's own, or PyTorch's.
        ps: the slider's values, the first of them 0.
        widths: units in each of the two hidden layers; the last one is shown first.
        noises: shares of the training labels that are redrawn; that nearest to 0.2 is shown first.

    The panel's `result` is a `Fleet` over `ps`.
    """
    require_first("ps", ps)
    data = labeled(data)
    parts = [
        EpochCurves("loss", ylim=(0, 2.5)),
        ScoreAgainst("acc", ylim=(1 / classes_of(data), 1.02), say=False),
        ScoreAgainst(_gain, ylim=(-20, 20), ylabel="gain over p = 0, in points", zero=True),
    ]
    return sweep_fleet(
        lambda p, width: adam_run(data, (width, width), lr=8e-3, dropout=p, dropout_layer=layer),
        lambda p, seed, noise: data.with_label_noise(noise, seed),
        PartsBoard(parts, height=3.1, say=_say),
        name="p",
        values=slider(ps, near=0.5),
        controls={
            "width": choice(widths, label="units per layer", start=widths[-1]),
            "noise": noise_choice(noises),
        },
        epochs=epochs,
        seeds=seeds,
        batch_size=100,
        score_at=range(0, epochs, 4),
        title="How much to drop",
    )


def _gain(at: At) -> Array:
    val = at.scores("val_acc")
    return 100 * (val - val[0])


def _say(at: At) -> str:
    text = sweep_text("p", at.values, at.index, at.scores("val_acc"))
    return f"{text}; training accuracy {accuracy_text(at.scores('train_acc')[at.index])}"
