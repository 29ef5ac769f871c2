"""How long weights under decoupled decay remember: what is left of each update at the end.

AdamW takes w to (1 - lr λ) w + u, whatever the gradient says. So what an update has added is
multiplied by (1 - lr λ) in every step that follows, and the final weights are a weighted sum of all
updates, an exponential moving average with a time scale of 1 / (lr λ) steps (Wang and Aitchison
2024).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class Memory:
    """What is left at the end of a training of `steps` steps.

    Attributes:
        lr, decay: the (highest) learning rate, and λ.
        rates: the learning rate of each step, [steps].
        left: the share that is left of what step t has added, [steps + 1]; entry 0 is that of the
            first weights.
        plain: the same with a constant rate.
    """

    lr: float
    decay: float
    steps: int
    schedule: str
    rates: NDArray[np.float64]
    left: NDArray[np.float64]
    plain: NDArray[np.float64]

    @property
    def half_life(self) -> float:
        """Steps at the highest rate until half is left; infinite without decay."""
        shrink = self.lr * self.decay
        return math.inf if shrink == 0 else math.log(0.5) / math.log1p(-shrink)


def rates_of(schedule: str, lr: float, steps: int) -> NDArray[np.float64]:
    """The learning rate of each step: constant, or down to nearly 0 along half a cosine."""
    t = np.arange(steps)
    return lr * (np.ones(steps) if schedule == "constant" else (1 + np.cos(np.pi * t / steps)) / 2)


def remember(lr: float, decay: float, steps: int, schedule: str) -> Memory:
    """What AdamW's decay leaves of each update, with `lr * decay` below 1."""
    rates = rates_of(schedule, lr, steps)
    return Memory(
        lr, decay, steps, schedule, rates, _left(rates, decay), _left(np.full(steps, lr), decay)
    )


def _left(rates: NDArray[np.float64], decay: float) -> NDArray[np.float64]:
    """Products of 1 - lr λ over the steps that follow each."""
    logs = np.log1p(-rates * decay)
    after = np.append(np.cumsum(logs[::-1])[::-1], 0.0)
    return np.asarray(np.exp(after))
