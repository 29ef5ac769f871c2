"""The runs behind lesson 07's search panel, and the searches that look them up.

All settings of a lattice are trained once. A search then only looks up scores, so a thousand
searches cost nothing.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.fleet import Run, train_fleet
from course_utils.search import Box, Range, build_mix, grid_settings
from course_utils.search import random_settings as library_random

Array = NDArray[Any]
RandomSettings = Callable[[Box, int, int], Sequence[dict[str, float]]]

BOX: Box = {"L2": Range(1e-5, 1e-1, log=True), "dropout": Range(0.0, 0.9)}
PER_AXIS, EPOCHS, NOISE = 7, 20, 0.2
BUDGETS = (1, 4, 9, 16, 25, 49)
SIZES = (25, 50, 100, 200)
SEARCHES = 300


@dataclass(frozen=True, eq=False)
class Lattice:
    """One network for each of 7 x 7 settings, and which validation samples it gets right."""

    settings: list[dict[str, float]]
    correct: NDArray[np.float64]  # [settings, samples], 0 or 1

    def places(self, settings: Sequence[dict[str, float]]) -> NDArray[np.intp]:
        """The number of the trained setting in whose cell each of `settings` lies."""
        cells = np.clip((shares(settings) * PER_AXIS).astype(int), 0, PER_AXIS - 1)
        return np.ravel_multi_index(tuple(cells.T), (PER_AXIS,) * len(BOX))


@dataclass(frozen=True, eq=False)
class Searches:
    """Many searches of one kind: the score that each reports, and its score on fresh samples."""

    tried: list[list[list[dict[str, float]]]]  # [budgets][searches][settings]
    winner: NDArray[np.intp]  # [budgets, searches]: which of the tried
    reported: Array  # [budgets, searches], accuracies
    fresh: Array


def train_lattice(data: Dataset, *, seed: int = 0, epochs: int | None = None) -> Lattice:
    """Train a network for each setting; a second call returns the same networks at once.

    Left out, `epochs` are 20, or the training share of them.
    """
    return _trained(data, seed, budgeted(EPOCHS) if epochs is None else epochs)


@lru_cache(maxsize=4)
def _trained(data: Dataset, seed: int, epochs: int) -> Lattice:
    if data.num_classes is None or len(data.y_val) < 2 * SIZES[0]:
        raise ValueError(
            f"this panel needs class labels and {2 * SIZES[0]} validation samples or more, got "
            f"{data!r}; pass e.g. load_dataset('digits', n_train=500)"
        )
    settings = grid_settings(BOX, PER_AXIS ** len(BOX))
    data = data.limit_validation()
    x, y = data.x_val, data.y_val
    # The fleet need not score the validation set: its answers are wanted sample by sample.
    part = replace(data.with_label_noise(NOISE, seed), x_val=x[:1], y_val=y[:1])

    def build(setting: dict[str, float]) -> Run:
        return build_mix(data, setting)

    fleet = train_fleet(
        build, part, values=settings, seeds=[seed], epochs=epochs, batch_size=100, progress=False
    )
    with torch.no_grad():
        models = (fleet.model(i, 0).eval() for i in range(len(settings)))
        correct = torch.stack([model(x).argmax(1) == y for model in models])
    return Lattice(settings, correct.double().numpy())


@lru_cache(maxsize=16)
def run_searches(
    lattice: Lattice, how: str, size: int, random_settings: RandomSettings = library_random
) -> Searches:
    """`SEARCHES` searches for every budget, each choosing with `size` samples of its own.

    A second call returns the same at once.
    """
    samples = lattice.correct.shape[1]
    chooses = np.zeros((SEARCHES, samples))
    for number, row in enumerate(chooses):
        row[np.random.default_rng(number).permutation(samples)[:size]] = 1
    watched = chooses @ lattice.correct.T / size
    rest = (1 - chooses) @ lattice.correct.T / (samples - size)
    numbers = range(SEARCHES)
    if how == "grid":
        tried = [[grid_settings(BOX, budget)] * SEARCHES for budget in BUDGETS]
    else:
        longest = [list(random_settings(BOX, BUDGETS[-1], number)) for number in numbers]
        tried = [[settings[:budget] for settings in longest] for budget in BUDGETS]
    winner = np.empty((len(BUDGETS), SEARCHES), dtype=np.intp)
    reported, fresh = np.empty((2, len(BUDGETS), SEARCHES))
    for b, n in itertools.product(range(len(BUDGETS)), numbers):
        places = lattice.places(tried[b][n])
        winner[b, n] = watched[n, places].argmax()
        reported[b, n], fresh[b, n] = (
            scores[n, places[winner[b, n]]] for scores in (watched, rest)
        )
    return Searches(tried, winner, reported, fresh)


def shares(settings: Sequence[dict[str, float]]) -> NDArray[np.float64]:
    """The places of settings in the box, [settings, axes], as shares in [0, 1]."""
    columns = []
    for name, r in BOX.items():
        values, ends = np.array([one[name] for one in settings]), np.array([r.low, r.high])
        if r.log:
            values, ends = np.log(values), np.log(ends)
        columns.append((values - ends[0]) / (ends[1] - ends[0]))
    return np.stack(columns, 1)
