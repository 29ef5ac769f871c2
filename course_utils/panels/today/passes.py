"""Lesson 08's panel for dropout today: one pass over much text, or many over little."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from torch import nn

from course_utils.budget import training_share
from course_utils.experiments.next_words import BATCH, first, lowest_loss, text, transformer_run
from course_utils.fleet import Fleet, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.panels import AgainstValues, OverTraining, require_first
from course_utils.plots import Array, PartsBoard, change_text, number_text

PS = (0, 0.1, 0.2, 0.4)
PASSES = (1, 4, 16)
SEEN = 3_200  # samples that a network meets in all, however many of them are new


def passes(
    layer: Callable[[float], nn.Module] = nn.Dropout, ps: Sequence[float] = PS,
    counts: Sequence[int] = PASSES, *, seen: int = SEEN, seeds: int = 8,
) -> Sweep:  # fmt: skip
    """The slider is p, the buttons say how often the same text is read: the steps stay as many.

    Args:
        layer: ``layer(p)`` is the dropout layer that trains: the learner's own, or PyTorch's.
        ps: the slider's values, the first of them 0.
        counts: passes over the text; with k of them there are `seen` / k different samples.

    The panel's `result` is a `Fleet` over `ps`.
    """
    require_first("ps", ps)
    most = max(BATCH * max(counts), int(seen * training_share()))

    def train(passes: int) -> Iterator[Fleet]:
        return iter_fleet(
            lambda p: transformer_run(dropout=p, dropout_layer=layer),
            lambda p, seed: first(text(most, seed), most // passes),
            values=ps,
            seeds=seeds,
            epochs=passes,
            batch_size=BATCH,
        )

    def seen_after(at: At) -> Array:
        count = at.settings["passes"]
        return np.arange(count + 1) * (most // count)

    floor = (lowest_loss(), "truth")
    styles = {"training": (0, "-"), "validation": (0, "--")}
    parts = [
        OverTraining(
            _curves, styles, (0.5, 4), "cross-entropy", floor, 2,
            places=seen_after, xlabel=lambda at: "samples seen (scored after each pass)",
        ),
        AgainstValues(_ends, styles, (0.5, 2.5), "cross-entropy at the end", floor, 2),
        AgainstValues(
            _changes, {"minus that at p = 0": (1, "--")}, (-0.3, 0.15),
            "change of the validation loss", (0.0, "no change"), 1,
        ),
    ]  # fmt: skip
    return sweep(
        train,
        PartsBoard(parts, width=9.6, height=3.2, say=lambda at: _say(at, most)),
        name="p",
        values=slider(ps, start=ps[-1]),
        controls={"passes": choice(counts, label="passes over the text")},
        epochs=max(counts),
        title="Dropout in one pass over the text, and in many",
    )


def _curves(at: At) -> dict[str, Array]:
    return {"training": at.curves("train_loss").T, "validation": at.curves("val_loss").T}


def _ends(at: At) -> dict[str, Array]:
    return {"training": at.scores("train_loss"), "validation": at.scores("val_loss")}


def _changes(at: At) -> dict[str, Array]:
    val = at.scores("val_loss")
    return {"minus that at p = 0": val - val[0]}


def _say(at: At, most: int) -> str:
    count, val, train = at.settings["passes"], at.scores("val_loss"), at.scores("train_loss")
    times = f"{count} pass{'es' if count > 1 else ''} over {most // count:,} samples"
    said = (
        f"p = {at.value:g}, {times}: training loss {number_text(train[at.index])}, validation loss "
        f"{number_text(val[at.index])} (the true probabilities have {lowest_loss():.2f})"
    )
    if at.index:
        said += f", {change_text(val[at.index], val[0], 3)} against p = 0"
    return f"{said}; {val.shape[1]} paired seeds"
