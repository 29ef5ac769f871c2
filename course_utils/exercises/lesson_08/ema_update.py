"""Visible check of exercise 08: ``ema_update``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from enum import unique

import torch
from torch import Tensor, nn
from torch.optim import swa_utils

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    DECAY_OF_THE_NEW = "the shares are swapped: `decay` is the share of the average's own old value"
    COPIED = "these are the weights of the model itself; the average follows slowly"
    NOTHING_MOVED = (
        "the average has not changed; write into its tensors, also those of frozen layers: "
        "`old.copy_(...)`, `old += ...`"
    )
    WITHOUT_BUFFERS = "the buffers were not updated; batch norm predicts with them"
    UNSAVED_LEFT = (
        "this buffer was not updated: state_dict() has only those that are saved, buffers() has all"
    )
    BUFFERS_COPIED = "the running statistics were copied; average them as the weights"
    COUNTER_AVERAGED = "a count, a buffer of whole numbers, was averaged; copy it"
    COUNTER_KEPT = "a count, a buffer of whole numbers, was not updated; copy it"
    MODEL_CHANGED = "`model` was changed; only `average` may change"
    GRAPH_KEPT = (
        "the average has a graph behind it, new parameters, or another requires_grad; write into "
        "its present parameters, under torch.no_grad()"
    )
    SHARED_TWICE = (
        "a parameter that two layers share was updated twice: state_dict() has it under two names, "
        "parameters() has it once"
    )


#: Library functions that do the whole task.
AVERAGES = (
    *(swa_utils.AveragedModel.__init__, swa_utils.AveragedModel.update_parameters),
    *(swa_utils.get_ema_multi_avg_fn, swa_utils.get_ema_avg_fn),
)

Update = Callable[[nn.Module, nn.Module, float], object]


def ema_update(answer: Update) -> None:
    """Task ``ema_update(average, model, decay)``."""
    with attempt("ema_update", answer, by_hand=AVERAGES) as check:
        model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        followed(check, answer, model, 0.75, "Linear(2, 3) and BatchNorm1d(3)", steps=2)


def followed(
    check: Check, answer: Update, model: nn.Module, decay: float, what: str, *, steps: int
) -> None:
    """Check that `answer` updates all tensors of a copy of `model` as it trains for some steps."""
    average = copy.deepcopy(model)
    kind = next(model.parameters()).dtype
    with torch.no_grad():
        for p in average.parameters():
            p.add_(torch.randn(p.shape, dtype=kind))
    for step in range(steps):
        on = f"{what}, decay = {decay}, update {step + 1}"
        with torch.no_grad():
            for p in model.parameters():
                p.add_(torch.randn(p.shape, dtype=kind))
            for _ in range(5):
                model.train()(torch.randn(6, 2, dtype=kind))
        for p in model.parameters():
            p.grad = torch.ones_like(p) if p.requires_grad else None
        before, there = copy.deepcopy(average), copy.deepcopy(model)
        owned = list(average.parameters())
        needs = [p.requires_grad for p in owned]
        given = answer(average, model, decay)
        check.that(
            given is None,
            "nothing is returned",
            on=on,
            expected=None,
            got=type(given).__name__,
            hint="change `average` in place, and return nothing",
        )
        modes = [[m.training for m in net.modules()] for net in (model, there)]
        slopes = [p.grad is not None for p in model.parameters()]
        check.that(
            modes[0] == modes[1] and slopes == [p.requires_grad for p in model.parameters()],
            "the model keeps its mode and its gradients",
            on=on,
            expected=f"training = {there.training}, and the gradients of its last step",
            got="another mode, or other gradients",
            hint="only read the tensors of `model`, and change nothing in it",
        )
        check.that(
            all(torch.equal(a, b) for a, b in zip(_all(model), _all(there), strict=True)),
            "the model is not changed",
            on=on,
            expected="the same numbers before and after",
            got="changed numbers",
            hint=Mistake.MODEL_CHANGED,
        )
        now = list(average.parameters())
        held = len(now) == len(owned) and all(a is b for a, b in zip(now, owned, strict=True))
        held = held and all(t.grad_fn is None for t in _all(average))
        held = held and [p.requires_grad for p in now] == needs
        check.that(
            held,
            "the average keeps its parameters, and no graph",
            on=on,
            expected="the same parameters, without a graph",
            got="other parameters, a graph, or another requires_grad",
            hint=Mistake.GRAPH_KEPT,
        )
        for name, got in _named(average):
            old, new = dict(_named(before))[name], dict(_named(there))[name]
            left = Mistake.NOTHING_MOVED
            if name in dict(before.named_buffers()):
                saved = name in before.state_dict()
                left = Mistake.WITHOUT_BUFFERS if saved else Mistake.UNSAVED_LEFT
            _one(check, name, got, old, new, decay, on, left)
        _apart(check, average, model, on)


def _one(
    check: Check, name: str, got: Tensor, old: Tensor, new: Tensor, decay: float, on: str, left: str
) -> None:
    """Check one tensor of the average; `left` is the hint if it has not changed."""
    counts = not old.is_floating_point()
    mixed = decay * old + (1 - decay) * new
    mistakes: dict[str, Tensor] = {
        Mistake.DECAY_OF_THE_NEW: (1 - decay) * old + decay * new,
        Mistake.SHARED_TWICE: decay * mixed + (1 - decay) * new,
        (Mistake.COPIED if left == Mistake.NOTHING_MOVED else Mistake.BUFFERS_COPIED): new,
        left: old,
    }
    if counts:
        mistakes = {Mistake.COUNTER_KEPT: old, Mistake.COUNTER_AVERAGED: mixed.to(old.dtype)}
        if torch.equal(old, mixed.to(old.dtype)):
            mistakes = {}
    check.that(
        got.dtype == old.dtype and got.shape == old.shape,
        "shapes and dtypes stay",
        on=f"{on}: {name}",
        expected=f"{old.dtype} of shape {tuple(old.shape)}",
        got=f"{got.dtype} of shape {tuple(got.shape)}",
        hint=Mistake.COUNTER_AVERAGED if counts else "write into the present tensor",
    )
    check.close(
        "whole numbers are copied" if counts else "weights and statistics follow the model",
        got,
        new if counts else mixed,
        on=f"{on}: {name}",
        hint="decay times the old value, plus 1 - decay times the model's",
        mistakes=mistakes,
    )
    off = float((got - (new if counts else mixed)).detach().abs().max())
    check.that(
        old.dtype != torch.float64 or off < 1e-9,
        "numbers are mixed in their own dtype",
        on=f"{on}: {name}",
        expected="the result of the formula in float64, to 1e-9",
        got=f"numbers that are off by up to {off:.1e}",
        hint="mix the tensors as they are; `.float()` rounds them",
    )


def _apart(check: Check, average: nn.Module, model: nn.Module, on: str) -> None:
    """Check that average and model share no memory."""
    theirs = {t.data_ptr() for t in _all(model)}
    check.that(
        not any(t.data_ptr() in theirs for t in _all(average)),
        "the average shares no memory with the model",
        on=on,
        expected="tensors that do not change when the model trains on",
        got="a tensor that is the model's own",
        hint="copy the numbers, not the tensor",
    )


def _named(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from model.named_parameters()
    yield from model.named_buffers()


def _all(model: nn.Module) -> Iterator[Tensor]:
    return (tensor for _, tensor in _named(model))
