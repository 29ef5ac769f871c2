"""The state that a sweep draws."""

from dataclasses import dataclass
from typing import Any

from course_utils.plots.part import Array


@dataclass(frozen=True)
class At:
    """The state that a sweep draws: what has been trained so far, and where the slider stands."""

    result: Any  # what `train` yielded last, e.g. a Fleet
    index: int  # of the slider's value in `values`
    value: Any
    values: list[Any]
    settings: dict[str, Any]  # the values of the other controls, by name
    name: str = ""  # of the slider

    def curves(self, score: str) -> Array:
        """One curve of a fleet, e.g. "val_loss", at the slider's value: [seeds, epochs]."""
        curves: Array = getattr(self.result, score)[self.index]
        return curves

    def scores(self, score: str) -> Array:
        """A score of a fleet after the last epoch trained so far: [values, seeds]."""
        scores: Array = getattr(self.result, score)[..., self.result.epoch]
        return scores
