"""What a run must be: `fit` on a fresh build, and what PyTorch itself says of its model."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.snapshot import evaluating
from course_utils.training import DivergedError, fit
from tests.fuzzing.recipes import Recipe

CURVES = ("train_loss", "val_loss", "train_acc", "val_acc")


@dataclass
class Alone:
    """One run by itself."""

    curves: dict[str, list[float]]
    model: nn.Module
    error: Exception | None = None
    diverged: bool = False
    moved: bool = False  # whether `fit` moved PyTorch's global random state


def _fitted(run: Any, data: Dataset, **options: Any) -> Any:
    """The history of `fit` with all that a `Run` holds."""
    parts = {"optimizer": run.optimizer, "penalty": run.penalty, "augment": run.augment}
    return fit(run.model, data, **parts, **options)


def alone(recipe: Recipe, data: Dataset, value: Any, seed: int) -> Alone:
    """Train one value and seed with `fit`; a run that diverges keeps what it recorded before."""
    for epochs in range(recipe.epochs, -1, -1):
        torch.manual_seed(seed)
        run = recipe.build(value)
        before = torch.get_rng_state()
        try:
            options = {"batch_size": recipe.batch_size, "loss_fn": recipe.loss_fn, "seed": seed}
            history = _fitted(run, data, epochs=epochs, **options)
        except DivergedError:
            continue
        # Whatever a learner's code may raise: the fleet must raise the same.
        except Exception as error:
            return Alone({}, run.model, error=error)
        rest = [math.nan] * (recipe.epochs - epochs)
        curves = {name: getattr(history, name) + rest for name in CURVES}
        moved = not torch.equal(before, torch.get_rng_state())
        return Alone(curves, run.model, diverged=bool(rest), moved=moved)
    # Diverged before the first epoch: there is nothing that could be compared.
    return Alone({name: [math.nan] * (recipe.epochs + 1) for name in CURVES}, run.model, None, True)


def tensors(model: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers by name, those that are not saved included."""
    return {
        name: tensor.detach().clone()
        for kind in (model.named_parameters, model.named_buffers)
        for name, tensor in kind(remove_duplicate=False)
    }


def outputs(model: nn.Module, x: Tensor) -> Tensor | None:
    """What the model says of `x` in evaluation, or None where asking again gives another answer."""
    with evaluating(model), torch.no_grad(), torch.random.fork_rng(devices=[]):
        answers = [model(x.clone()).clone() for _ in range(3)]
    same = all(torch.equal(answers[0], other) for other in answers[1:])
    return answers[0] if same else None


def one_plain_step(model: nn.Module, recipe: Recipe, data: Dataset) -> None:
    """Train it for a step in plain PyTorch: raises if something in it is left half changed."""
    model = model.train()
    x, y = data.x_train[:8].clone(), data.y_train[:8].clone()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.0)
    with torch.random.fork_rng(devices=[]):
        recipe.loss_fn(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()


def attempt(action: Any, *arguments: Any) -> tuple[Any, Exception | None]:
    """What calling it returns, and what it raises."""
    try:
        return action(*arguments), None
    # Whatever it is, it is compared with what another model does.
    except Exception as error:
        return None, error


def copied(model: nn.Module) -> nn.Module:
    return copy.deepcopy(model)


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """PyTorch's default inside."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def one_by_one(
    build: Any,
    data: Any,
    *,
    values: Any,
    seeds: Any,
    epochs: int,
    batch_size: int,
    loss_fn: Any,
    progress: bool,
) -> Any:
    """What may stand for a fleet: `fit` for one run after the other, with a reason."""
    histories, models = {}, {}
    for v, value in enumerate(values):
        for s, seed in enumerate(seeds):
            own = data if isinstance(data, Dataset) else data(value, seed)
            for last in range(epochs, -1, -1):
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(seed)
                    run = build(value)
                    try:
                        options = {"batch_size": batch_size, "loss_fn": loss_fn, "seed": seed}
                        history = _fitted(run, own, epochs=last, **options)
                    except DivergedError:
                        continue
                break
            for name in CURVES:
                getattr(history, name).extend([float("nan")] * (epochs - last))
            histories[v, s], models[v, s] = history, run.model
    reason = "these runs train one after the other"
    warnings.warn(reason, stacklevel=1)
    return SimpleNamespace(
        fallback=reason,
        history=lambda v, s: histories[v, s],
        model=lambda v, s: models[v, s],
    )
