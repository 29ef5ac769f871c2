"""What a run is started with: its settings, its data and its model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from course_utils.argument_checks.optimizers import check_optimizer
from course_utils.data import Dataset
from course_utils.data.argument_checks import whole
from course_utils.regularizers import BatchNorm1d
from course_utils.snapshot import evaluating


def check_run(
    model: nn.Module, data: Dataset, optimizer: Any, *, epochs: Any, batch_size: Any
) -> tuple[int, int]:
    """Raise an error for a run that cannot train, before any time is spent on it.

    Returns:
        `epochs` and `batch_size` as plain ints (of NumPy's, say).
    """
    if not isinstance(data, Dataset):
        raise TypeError(
            f"data must be a Dataset, got a {type(data).__name__}; use for example "
            "load_dataset('digits') or Dataset.from_tensors(x, y)"
        )
    epochs = _at_least(0, epochs, "epochs", "0 only scores the model")
    batch_size = _at_least(1, batch_size, "batch_size", "try 50")
    if data.n_train == 0 or len(data.x_val) == 0:
        raise ValueError(
            f"{data.name} has {data.n_train} training and {len(data.x_val)} validation samples; "
            "fit needs at least one of each"
        )
    check_model(model)
    check_optimizer(optimizer, model)
    if epochs > 0:
        if not torch.is_grad_enabled():
            raise ValueError(
                "training needs gradients, got a call inside of torch.no_grad() or "
                "inference_mode(); train outside of it"
            )
        if (data.n_train % batch_size or batch_size) == 1:
            _check_batch_norm(model, data, batch_size)
    return epochs, batch_size


def check_samples(x: Any, y: Any) -> None:
    """Refuse inputs and targets that cannot be scored."""
    for name, values in (("x", x), ("y", y)):
        if not isinstance(values, Tensor):
            raise TypeError(
                f"{name} must be a tensor, got a {type(values).__name__}; write "
                f"evaluate(model, x, y) with tensors such as torch.as_tensor({name})"
            )
    if y.ndim == 0 or x.ndim == 0 or len(x) != len(y):
        raise ValueError(
            f"x and y must have the same length, got shapes {tuple(x.shape)} and {tuple(y.shape)}; "
            "select the same rows of both"
        )
    if len(x) == 0:
        raise ValueError("cannot score 0 samples: x is empty; pass at least one sample")


def checked_seed(seed: Any) -> int:
    """`seed` as a plain int; True, 1.0 and "1" would each silently be another seed than 1."""
    number = whole(seed)
    if number is None:
        raise ValueError(f"seed must be a whole number, got {seed!r}; use for example seed=0")
    if not -(2**63) <= number < 2**64:
        raise ValueError(f"seed must be a number of 64 bits, got {seed}; use for example seed=0")
    return number


def checked_seeds(seeds: Any) -> list[int]:
    """The seeds as a list: 0 .. n-1 for a number n, else those of the iterable, all different."""
    count = whole(seeds)
    if count is not None:
        if count < 1:
            raise ValueError(
                f"seeds must be at least 1, got {count}; 8 show the spread between runs"
            )
        return list(range(count))
    if not isinstance(seeds, Iterable) or isinstance(seeds, str | bytes) or _ndim(seeds) == 0:
        raise ValueError(
            f"seeds must be how many (a whole number) or which (a list of them), got {seeds!r}; "
            "8 show the spread between runs"
        )
    chosen = [checked_seed(seed) for seed in seeds]
    if not chosen:
        raise ValueError("seeds must hold at least one seed, got none; 8 show the spread")
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"seeds must differ from each other, got {chosen}")
    return chosen


def checked_index(word: str, index: Any, of: str, count: int) -> int:
    """The place, from 0, that `index` means among `count`; below 0 it counts from the end."""
    number = whole(index)
    if number is None or not -count <= number < count:
        raise IndexError(
            f"{word} must be a whole number in 0 .. {count - 1}, got {index!r}; it is a place in "
            f"{of}, as in {of}[{word}]"
        )
    return number % count


def _at_least(least: int, value: Any, word: str, hint: str) -> int:
    number = whole(value)
    if number is None:
        raise ValueError(f"{word} must be a whole number, got {value!r}; {hint}")
    if number < least:
        raise ValueError(f"{word} must be at least {least}, got {number}; {hint}")
    return number


def _ndim(values: Any) -> int:
    """The dimensions of an array or a tensor; 1 for anything else."""
    return getattr(values, "ndim", 1)


def check_called(role: str, part: Any, example: str) -> None:
    """Raise an error unless `part` is None or can be called as `role`, e.g. "penalty(model)"."""
    if part is None or (callable(part) and not isinstance(part, type)):
        return
    name = role.partition("(")[0]
    got = f"the class {part.__name__}" if isinstance(part, type) else _shown(part)
    raise TypeError(f"{name} must be called as {role}, got {got}; use for example {example}")


def _shown(part: Any) -> str:
    return f"a tensor of shape {tuple(part.shape)}" if isinstance(part, Tensor) else repr(part)


def check_parts(penalty: Any, augment: Any) -> None:
    """Raise an error unless a penalty and an augmentation, where there are any, can be called."""
    check_called("penalty(model)", penalty, "penalty=lambda model: 0.01 * l2_penalty(model)")
    check_called("augment(x)", augment, "augment=lambda x: x + 0.1 * torch.randn_like(x)")


def check_module(model: Any) -> None:
    """Raise an error unless `model` is a module."""
    if not isinstance(model, nn.Module):
        got = f"the class {model.__name__}" if isinstance(model, type) else repr(model)
        if isinstance(model, torch.optim.Optimizer):
            got = f"an optimizer, {type(model).__name__}"
        raise TypeError(
            f"model must be an nn.Module, got {got}; write for example MLP(64, [32], 10)"
        )


def check_model(model: Any) -> None:
    """Raise an error unless `model` is a module with parameters, all on one device."""
    check_module(model)
    devices = sorted({str(p.device) for p in model.parameters()})
    if not devices:
        raise ValueError("the model has no parameters, so there is nothing to train; add a layer")
    if len(devices) > 1:
        raise ValueError(
            f"the model's parameters must be on one device, got {' and '.join(devices)}; "
            f"move them before the optimizer is built: model.to({devices[0]!r})"
        )


def _check_batch_norm(model: nn.Module, data: Dataset, batch_size: int) -> None:
    """Raise an error for a batch of one sample if a batch norm would see one number per channel.

    Only a forward pass shows which shapes a layer meets, so one sample runs through the model in
    evaluation mode, which changes neither weights nor statistics.
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm | BatchNorm1d)]
    if not norms:
        return
    n = data.n_train
    sizes = (size for size in range(batch_size + 1, n + 1) if n % size != 1)
    remedy = f"use batch_size={next(sizes)}" if n > 1 else "give at least 2 training samples"

    def look(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if id(layer) in training and inputs and inputs[0].numel() == inputs[0].shape[1]:
            raise ValueError(
                f"a batch for {type(layer).__name__} must have at least 2 samples, for the "
                f"variance of one is 0, got {n} training samples in batches of {batch_size}, "
                f"of which the last has 1; {remedy}"
            )

    with evaluating(model), torch.no_grad(), torch.random.fork_rng(devices=[]):
        model.train()
        training = {id(layer) for layer in norms if layer.training}
        model.eval()
        handles = [layer.register_forward_pre_hook(look) for layer in norms]
        try:
            model(data.x_train[:1].to(next(iter(model.parameters())).device, copy=True))
        finally:
            for handle in handles:
                handle.remove()
