"""Whether a fleet kept its promise in one case: equal, alone with a reason, or refused alike."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet, train_fleet
from tests.fuzzing.alone import (
    Alone,
    alone,
    attempt,
    copied,
    default_dtype,
    tensors,
)
from tests.fuzzing.comparing import (
    DataWatch,
    Verdict,
    judge_member,
    judge_model,
    judge_refusal,
    judge_words,
    random_states,
)
from tests.fuzzing.recipes import Recipe

Member = tuple[int, int]  # which value, which seed
Train = Callable[..., Fleet]


def by_epochs(*arguments: Any, progress: bool, **settings: Any) -> Fleet:
    """`train_fleet` as the panels use it: one epoch after the other."""
    fleets = list(iter_fleet(*arguments, **settings))
    return fleets[-1]


def judge(recipe: Recipe, train: Train = train_fleet) -> Verdict:
    """Run everything alone, then as a fleet, and compare."""
    seeded()
    outer = torch.get_rng_state()
    try:
        with default_dtype(recipe.default_dtype), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _judge(recipe, train)
    finally:
        torch.set_rng_state(outer)


def seeded() -> None:
    """The same start for each case, so that it can be repeated by itself."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  # the global one is what a learner's code may use
    torch.manual_seed(12345)


def _judge(recipe: Recipe, train: Train) -> Verdict:
    verdict = Verdict()
    data = {
        (v, s): recipe.data if isinstance(recipe.data, Dataset) else recipe.data(value, seed)
        for v, value in enumerate(recipe.values)
        for s, seed in enumerate(recipe.seeds)
    }
    watch = DataWatch(data.values())
    with warnings.catch_warnings(record=True) as known:
        warnings.simplefilter("always")
        runs = _all_alone(verdict, recipe, data, watch)
    # Copied before the fleet runs, whose modules may share Python state with these.
    weights = {m: {} if run.error else tensors(run.model) for m, run in runs.items()}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        fleet, built = _as_fleet(verdict, recipe, train, runs)
    for name in watch.changed():
        verdict.add("fleet changed data", name)
    if fleet is None:
        return verdict
    verdict.fallback = fleet.fallback
    verdict.how = "together" if fleet.fallback is None else "alone"
    judge_words(verdict, fleet, {str(w.message) for w in warned} - {str(w.message) for w in known})
    equal = [
        judge_member(verdict, _name(recipe, m), recipe, runs[m], weights[m], fleet, m) for m in runs
    ]
    if all(equal) and recipe.repeatable:
        # This calls the models again, and so comes last.
        _afterwards(verdict, recipe, data, runs, fleet, built)
        for name in watch.changed():
            verdict.add("fleet changed data", f"{name}, by its model in plain PyTorch")
    return verdict


def _all_alone(
    verdict: Verdict, recipe: Recipe, data: dict[Member, Dataset], watch: DataWatch
) -> dict[Member, Alone]:
    """Each run by itself."""
    runs: dict[Member, Alone] = {}
    changed: set[str] = set()
    for (v, s), own in data.items():
        runs[v, s] = alone(recipe, own, recipe.values[v], recipe.seeds[s])
        changed |= set(watch.changed())
        watch.restore()
    for name in sorted(changed):
        verdict.add("fit changed data", name)
    if any(run.moved for run in runs.values()) and not recipe.moves_generators:
        verdict.add("fit moved the random state", "PyTorch's global generator")
    return runs


def _as_fleet(
    verdict: Verdict, recipe: Recipe, train: Train, runs: dict[Member, Alone]
) -> tuple[Fleet | None, list[Run]]:
    """All of them together, with everything that was built for it; None if it raised."""
    built: list[Run] = []

    def build(value: Any) -> Run:
        built.append(recipe.build(value))
        return built[-1]

    fleet = None
    seeded()
    states = random_states()
    try:
        fleet = train(
            build,
            recipe.data,
            values=recipe.values,
            seeds=recipe.seeds,
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            loss_fn=recipe.loss_fn,
            progress=False,
        )
    # Whatever it is, it is compared with what `fit` says.
    except Exception as error:
        judge_refusal(verdict, error, [r.error for r in runs.values() if r.error is not None])
    if not recipe.moves_generators:
        after = random_states()
        for name in states:
            if states[name] != after[name]:
                verdict.add("fleet moved the random state", name)
    return fleet, built


def _afterwards(
    verdict: Verdict,
    recipe: Recipe,
    data: dict[Member, Dataset],
    runs: dict[Member, Alone],
    fleet: Fleet,
    built: list[Run],
) -> None:
    """What a recording may leave behind in the learner's modules."""
    some = next(iter(runs.values())).model
    for run in built:
        if any(map(nn.parameter.is_lazy, run.model.parameters())):
            continue  # nobody has called it: its run was built anew, in its turn
        _, error = attempt(copied, run.model)
        # Activations that belong to a graph are left behind by plain PyTorch too.
        ours = error is not None and "graph leaves" not in str(error)
        if ours and attempt(copied, some)[1] is None:
            verdict.add("module", f"what build made cannot be copied any more: {error!r:.200}")
            break
    for m, run in runs.items():
        if not run.diverged:
            judge_model(verdict, _name(recipe, m), recipe, run, fleet.model(*m), data[m])


def _name(recipe: Recipe, member: Member) -> str:
    return f"value {recipe.values[member[0]]!r}, seed {recipe.seeds[member[1]]}"
