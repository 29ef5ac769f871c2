"""Comparing settings by a protocol that the length of training cannot decide.

A strong regularizer slows training down, and a weak one lets a network overtrain, so a comparison
after one number of epochs says as much about that number as about the techniques. Here each setting
is read at three *endings*: after the budget, after four times the budget, and early-stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn
from tqdm.auto import tqdm

from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference, signed
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.random_streams import stream
from course_utils.scoring import ByHalf, LossFn

Array = NDArray[np.float64]
Ending = Literal["budget", "long", "early-stopped"]
Measure = Callable[[nn.Module, Dataset], float]

ENDINGS: tuple[Ending, ...] = ("budget", "long", "early-stopped")
#: How many times the budget the long ending takes, and early stopping may take.
TIMES = 4
#: Early stopping looks after every epoch of the budget, and beyond it so often for each budget:
#: what is best late is best for long.
LATE_LOOKS = 10


@dataclass(frozen=True, eq=False)
class Comparison:
    """The scores of several settings over one long training, from which each ending is read off.

    Attributes:
        values, seeds: the settings and the seeds, in their order.
        epochs, steps: the budget. Every run was trained `TIMES` times as long.
        covers: for each value, what varies between its seeds, and so what an interval covers, in
            words.
        curves: by score ("acc", "loss", "train_acc", "train_loss", and what was measured besides),
            [values, seeds, TIMES * epochs + 1, 2]: entry e after e epochs, on each half of the
            validation set (the same number twice where a score is not one of validation); NaN
            where it was not scored, see `looks`.
    """

    values: list[Any]
    seeds: list[int]
    epochs: int
    steps: int
    covers: list[str]
    curves: Mapping[str, Array]

    def kept_epochs(self, value: Any, ending: Ending) -> NDArray[np.intp]:
        """The epoch whose weights are scored on each half of the validation set, [seeds, 2].

        Early stopping keeps the epoch with the lowest loss on the *other* half, so that no sample
        scores a choice that it had a part in.
        """
        shape = len(self.seeds), 2
        if ending != "early-stopped":
            return np.full(shape, self.epochs * (1 if ending == "budget" else TIMES))
        losses = self.curves["loss"][self.values.index(value)]
        return np.nanargmin(losses, axis=1)[:, ::-1]

    def scores(self, value: Any, ending: Ending, score: str = "acc") -> Array:
        """The score of the weights kept, [seeds]: the mean of both halves."""
        return self._kept(value, ending, score).mean(1)

    def gain(
        self, value: Any, over: Any, ending: Ending = "budget", score: str = "acc"
    ) -> Difference:
        """The score of `value` minus that of `over`, both at the same ending, seed by seed."""
        return paired_difference(
            self.scores(value, ending, score), self.scores(over, ending, score)
        )

    def tuned(self, values: Sequence[Any], ending: Ending, score: str = "acc") -> Array:
        """The score of the best of `values`, [seeds], e.g. at each contestant's own best rate.

        It is chosen by its mean accuracy over all seeds on one half of the validation set and
        scored on the other, in both ways. A run that diverged has nothing right.
        """
        found = np.stack([self._kept(value, ending, score) for value in values])
        chooses = np.stack([self._kept(value, ending, "acc") for value in values])
        best = np.nan_to_num(chooses).mean(1).argmax(0)  # [2]
        return np.stack([found[best[1 - half], :, half] for half in (0, 1)]).mean(0)

    def report(self, value: Any, over: Any, heading: str) -> str:
        """A table in text: accuracy and loss of `value` minus those of `over`, at each ending.

        Args:
            heading: what is compared, above the table, e.g. "L2 over no penalty".
        """
        times = [(n * self.epochs, n * self.steps) for n in (1, TIMES)]
        endings = [f"after {epochs} epochs ({steps:,} steps)" for epochs, steps in times]
        width = max(33, len(heading))
        lines = [f"{heading:{width}} {'accuracy':20} loss"]
        for name, ending in zip((*endings, "both early-stopped"), ENDINGS, strict=True):
            loss = self.gain(value, over, ending, "loss")
            points = self.gain(value, over, ending).points()
            lines.append(
                f"{name:{width}} {points:20} {signed(loss.mean, 3)} ± {loss.half_width:.3f}"
            )
        kept = [self.kept_epochs(one, "early-stopped").mean() for one in (value, over)]
        lines.append(f"early stopping keeps epoch {kept[0]:.0f} and {kept[1]:.0f} on average")
        first, second = (self.covers[self.values.index(one)] for one in (value, over))
        covers = f"± covers {first}"
        if first != second:
            covers = f"what ± covers differs\n  first setting: {first}\n  second setting: {second}"
        lines.append(f"{len(self.seeds)} paired seeds; {covers}")
        return "\n".join(lines)

    def _kept(self, value: Any, ending: Ending, score: str) -> Array:
        curve = self.curves[score][self.values.index(value)]
        kept = self.kept_epochs(value, ending)
        return np.take_along_axis(curve, kept[:, None, :], axis=1)[:, 0]


def compare(
    build: Callable[[Any], Run],
    data: Dataset | Callable[[Any, int], Dataset],
    *,
    values: Sequence[Any],
    epochs: int,
    seeds: int = 8,
    batch_size: int = 50,
    loss_fn: LossFn = F.cross_entropy,
    measure: Mapping[str, Measure] | None = None,
    progress: bool = False,
) -> Comparison:
    """Train every value with every seed for four times the budget, and record all three endings.

    Args:
        build, data, values, seeds, batch_size, loss_fn: as in `train_fleet`. Whatever `loss_fn` is
            minimized, "loss" is the plain cross-entropy.
        epochs: the budget.
        measure: more scores by name, each ``measure(model, data)`` -> number after every epoch;
            `data` is what that run trains on.

    Raises:
        ValueError, TypeError: an argument is unusable; the message says what to change.
    """
    for_run = cache(
        (lambda value, seed: _checked(data))
        if isinstance(data, Dataset)
        else (lambda value, seed: _checked(data(value, seed)))
    )
    measures = dict(measure or {})
    fleet_states = iter_fleet(
        build,
        for_run,
        values=values,
        seeds=seeds,
        epochs=TIMES * epochs,
        batch_size=batch_size,
        loss_fn=loss_fn,
        score_at=looks(epochs),
    )
    names = ("acc", "loss", "train_acc", "train_loss", *measures)
    shape = len(values), seeds, TIMES * epochs + 1, 2
    curves = {name: np.full(shape, np.nan) for name in names}
    fleet, by_half = None, None
    for fleet in tqdm(fleet_states, total=len(looks(epochs)), disable=not progress, leave=False):
        runs = list(product(range(len(fleet.values)), range(len(fleet.seeds))))
        own = [for_run(fleet.values[v], fleet.seeds[s]) for v, s in runs]
        by_half = by_half or ByHalf([data.y_val for data in own])
        found = by_half.scores([fleet.val_outputs(v, s) for v, s in runs])
        for name, of_runs in zip(("loss", "acc"), found, strict=True):
            curves[name][:, :, fleet.epoch] = of_runs.reshape(*shape[:2], 2)
        for (v, s), data_of_run in zip(runs, own, strict=True) if measures else ():
            model = fleet.model(v, s).eval()
            for name, number in measures.items():
                with torch.no_grad():
                    curves[name][v, s, fleet.epoch] = number(model, data_of_run)
    assert isinstance(fleet, Fleet)
    curves["train_acc"][:] = fleet.train_acc[..., None]
    curves["train_loss"][:] = fleet.train_loss[..., None]
    _forget_diverged(curves)
    steps = epochs * -(-for_run(fleet.values[0], fleet.seeds[0]).n_train // batch_size)
    covers = [covered([for_run(value, seed) for seed in fleet.seeds]) for value in fleet.values]
    return Comparison(fleet.values, fleet.seeds, epochs, steps, covers, curves)


def looks(epochs: int) -> list[int]:
    """After how many epochs each run is scored: each of the budget's, and beyond it evenly spaced
    ones. To score all of a long training would take a third of the time."""
    step = max(1, epochs // LATE_LOOKS)
    return [*range(epochs), *range(epochs, TIMES * epochs, step), TIMES * epochs]


def covered(of_seeds: Sequence[Dataset]) -> str:
    """What varies between runs that train on these data sets, one for each seed, in words."""
    first = of_seeds[0]

    def differs(part: str) -> bool:
        parts = (getattr(data, part) for data in of_seeds[1:])
        return any(not torch.equal(getattr(first, part), other) for other in parts)

    them = "images" if len(first.input_shape) == 3 else "samples"
    if differs("x_val"):
        labels = "wrong labels, " if any(data.noisy.any() for data in of_seeds) else ""
        return f"first weights, batches, {labels}and which {them} train and which validate"
    if differs("x_train"):
        return f"first weights, batches and training {them}; the {them} that score are the same"
    if differs("y_train"):
        return f"first weights, batches and the draw of the wrong labels; the {them} are the same"
    return f"first weights and batches; the {them} and their labels are the same"


def resplit(data: Dataset, seed: int) -> Dataset:
    """Draw anew which of the training and validation samples train; the test set stays sealed.

    All labels are the true ones, so add label noise afterwards.
    """
    x, y = torch.cat([data.x_train, data.x_val]), torch.cat([data.y_clean, data.y_val])
    order = torch.randperm(len(y), generator=stream("split", seed)).to(y.device)
    train, val = order[: data.n_train], order[data.n_train :]
    return replace(
        data, x_train=x[train], y_train=y[train], y_clean=y[train], x_val=x[val], y_val=y[val]
    )


def _checked(data: Dataset) -> Dataset:
    if data.num_classes is None or len(data.y_val) < 4:
        raise ValueError(
            "a comparison needs class labels and a validation set that can be cut in two, got "
            f"{data!r}; pass e.g. load_dataset('digits', n_train=500)"
        )
    return data


def _forget_diverged(curves: Mapping[str, Array]) -> None:
    """A run without a loss has no accuracy either."""
    gone = np.isnan(curves["loss"]).any(-1) | np.isnan(curves["train_loss"]).any(-1)
    for curve in curves.values():
        curve[gone] = np.nan
