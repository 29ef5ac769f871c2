"""Sweep a fleet in one call, and the parts of a panel that show the fleet's recorded scores."""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.fleet import Fleet, iter_fleet
from course_utils.live.at import At
from course_utils.live.controls import Control, make_controls, slider
from course_utils.live.painter import Shown
from course_utils.live.sweep import Sweep, sweep
from course_utils.plots import Curves, Metric, Part, best_epoch, sweep_text
from course_utils.plots.curves import Quantity
from course_utils.plots.style import COLORS, NEUTRAL

SHORT: dict[Quantity, str] = {"loss": "loss", "accuracy": "acc"}


def sweep_fleet(
    build: Callable[..., Any],
    data: Dataset | Callable[..., Dataset],
    drawing: Shown,
    *,
    name: str,
    values: Sequence[Any] | Control,
    controls: Mapping[str, Control | Sequence[Any]] | None = None,
    epochs: int,
    seeds: int | Sequence[int] = 8,
    batch_size: int = 50,
    score_at: Collection[int] | None = None,
    title: str = "",
) -> Sweep:
    """Train a fleet over `values`, then go through the values with a slider.

    Args:
        build: ``build(value)`` -> `Run`, as in `train_fleet`. A further parameter that is named
            like a control receives the control's value: ``build(value, width)``.
        data: one data set for all runs, or ``data(value, seed)``, which may have further parameters
            in the same way.
        drawing: draws an `At` whose result is the `Fleet`: a list of parts such as `EpochCurves`
            and `ScoreAgainst`, or a `plots.PartsBoard` of them.
        name, values, controls, title: as in `sweep`.
        epochs: of each training; `budget.set_training_share` shortens them.
        seeds, batch_size, score_at: as in `train_fleet`; curves have a point at each scored epoch.

    Raises:
        ValueError: a control that trains is used by neither `build` nor `data`, or one made with
            ``trains=False`` is a parameter of either.
    """
    page_slider = values if isinstance(values, Control) else slider(values)
    made = make_controls(controls or {})
    settings_of = {"build": _requested(build, 1, made)}
    if not isinstance(data, Dataset):
        settings_of["data"] = _requested(data, 2, made)
    for control in made:
        if made[control].trains and not any(control in names for names in settings_of.values()):
            raise ValueError(
                f"neither build nor data asks for the control {control!r}, so it would change "
                f"nothing; write build(value, {control}), or trains=False if a part reads it"
            )
    trained = budgeted(epochs)

    def train(**settings: Any) -> Iterator[Fleet]:
        own = {
            function: {name: settings[name] for name in names}
            for function, names in settings_of.items()
        }
        return iter_fleet(
            partial(build, **own["build"]),
            data if isinstance(data, Dataset) else partial(data, **own["data"]),
            values=page_slider.options,
            seeds=seeds,
            epochs=trained,
            batch_size=batch_size,
            score_at=score_at,
        )

    return sweep(
        train, drawing, name=name, values=page_slider, controls=made, epochs=trained, title=title
    )


def _requested(function: Callable[..., Any], first: int, controls: dict[str, Control]) -> list[str]:
    """The controls that `function` has a parameter for, after its `first` parameters."""
    parameters = list(inspect.signature(function).parameters.values())[first:]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return [name for name, control in controls.items() if control.trains]
    requested = [parameter.name for parameter in parameters if parameter.name in controls]
    for name in requested:
        if not controls[name].trains:
            raise ValueError(
                f"control {name!r} is used in the training, but was made with trains=False; "
                f"leave that out, or read the control in a part, as at.settings[{name!r}]"
            )
    return requested


class EpochCurves(Part):
    """Training and validation curves over the epochs, of the runs at the slider's value.

    Args:
        quantity: "loss" or "accuracy".
        ylim: limits of the axis, the same for all values of the slider.
        best: mark the epoch of the lowest validation loss.
        look: further arguments of `plots.Curves`.
    """

    def __init__(
        self, quantity: Quantity = "loss", *, ylim: tuple[float, float], best: bool = True,
        **look: Any,
    ) -> None:  # fmt: skip
        self._quantity, self._ylim, self._best, self._look = quantity, ylim, best, look

    def draw(self, ax: Axes, at: At) -> None:
        """Draw the axes, with curves that have no points yet."""
        self._curves = self.add(
            Curves(ax, at.result.epochs, ylim=self._ylim, quantity=self._quantity, **self._look)
        )

    def update(self, at: At) -> None:
        """Show the curves of both splits, and the epoch of the lowest validation loss."""
        train, val = (at.curves(f"{split}_{SHORT[self._quantity]}") for split in ("train", "val"))
        best = best_epoch(at.curves("val_loss")) if self._best else None
        self._curves.update(train, val, best)


class ScoreAgainst(Part):
    """Scores after the last epoch against the values, with the slider's value marked.

    Args:
        scores: "acc" or "loss" for that score on the training and the validation set, or
            ``scores(at)`` -> [values, seeds] for any other.
        ylim, ylabel: limits and label of the score's axis.
        color: of the curves.
        zero: draw a line at 0.
        say: whether the text under the panel gives the accuracy at the slider's value, and its
            gain over the first value.
    """

    def __init__(
        self, scores: str | Callable[[At], ArrayLike] = "acc", *, ylim: tuple[float, float],
        ylabel: str = "accuracy after the last epoch", color: str = COLORS[0], zero: bool = False,
        say: bool = True,
    ) -> None:  # fmt: skip
        self._scores, self._ylim, self._ylabel, self._color = scores, ylim, ylabel, color
        self._zero, self._says = zero, say

    def draw(self, ax: Axes, at: At) -> None:
        """Draw the axes, with a line without points for each split."""
        splits: Any = ("train", "val") if isinstance(self._scores, str) else ("val",)
        self.metric = self.add(
            Metric(ax, at.name, at.values, ylim=self._ylim, ylabel=self._ylabel, splits=splits,
                   color=self._color)
        )  # fmt: skip
        if self._zero:
            ax.axhline(0, color=NEUTRAL, linewidth=1)

    def update(self, at: At) -> None:
        """Show the scores after the last epoch trained so far."""
        if isinstance(self._scores, str):
            found = {split: at.scores(f"{split}_{self._scores}") for split in ("train", "val")}
        else:
            found = {"val": np.asarray(self._scores(at))}
        self.metric.update(at.index, **found)

    def say(self, at: At) -> str:
        """The accuracy at the slider's value, and its gain over the first value."""
        if not (self._says and self._scores == "acc"):
            return ""
        return sweep_text(at.name, at.values, at.index, at.scores("val_acc"))
