"""Lesson 01's panel about label noise, which a network memorizes."""

from collections.abc import Sequence

from course_utils.data import Dataset
from course_utils.experiments.runs import adam_run, labeled
from course_utils.live import At, EpochCurves, ScoreAgainst, Sweep, slider, sweep_fleet
from course_utils.plots import PartsBoard, accuracy_text, best_epoch, gain_text

NOISES = (0.0, 0.2, 0.4, 0.6, 1.0)


def memorize(
    data: Dataset, noises: Sequence[float] = NOISES, *, epochs: int = 80, seeds: int = 8
) -> Sweep:
    """Label noise, from none to labels that are all chance: what training and validation do.

    Args:
        data: training labels are redrawn from its true ones, each seed its own draw.
        noises: the slider's values, each the share of labels redrawn uniformly from all classes.

    The panel's `result` is a `Fleet` over `noises`.
    """
    data = labeled(data)
    parts = [
        EpochCurves("accuracy", ylim=(0, 1.02)),
        EpochCurves("loss", ylim=(0, 4)),
        ScoreAgainst("acc", ylim=(0, 1.02), say=False),
    ]
    return sweep_fleet(
        lambda noise: adam_run(data, (64, 64), lr=8e-3),
        data.with_label_noise,
        PartsBoard(parts, height=3.1, say=_say),
        name="label noise",
        values=slider(noises, near=0.2),
        epochs=epochs,
        seeds=seeds,
        title="How a network memorizes label noise",
    )


def _say(at: At) -> str:
    train, val = at.curves("train_acc"), at.curves("val_acc")
    now, best = at.result.epoch, best_epoch(at.curves("val_loss")) or 0
    return (
        f"label noise {at.value:g}, epoch {now}: training accuracy {accuracy_text(train[:, now])}, "
        f"validation accuracy {accuracy_text(val[:, now])}, {gain_text(val[:, now], val[:, best])} "
        f"since epoch {best}, where the validation loss is lowest; {len(val)} paired seeds"
    )
