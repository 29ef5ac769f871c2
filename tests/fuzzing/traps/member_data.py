"""Data, values and hooks that differ from member to member."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Run
from tests.fuzzing.layers import Apply
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.members import Draw
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


@TRAPS("data of different sizes")
def sizes(q: Random, recipe: Recipe) -> None:
    way = q.choice(["training", "validation", "both", "last seed only", "dtype of x", "values"])
    recipe.notes["data"] = f"differ in {way}"
    task, cached = recipe.task, {}

    def data(value: Any, seed: int) -> Dataset:
        if (repr(value), seed) in cached:
            return cached[repr(value), seed]
        place = recipe.seeds.index(seed)
        if way == "values":
            place = [repr(v) for v in recipe.values].index(repr(value))
        if way == "last seed only":
            place = int(place == len(recipe.seeds) - 1)
        made = task.dataset(seed=seed, n=task.n - place * (way not in ("validation", "dtype of x")))
        if way in ("validation", "both"):
            keep = len(made.x_val) - place
            made = replace(made, x_val=made.x_val[:keep], y_val=made.y_val[:keep])
        if way == "dtype of x" and place:
            # In float64 as the others, but not contiguous.
            x = made.x_train.transpose(0, -1).contiguous().transpose(0, -1)
            made = replace(made, x_train=x)
        cached[repr(value), seed] = made
        return made

    recipe.data = data


@TRAPS("hook on one member only")
def hook(q: Random, recipe: Recipe) -> None:
    draw = Draw(q, recipe)
    draw.odd = True
    way = q.choice(["parameter", "module", "optimizer", "frozen", "group", "loaded"])
    recipe.notes["hook"] = way

    def register(run: Run, value: Any) -> None:
        first = next(p for p in run.model.parameters() if p.requires_grad)
        if draw.u < 0.5:
            return
        if way == "parameter":
            first.register_hook(lambda g: 0.1 * g)
        elif way == "module":
            run.model.register_forward_hook(lambda module, args, output: 0.5 * output)
        elif way == "optimizer":
            run.optimizer.register_step_post_hook(lambda *_: first.data.mul_(0.9))
        elif way == "frozen":
            first.requires_grad_(False)
        elif way == "group":
            run.optimizer.param_groups[0]["lr"] *= 0.5
        else:
            with torch.no_grad():
                first.fill_(0.1)

    recipe.finish.append(register)


@TRAPS("value that only Python can tell apart")
def values(q: Random, recipe: Recipe) -> None:
    """Functions, classes and tuples as values; the graph is chosen by them."""
    functions = [torch.tanh, torch.sin, F.softsign]
    kinds: dict[str, list[Any]] = {
        "functions": functions,
        "classes": [nn.Tanh, nn.Softsign, nn.ELU],
        "booleans": [True, False],
        "tuples": [("a", 1), ("a", 2), ("b", 1)],
        "none": [None, 0.5],
        "equal numbers": [1, 1.0, True],
        "dicts": [{"slope": 0.1}, {"slope": 0.5}],
    }
    name = q.choice(list(kinds))
    first = recipe.values[0]
    recipe.values, recipe.notes["values"] = kinds[name], name
    now: dict[str, Any] = {}
    recipe.penalty = lambda model, value: None
    recipe.augment = lambda value: None
    recipe.optimizer = lambda model, value: torch.optim.SGD(model.parameters(), lr=0.1)
    recipe.notes["optimizer"] = "SGD"
    network = recipe.network

    def chosen(value: Any) -> nn.Module:
        now["value"] = value
        return network(first)

    def inside(width: int) -> nn.Module:
        value = now["value"]
        if isinstance(value, type):
            return value()
        if callable(value):
            return Apply(value)
        scale = 1.0 + 0.1 * [repr(v) for v in recipe.values].index(repr(value))
        return Apply(lambda h: scale * h)

    recipe.network, recipe.inside = chosen, inside
    task = recipe.task
    recipe.data = task.dataset()
