"""Weights averaged along a training, beside the weights themselves.

The averages are taken after every step, inside the optimizer's hook, so that each is what a learner
would have who keeps only that one. They change nothing about the training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from course_utils.experiments.next_words import BATCH, DECAY, excess, text, transformer_run
from course_utils.fleet import Fleet, Run, iter_fleet

SCHEDULES = ("constant", "cosine")


class Averages:
    """Exponential moving averages of a model's weights, one for each horizon in steps.

    A horizon of h keeps the share 1 - 1 / h of the average in each step and takes 1 / h of the
    weights. It begins at the weights after the first step, and its first h steps are a plain mean,
    so that the random first weights are not in it.
    """

    def __init__(self, model: nn.Module, horizons: Sequence[int]) -> None:
        self._own = [p.detach() for p in model.parameters()]
        self.kept: dict[int, list[Tensor]] = {
            horizon: [p.clone() for p in self._own] for horizon in horizons
        }
        self._steps = 0

    def update(self, *_: Any) -> None:
        """To be called after every step."""
        self._steps += 1
        for horizon, average in self.kept.items():
            torch._foreach_lerp_(average, self._own, 1 / min(horizon, self._steps))


@dataclass(eq=False)
class Averaged:
    """What the weights and their averages scored so far.

    Attributes:
        steps: at which step the entries were measured.
        excess: by schedule, [1 + horizons, seeds] for each of `steps`: first the weights
            themselves, then each average. See `next_words.excess`.
    """

    horizons: list[int]
    steps: list[int] = field(default_factory=list)
    excess: dict[str, list[NDArray[Any]]] = field(default_factory=dict)

    def scores(self, schedule: str) -> NDArray[Any]:
        """[1 + horizons, points, seeds]."""
        return np.array(self.excess[schedule]).transpose(1, 0, 2)


def average_along(
    lr: float, *, horizons: Sequence[int], samples: int = 1000, epochs: int, seeds: int = 8,
    author: int = 0,
) -> Iterator[Averaged]:  # fmt: skip
    """Train with a constant rate and with one that falls to 0, and yield the growing `Averaged`.

    Args:
        lr: the constant rate, and the highest of the falling one.
        samples, epochs, author: of the training text.
    """
    total = epochs * -(-samples // BATCH)
    averages: dict[nn.Module, Averages] = {}

    def build(schedule: str) -> Run:
        run = transformer_run(lr=lr)
        # With hooks each network steps by itself, which the fused step does several times faster.
        run.optimizer = torch.optim.AdamW(
            run.model.parameters(), lr=lr, weight_decay=DECAY, fused=True
        )
        averages[run.model] = kept = Averages(run.model, horizons)
        run.optimizer.register_step_post_hook(kept.update)
        if schedule == "cosine":
            falls = torch.optim.lr_scheduler.CosineAnnealingLR(run.optimizer, T_max=total)
            run.optimizer.register_step_post_hook(lambda *_: falls.step())
        return run

    state = Averaged(list(horizons), excess={schedule: [] for schedule in SCHEDULES})
    fleets = iter_fleet(
        build, lambda _, seed: text(samples, seed, author), values=SCHEDULES, seeds=seeds,
        epochs=epochs, batch_size=BATCH,
    )  # fmt: skip
    for fleet in fleets:
        if fleet.epoch == 0:  # also where a fleet has to start again
            state.steps.clear()
            state.excess = {schedule: [] for schedule in SCHEDULES}
        state.steps.append(fleet.epoch * (total // epochs))
        for place, schedule in enumerate(SCHEDULES):
            state.excess[schedule].append(_scores(fleet, place, averages, author))
        yield state


def _scores(
    fleet: Fleet, place: int, averages: dict[nn.Module, Averages], author: int
) -> NDArray[Any]:
    """[1 + horizons, seeds]"""
    found = []
    for seed in range(len(fleet.seeds)):
        model = fleet.model(place, seed)
        kept = averages[model].kept.values()
        found.append([_excess_with(model, weights, author) for weights in (None, *kept)])
    return np.array(found).T


@torch.no_grad()
def _excess_with(model: nn.Module, weights: Sequence[Tensor] | None, author: int) -> float:
    """The score of `model` with its own weights, or with others, which it loses again."""
    if weights is None:
        return excess(model, author=author)
    own = [p.detach().clone() for p in model.parameters()]
    for p, weight in zip(model.parameters(), weights, strict=True):
        p.copy_(weight)
    score = excess(model, author=author)
    for p, weight in zip(model.parameters(), own, strict=True):
        p.copy_(weight)
    return score
