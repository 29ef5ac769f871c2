"""What a lesson claims, as something that can be measured on any data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Run, train_fleet

#: "higher" and "lower": the whole interval is on that side of 0. "not higher" and "not lower": it
#: is not, which is what a lesson may say of a technique that shows no help, or no harm.
Expectation = Literal["higher", "lower", "not higher", "not lower"]
Score = Literal["val_acc", "val_loss", "train_acc", "train_loss"]


@dataclass(frozen=True)
class Claim:
    """One sentence of a lesson with the measurement that carries it."""

    lesson: int
    technique: str
    #: The sentence as the lesson says it.
    sentence: str
    #: Measures the paired difference on images like those of the lesson: ``compare(clean data)``.
    compare: Callable[[Dataset], Difference]
    expect: Expectation

    def holds(self, difference: Difference) -> bool:
        """Whether the measured interval says what the sentence says."""
        return {
            "higher": difference.low > 0,
            "lower": difference.high < 0,
            "not higher": difference.low <= 0,
            "not lower": difference.high >= 0,
        }[self.expect]


def change(
    build: Callable[[Any], Run],
    data: Dataset,
    *,
    off: Any,
    on: Any,
    label_noise: float = 0.0,
    score: Score = "val_acc",
    epochs: int = 60,
    seeds: int = 8,
) -> Difference:
    """The score after the last epoch with ``build(on)``, minus that with ``build(off)``, by seed.

    Each seed redraws its own label noise, and both sides of a pair meet the same.
    """
    fleet = train_fleet(
        build,
        lambda _, seed: data.with_label_noise(label_noise, seed),
        values=[off, on],
        seeds=seeds,
        epochs=epochs,
        progress=False,
    )
    without, with_it = getattr(fleet, score)[:, :, -1]
    return paired_difference(with_it, without)
