"""Comparing settings by a protocol that the length of training cannot decide.

A strong regularizer slows training down, and a weak one lets a network overtrain, so a comparison
after one number of epochs says as much about that number as about the techniques. Here each setting
is read at three *endings*: after the budget, after four times the budget, and early-stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn
from tqdm.auto import tqdm

from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.random_streams import stream
from course_utils.scoring import LossFn

Array = NDArray[np.float64]
Ending = Literal["budget", "long", "early-stopped"]
Measure = Callable[[nn.Module, Dataset], float]

ENDINGS: tuple[Ending, ...] = ("budget", "long", "early-stopped")
#: How many times the budget the long ending takes, and early stopping may take.
TIMES = 4
HALVES = (slice(0, None, 2), slice(1, None, 2))


@dataclass(frozen=True, eq=False)
class Comparison:
    """The scores of several settings over one long training, from which each ending is read off.

    Attributes:
        values, seeds: the settings and the seeds, in their order.
        epochs, steps: the budget. Every run was trained `TIMES` times as long.
        covers: what varies between seeds, and so what an interval covers, in words.
        curves: by score ("acc", "loss", "train_acc", "train_loss", and what was measured besides),
            [values, seeds, TIMES * epochs + 1, 2]: entry e after e epochs, on each half of the
            validation set (the same number twice where a score is not one of validation).
    """

    values: list[Any]
    seeds: list[int]
    epochs: int
    steps: int
    covers: str
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
            lines.append(f"{name:{width}} {points:20} {loss.mean:+.3f} ± {loss.half_width:.3f}")
        kept = [self.kept_epochs(one, "early-stopped").mean() for one in (value, over)]
        lines.append(f"early stopping keeps epoch {kept[0]:.0f} and {kept[1]:.0f} on average")
        lines.append(f"{len(self.seeds)} paired seeds; ± covers {self.covers}")
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
    for_run = cache((lambda value, seed: data) if isinstance(data, Dataset) else data)
    measures = dict(measure or {})
    fleet_states = iter_fleet(
        build,
        lambda value, seed: _unscored(for_run(value, seed)),
        values=values,
        seeds=seeds,
        epochs=TIMES * epochs,
        batch_size=batch_size,
        loss_fn=loss_fn,
    )
    names = ("acc", "loss", "train_acc", "train_loss", *measures)
    shape = len(values), seeds, TIMES * epochs + 1, 2
    curves = {name: np.full(shape, np.nan) for name in names}
    fleet = None
    for fleet in tqdm(fleet_states, total=TIMES * epochs + 1, disable=not progress, leave=False):
        for v, value in enumerate(fleet.values):
            for s, seed in enumerate(fleet.seeds):
                own, model, at = for_run(value, seed), fleet.model(v, s), (v, s, fleet.epoch)
                curves["loss"][at], curves["acc"][at] = _by_half(model.eval(), own)
                for name, number in measures.items():
                    with torch.no_grad():
                        curves[name][at] = number(model, own)
    assert isinstance(fleet, Fleet)
    curves["train_acc"][:] = fleet.train_acc[..., None]
    curves["train_loss"][:] = fleet.train_loss[..., None]
    _forget_diverged(curves)
    of_seeds = [for_run(fleet.values[0], seed) for seed in fleet.seeds]
    steps = epochs * -(-of_seeds[0].n_train // batch_size)
    return Comparison(fleet.values, fleet.seeds, epochs, steps, covered(of_seeds), curves)


def covered(of_seeds: Sequence[Dataset]) -> str:
    """What varies between runs that train on these data sets, one for each seed, in words."""
    first = of_seeds[0]

    def differs(part: str) -> bool:
        parts = (getattr(data, part) for data in of_seeds[1:])
        return any(not torch.equal(getattr(first, part), other) for other in parts)

    if differs("x_val"):
        return "first weights, batches, wrong labels, and which images train and which validate"
    if differs("x_train"):
        return "first weights, batches and training images; the images that score are the same"
    if differs("y_train"):
        return "first weights, batches and the draw of the wrong labels; the images are the same"
    return "first weights and batches; the images and their labels are the same"


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


@torch.no_grad()
def _by_half(model: nn.Module, data: Dataset) -> tuple[list[float], list[float]]:
    """Loss and accuracy on each half of the validation set."""
    logits = model(data.x_val)
    losses = F.cross_entropy(logits, data.y_val, reduction="none")
    correct = (logits.argmax(1) == data.y_val).to(losses.dtype)
    loss, acc = ([float(kept[half].mean()) for half in HALVES] for kept in (losses, correct))
    return loss, acc


@cache
def _unscored(data: Dataset) -> Dataset:
    """For the fleet, which need not score what is scored here half by half."""
    if data.num_classes is None or len(data.y_val) < 4:
        raise ValueError(
            "a comparison needs class labels and a validation set that can be cut in two, got "
            f"{data!r}; pass e.g. load_dataset('digits', n_train=500)"
        )
    return replace(data, x_val=data.x_val[:1], y_val=data.y_val[:1])


def _forget_diverged(curves: Mapping[str, Array]) -> None:
    """A run without a loss has no accuracy either."""
    gone = np.isnan(curves["loss"]).any(-1) | np.isnan(curves["train_loss"]).any(-1)
    for curve in curves.values():
        curve[gone] = np.nan
