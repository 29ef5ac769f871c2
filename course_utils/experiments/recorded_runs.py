"""The runs behind lesson 06's panels: trained once, with every validation sample's score kept.

A stopping rule only reads recorded losses. So one training answers every question of the form "and
with more patience?", "and with fewer validation samples?", without training again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tqdm.auto import tqdm

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.models import MLP

Array = NDArray[Any]

#: ``rule(val_losses, patience, min_delta)`` -> the epoch after which to stop, or None.
StopRule = Callable[[Sequence[float], int, float], int | None]

LABEL_NOISE = (0.0, 0.2, 0.4)
EPOCHS, SEEDS, HIDDEN, LR = 60, 8, 64, 3e-3
MOST_TRAINED = 500  # samples: more would make a panel wait


@dataclass(frozen=True, eq=False)
class SampleScores:
    """Scores of every run on every validation sample, [noise levels, seeds, epochs + 1, samples].

    Entry e was measured after e epochs. The first half of the samples is *watched* by stopping
    rules; the second half is *fresh*: it only says how good a choice was.
    """

    label_noise: tuple[float, ...]
    loss: NDArray[np.float32]
    correct: NDArray[np.float32]

    @property
    def seeds(self) -> int:
        """Runs at each noise level."""
        return self.loss.shape[1]

    @property
    def epochs(self) -> int:
        """Epochs that every run was trained."""
        return self.loss.shape[2] - 1

    @property
    def samples(self) -> int:
        """Validation samples scored."""
        return self.loss.shape[3]

    def watched(self, noise: float) -> tuple[Array, Array]:
        """Mean loss and accuracy on the watched half, each [seeds, epochs + 1]."""
        return self._means(noise, slice(0, self.samples // 2))

    def fresh(self, noise: float) -> tuple[Array, Array]:
        """The same on the other half."""
        return self._means(noise, slice(self.samples // 2, None))

    def _means(self, noise: float, part: slice) -> tuple[Array, Array]:
        i = self.label_noise.index(noise)
        loss, correct = (kept[i, ..., part] for kept in (self.loss, self.correct))
        return loss.mean(-1, dtype=float), correct.mean(-1, dtype=float)


def record_runs(
    data: Dataset,
    label_noise: tuple[float, ...] = LABEL_NOISE,
    *,
    epochs: int | None = None,
    seeds: int = SEEDS,
    progress: bool = True,
) -> SampleScores:
    """Train `seeds` networks at every noise level and record them; a second call has them ready.

    Of `data`, as much is used as a panel has time for: 500 training samples, 1,000 validation
    samples. Each seed redraws its own label noise, in training only. Left out, `epochs` are 60, or
    the training share of them.
    """
    epochs = budgeted(EPOCHS) if epochs is None else epochs
    return _record(data, label_noise, epochs, seeds, progress)


@lru_cache(maxsize=4)
def _record(
    data: Dataset, label_noise: tuple[float, ...], epochs: int, seeds: int, progress: bool
) -> SampleScores:
    data = data.limit_validation()
    if data.n_train > MOST_TRAINED:
        data = data.subset(MOST_TRAINED)
    if len(data.y_val) < 4:
        raise ValueError(
            f"these panels cut the validation set in two, and {data.name!r} has only "
            f"{len(data.y_val)} samples in it; 40 or more show something"
        )

    def build(_: float) -> Run:
        model = MLP(data.input_shape, (HIDDEN, HIDDEN), data.num_outputs)
        return Run(model, torch.optim.Adam(model.parameters(), lr=LR))

    shape = (len(label_noise), seeds, epochs + 1, len(data.y_val))
    loss, correct = np.empty((2, *shape), dtype=np.float32)
    states = iter_fleet(
        build, data.with_label_noise, values=label_noise, seeds=seeds, epochs=epochs
    )
    for fleet in tqdm(states, total=epochs + 1, desc="epoch", disable=not progress, leave=False):
        _score(fleet, data, loss, correct)
    return SampleScores(label_noise, loss, correct)


@torch.no_grad()
def _score(
    fleet: Fleet, data: Dataset, loss: NDArray[np.float32], correct: NDArray[np.float32]
) -> None:
    """Store the current scores of every model on every validation sample."""
    for v in range(len(fleet.values)):
        for s in range(len(fleet.seeds)):
            logits = fleet.model(v, s).eval()(data.x_val)
            loss[v, s, fleet.epoch] = F.cross_entropy(logits, data.y_val, reduction="none").numpy()
            correct[v, s, fleet.epoch] = (logits.argmax(1) == data.y_val).numpy()


@dataclass(frozen=True)
class Stops:
    """Where a rule ended each of some runs, and the epoch whose weights it restores."""

    fired: NDArray[np.bool_]
    #: Epochs trained: up to the stop, or to the end of the record.
    trained: NDArray[np.intp]
    #: The lowest watched score up to there; the first on ties.
    restored: NDArray[np.intp]

    def at(self, scores: Array) -> Array:
        """`scores` [runs, epochs + 1] at the restored epochs, [runs]."""
        return scores[np.arange(len(scores)), self.restored]

    def at_end(self, scores: Array) -> Array:
        """`scores` [runs, epochs + 1] at the last epochs trained, [runs]."""
        return scores[np.arange(len(scores)), self.trained]


def stops(rule: StopRule, watched: Array, patience: int, min_delta: float = 0.0) -> Stops:
    """Apply `rule` to each of the curves `watched` [runs, epochs + 1] (lower is better)."""
    fired, trained, restored = [], [], []
    for curve in watched:
        epoch = rule(curve.tolist(), patience, min_delta)
        fired.append(epoch is not None)
        trained.append(len(curve) - 1 if epoch is None else epoch)
        restored.append(int(curve[: trained[-1] + 1].argmin()))
    return Stops(np.array(fired), np.array(trained), np.array(restored))


def too_early(watched: Array, stopped: Stops, tolerance: float) -> NDArray[np.bool_]:
    """Which runs had more than `tolerance` of watched loss still to gain after their stop."""
    return stopped.at(watched) - watched.min(axis=1) > tolerance


def too_late(watched: Array, stopped: Stops, tolerance: float) -> NDArray[np.bool_]:
    """Which runs lost more than `tolerance` of watched loss while the rule still waited."""
    return stopped.at_end(watched) - stopped.at(watched) > tolerance
