"""Lesson 08's panel for pretraining: what much other text is worth, where there is little."""

from collections.abc import Iterator, Sequence

import numpy as np

from course_utils.budget import budgeted
from course_utils.experiments.next_words import lowest_loss
from course_utils.experiments.pretraining import TUNED, fine_tune
from course_utils.fleet import Fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.panels import AgainstValues, OverTraining, require_first
from course_utils.plots import Array, PartsBoard, change_text, number_text

AMOUNTS = (0, 500, 1500, 4000)
OWN = (20, 100, 400)  # samples of the author who matters


def pretraining(amounts: Sequence[int] = AMOUNTS) -> Sweep:
    """The slider is how much text by another author the network has read before.

    Args:
        amounts: the slider's values, samples read once by an author with other tastes; the first
            of them 0: random first weights.

    The panel's `result` is a `Fleet` over `amounts`.
    """
    require_first("amounts", amounts)
    epochs = budgeted(12)

    def train(own: int, tuned: str) -> Iterator[Fleet]:
        return fine_tune(amounts, own, tuned, epochs=epochs)

    floor = (lowest_loss(1), "true probabilities")
    both = {"pretrained": (0, "--"), "from scratch": (1, "--")}
    parts = [
        OverTraining(
            _curves, both, (0.9, 4.0), "validation loss", floor, 3,
            xlabel=lambda at: "epoch of fine-tuning",
        ),
        AgainstValues(
            _ends, {"before": (2, ":"), "best epoch": (0, "-"), "last epoch": (3, "--")},
            (0.9, 4.0), "validation loss", floor, 4,
        ),
    ]  # fmt: skip
    return sweep(
        train,
        PartsBoard(parts, width=9.4, height=3.2, say=_say),
        name="read",
        values=slider(
            amounts, label="samples read before", start=amounts[-1], say=lambda n: f"{n:,}"
        ),
        controls={
            "own": choice(OWN, label="own samples", start=100),
            "tuned": choice(TUNED, label="trained on them"),
        },
        epochs=epochs,
        title="Much text by another author, and a little of one's own",
    )


def _curves(at: At) -> dict[str, Array]:
    return {"pretrained": at.curves("val_loss").T, "from scratch": at.result.val_loss[0].T}


def _best(losses: Array) -> Array:
    """The lowest loss of each seed so far, [..., epochs] -> [...]."""
    return np.asarray(np.nanmin(losses, axis=-1))


def _ends(at: At) -> dict[str, Array]:
    losses = at.result.val_loss
    ends = {
        "before": losses[..., 0],
        "best epoch": _best(losses),
        "last epoch": losses[..., at.result.epoch],
    }
    if at.settings["tuned"] == TUNED[1]:
        # From scratch all weights are trained, which is no point on the curve of the head.
        for name in ("best epoch", "last epoch"):
            ends[name] = np.where(np.arange(len(losses))[:, None] > 0, ends[name], np.nan)
    return ends


def _say(at: At) -> str:
    found, scratch = (_best(at.result.val_loss[i]) for i in (at.index, 0))
    said = (
        f"{at.settings['own']} own samples, {at.value:,} read before: validation loss "
        f"{number_text(at.curves('val_loss')[:, 0])} before fine-tuning, at its best epoch "
        f"{number_text(found)} (the true probabilities have {lowest_loss(1):.2f})"
    )
    if at.index:
        said += (
            f", {change_text(found, scratch, 3)} against training from scratch at its best epoch"
        )
    elif at.settings["tuned"] == TUNED[1]:
        said += " (from scratch all weights are trained)"
    return f"{said}; {len(found)} paired seeds"
