"""An ablation: mixes of techniques, each trained once and remembered."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm.auto import tqdm

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.search.stopping import Stopped, restored_epoch
from course_utils.search.techniques import (
    EARLY_STOPPING,
    Key,
    Mix,
    all_but_one,
    baseline,
    training_key,
)
from course_utils.training import evaluate

Array = NDArray[Any]

#: Epochs after which a training may end: from too short for a strong mix to too long for none.
BUDGETS = (15, 30, 60, 120)
WHOLE = "the whole mix"


@dataclass(frozen=True, eq=False)
class TrainingCurves:
    """The curves of all runs of one mix, each array [seeds, epochs + 1]; NaN where not known (yet).

    `judged_acc` and `judged_loss` are known at the budgets, and wherever the watched loss was lower
    than ever before: no stopping rule restores another epoch.
    """

    train_loss: Array
    train_acc: Array
    watched_loss: Array
    watched_acc: Array
    judged_loss: Array
    judged_acc: Array


@dataclass(eq=False)
class Ablation:
    """Runs of mixes, each trained once and remembered.

    The validation set is cut in two. Stopping rules read the *watched* half; the *judged* half
    chooses no epoch, and every score that is compared comes from it.

    Attributes:
        build: ``build(mix)`` -> `Run`, with a new model each time.
        data: training and validation set; each seed redraws the labels of the training set.
        label_noise: share of the training labels that are redrawn.
        epochs: how long every run is trained; left out, 120, or the training share of them.
        budgets: where else a training might have ended, and is scored; see `within`.
        end: after how many epochs scores are read off; None for all of them.
        patience: of the early stopping whose weights are remembered, see `stopped`; None for none.
    """

    build: Callable[[Any], Run]
    data: Dataset
    label_noise: float = 0.2
    seeds: int = 8
    epochs: int = field(default_factory=lambda: _shortened()[BUDGETS[-1]])
    batch_size: int = 100
    budgets: Sequence[int] = field(default_factory=lambda: tuple(_shortened().values()))
    end: int | None = None
    patience: int | None = None
    _known: dict[Key, TrainingCurves] = field(default_factory=dict, repr=False)
    _stopped: dict[Key, list[Stopped]] = field(default_factory=dict, repr=False)
    _shorter: dict[int, int] = field(default_factory=lambda: _shortened(), repr=False)

    def __post_init__(self) -> None:
        if self.end not in (None, *self.ends):
            raise ValueError(
                f"a budget must be one of {', '.join(map(str, self.ends))} epochs, got {self.end}; "
                "name others when the ablation is made, for the judged half is scored there only"
            )
        if self.data.num_classes is None or len(self.data.y_val) < 4:
            raise ValueError(
                f"an ablation needs class labels and a validation set that can be cut in two, got "
                f"{self.data!r}; pass e.g. load_dataset('digits', n_train=500)"
            )

    @property
    def ends(self) -> list[int]:
        """Numbers of epochs after which scores can be read off."""
        return sorted({*(budget for budget in self.budgets if budget < self.epochs), self.epochs})

    def within(self, epochs: int) -> Ablation:
        """The same runs, as if each had ended after `epochs` epochs, one of `ends`.

        Under a training share, a usual budget that was not trained stands for its share.
        """
        return replace(
            self, end=epochs if epochs in self.ends else self._shorter.get(epochs, epochs)
        )

    def relabeled(self, label_noise: float) -> Ablation:
        """The same with another share of wrong labels, of which nothing is known yet."""
        return replace(self, label_noise=label_noise, _known={}, _stopped={})

    def data_for(self, seed: int) -> Dataset:
        """The training data of a run of this seed, with the watched half as its validation set."""
        x, y = self._half(slice(None, None, 2))
        return replace(self.data.with_label_noise(self.label_noise, seed), x_val=x, y_val=y)

    @property
    def judged(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The other half of the validation set, (x, y)."""
        return self._half(slice(1, None, 2))

    def train(self, mixes: Iterable[Mix], *, progress: bool = False) -> None:
        """Train those of `mixes` that were not trained before, all of them as one fleet."""
        for _ in tqdm(self.iter_train(mixes), total=self.epochs + 1, disable=not progress):
            pass

    def iter_train(self, mixes: Iterable[Mix]) -> Iterator[dict[Key, TrainingCurves]]:
        """`train`, epoch by epoch: yields the growing curves. Stop iterating to cancel."""
        new = {training_key(mix): None for mix in mixes}.keys() - self._known.keys()
        if not new:
            return
        keys = sorted(new)
        fleet_states = iter_fleet(
            lambda key: self.build(dict(key)),
            self._data_for_seeds(),
            values=keys,
            seeds=self.seeds,
            epochs=self.epochs,
            batch_size=self.batch_size,
        )
        judged = np.full((2, len(keys), self.seeds, self.epochs + 1), np.nan)
        stopped = [[Stopped(self.patience) for _ in range(self.seeds)] for _ in keys]
        for fleet in fleet_states:
            self._judge(fleet, judged, stopped)
            curves = fleet.train_loss, fleet.train_acc, fleet.val_loss, fleet.val_acc, *judged
            records = {key: TrainingCurves(*(c[i] for c in curves)) for i, key in enumerate(keys)}
            yield records
        self._known |= records
        self._stopped |= zip(keys, stopped, strict=True)

    def curves(self, mix: Mix) -> TrainingCurves:
        """The curves of a mix, which is trained now if it was not before."""
        if training_key(mix) not in self._known:
            self.train([mix])
        return self._known[training_key(mix)]

    def knows(self, mix: Mix) -> bool:
        """Whether `mix` was trained before."""
        return training_key(mix) in self._known

    def chosen_epochs(self, mix: Mix) -> NDArray[np.intp]:
        """The epoch whose weights each seed keeps [seeds]: the last one, or what is restored."""
        end = self.epochs if self.end is None else self.end
        losses = self.curves(mix).watched_loss[:, : end + 1]
        if EARLY_STOPPING not in mix:
            return np.full(len(losses), end)
        return np.array([restored_epoch(curve, int(mix[EARLY_STOPPING])) for curve in losses])

    def stopped(self, mix: Mix, seed: int) -> nn.Module:
        """The network of this seed as early stopping with `patience` has left it."""
        with torch.random.fork_rng(devices=[]):
            model = self.build(mix).model
        epoch = int(self.chosen_epochs(mix)[seed])
        return self._stopped[training_key(mix)][seed].load(model, epoch)

    def accuracy(self, mix: Mix) -> Array:
        """Accuracy on the judged half, with the weights that each seed keeps, [seeds]."""
        return self._kept(mix, self.curves(mix).judged_acc)

    def loss(self, mix: Mix) -> Array:
        """Loss on the judged half, likewise."""
        return self._kept(mix, self.curves(mix).judged_loss)

    def train_accuracy(self, mix: Mix) -> Array:
        """Accuracy on the training set with its noisy labels, likewise."""
        return self._kept(mix, self.curves(mix).train_acc)

    def gain(self, mix: Mix, over: Mix, level: float = 0.95) -> Difference:
        """Accuracy of `mix` minus that of `over`, seed by seed, with an interval at `level`."""
        return paired_difference(self.accuracy(mix), self.accuracy(over), level)

    def worth(self, mix: Mix) -> dict[tuple[str, str], Difference]:
        """The gains of ("alone", technique) and ("in this mix", technique), and of the whole mix.

        Where the mix is stopped in time, so is what it is compared with: a technique alone is then
        worth what it adds to early stopping. The whole is ("in this mix", "the whole mix").
        """
        stop, found = baseline(mix), {}
        for name, rest in all_but_one(mix).items():
            found["in this mix", name] = self.gain(mix, rest)
            by_itself = {name: mix[name]} | stop
            found["alone", name] = self.gain(by_itself, {} if name in stop else stop)
        if mix:
            found["in this mix", WHOLE] = self.gain(mix, {} if mix == stop else stop)
        return found

    def _kept(self, mix: Mix, scores: Array) -> Array:
        return scores[np.arange(len(scores)), self.chosen_epochs(mix)]

    def _half(self, part: slice) -> tuple[torch.Tensor, torch.Tensor]:
        kept = self.data.limit_validation()
        return kept.x_val[part], kept.y_val[part]

    def _data_for_seeds(self) -> Callable[[Any, int], Dataset]:
        own = [self.data_for(seed) for seed in range(self.seeds)]  # shared by all mixes
        return lambda _, seed: own[seed]

    def _judge(self, fleet: Fleet, judged: Array, stopped: list[list[Stopped]]) -> None:
        """Score the epochs that a stopping rule may restore, and those of the budgets."""
        x, y = self.judged
        now, losses = fleet.epoch, fleet.val_loss
        lowest = np.fmin.accumulate(losses[..., : now + 1], axis=-1)
        for v, s in itertools.product(range(len(fleet.values)), range(self.seeds)):
            better = now == 0 or losses[v, s, now] < lowest[v, s, now - 1]
            if better or now in self.ends:
                judged[:, v, s, now] = evaluate(fleet.model(v, s), x, y)
            if better:
                stopped[v][s].see(fleet.model(v, s), losses[v, s, : now + 1])


def _shortened() -> dict[int, int]:
    """The usual budgets, each with its number of epochs under the current training share."""
    last = BUDGETS[-1]
    return {budget: -(-budget * budgeted(last) // last) for budget in BUDGETS}
