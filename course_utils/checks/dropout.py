"""Check of lesson 03: dropout."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check, Passed, checking


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    WITHOUT_RESCALING = (
        "survivors are not rescaled, so a layer gives less in training than in evaluation"
    )
    DIVIDED_BY_P = "survivors are divided by p; what is left of the sum is the share that survives"
    SHRUNK_TWICE = "survivors are multiplied by the share that survives, which shrinks them twice"
    MULTIPLIED_BY_P = "survivors are multiplied by p; nothing keeps the mean where it was"
    SEEDED_INSIDE = (
        "the mask is frozen: a seed set inside the function, or a mask kept between calls"
    )
    ONE_MASK_FOR_THE_BATCH = "one mask serves the whole batch; draw it in the shape of x"
    IN_PLACE = "an in-place operation (*=, mul_, x[mask] = 0) changes the activations themselves"
    ACTIVE_IN_EVALUATION = (
        "units vanish in evaluation; `training` has to decide whether any are dropped"
    )
    SCALED_IN_EVALUATION_TOO = (
        "activations are scaled in evaluation as well; inverted dropout scales in training only"
    )
    SCALED_UP_IN_EVALUATION = (
        "activations are scaled up in evaluation as well; only survivors of training need it"
    )
    KEEPS_WITH_P = "p and 1 - p are swapped: p is the share that is dropped"
    DROPS_ALL_AT_0 = "p = 0 dropped everything: p and 1 - p are mixed up"
    NAN_AT_0 = "this is 0 / 0: with p = 0 nothing is to be dropped, nor anything divided by p"


DropoutFn = Callable[[Tensor, float, bool], Tensor]


def dropout(fn: DropoutFn) -> Passed:
    """Check ``fn(x, p, training)`` -> inverted dropout of x, any shape.

    Raises:
        CheckFailed: with what was got, what was expected, and a hint at the mistake.
    """
    with checking("dropout") as check:
        x = torch.linspace(0.5, 2.0, 12).reshape(3, 4)
        for p in (0.5, 0.2):
            _does_nothing_in_evaluation(check, fn, x, p)
        given = x.clone()
        check.close(
            "p = 0 drops nothing",
            check.tensor(fn(given, 0.0, True), tuple(x.shape), on="p = 0, training"),
            x,
            on="x of shape (3, 4), p = 0, training=True",
            hint="with p = 0 every unit survives, unscaled",
            mistakes={
                Mistake.DROPS_ALL_AT_0: torch.zeros_like(x),
                Mistake.NAN_AT_0: (x * torch.nan),
                Mistake.DIVIDED_BY_P: (x * torch.inf),
            },
        )
        _fresh_masks(check, fn)
        for p in (0.2, 0.5, 0.8):
            _drops_and_scales(check, fn, p)
        fn(given, 0.5, True)
        check.that(
            torch.equal(given, x),
            "the input is kept",
            on="x of shape (3, 4), p = 0.5, training=True",
            expected=x,
            got=given,
            hint=Mistake.IN_PLACE,
        )
        _gradient_of_survivors(check, fn)
    return check.passed()


def _does_nothing_in_evaluation(check: Check, fn: DropoutFn, x: Tensor, p: float) -> None:
    on = f"x of shape (3, 4), p = {p}, training=False"
    got = check.tensor(fn(x.clone(), p, False), tuple(x.shape), on=on)
    check.close(
        "evaluation changes nothing",
        got,
        x,
        on=on,
        hint=Mistake.ACTIVE_IN_EVALUATION
        if (got == 0).any()
        else "in evaluation x comes back as it is",
        mistakes={
            Mistake.SCALED_IN_EVALUATION_TOO: x * (1 - p),
            Mistake.SCALED_UP_IN_EVALUATION: x / (1 - p),
        },
    )


def _drops_and_scales(check: Check, fn: DropoutFn, p: float) -> None:
    on = f"a batch of ones of shape (200, 100), p = {p}, training=True"
    out = check.tensor(fn(torch.ones(200, 100), p, True), (200, 100), on=on)
    share = float((out == 0).double().mean())
    kept = out[out != 0]
    check.that(
        len(kept) > 0,
        "some units survive",
        on=on,
        expected=f"about {1 - p:.0%} of the units",
        got="none",
        hint="the draw has to differ from unit to unit",
    )
    swapped = p != 0.5 and abs(share - (1 - p)) < 0.03
    check.that(
        abs(share - p) < 0.03,  # six standard deviations or more of 20,000 draws
        "a share p of the units is dropped",
        on=on,
        expected=f"about {p:.0%} zeros",
        got=f"{share:.1%} zeros",
        hint=Mistake.KEEPS_WITH_P
        if swapped
        else "p is the chance that a unit is dropped; compare a uniform draw with it",
    )
    scales = {
        Mistake.WITHOUT_RESCALING: 1.0,
        Mistake.DIVIDED_BY_P: 1 / p,
        Mistake.SHRUNK_TWICE: 1 - p,
        Mistake.MULTIPLIED_BY_P: p,
    }
    check.close(
        "survivors make up for the rest, so the mean stays",
        kept,
        torch.full_like(kept, 1 / (1 - p)),
        on=on + ": the units that survive",
        hint="over many draws the mean of a unit has to stay what it was in evaluation",
        mistakes={text: torch.full_like(kept, scale) for text, scale in scales.items()},
    )


def _fresh_masks(check: Check, fn: DropoutFn) -> None:
    on = "a batch of ones of shape (20, 50), p = 0.5, training=True"
    ones = torch.ones(20, 50)
    first, second = fn(ones.clone(), 0.5, True), fn(ones.clone(), 0.5, True)
    if not 0 < int((first == 0).sum()) < first.numel():
        return  # there is no mask to look at, which the checks of the shares will report
    check.that(
        not torch.equal(first, second),
        "each call draws a new mask",
        on=f"{on}, called twice",
        expected="two different masks",
        got="the same mask twice",
        hint=Mistake.SEEDED_INSIDE,
    )
    check.that(
        not torch.equal(first[0].expand_as(first), first),
        "each sample has its own mask",
        on=on,
        expected="different units dropped in different rows",
        got="the same units dropped in all 20 rows",
        hint=Mistake.ONE_MASK_FOR_THE_BATCH,
    )
    check.that(
        not torch.equal(first[:, :1].expand_as(first), first),
        "units drop one by one",
        on=on,
        expected="some units of a row dropped, others not",
        got="whole rows dropped or kept",
        hint="one draw decides for all units of a sample; draw in the shape of x",
    )


def _gradient_of_survivors(check: Check, fn: DropoutFn) -> None:
    x = torch.ones(8, 8, requires_grad=True)
    out = fn(x, 0.5, True)
    what, on = "the gradient passes through the survivors", "ones of shape (8, 8), p = 0.5"
    check.that(
        out.requires_grad,
        what,
        on=on,
        expected="an output that `backward()` can start from",
        got="an output without a gradient",
        hint="`.data`, `.detach()`, `.numpy()` and `torch.tensor(...)` cut the gradient off",
    )
    out.sum().backward()  # type: ignore[no-untyped-call]
    check.close(
        what,
        torch.zeros_like(x) if x.grad is None else x.grad,
        out,
        on=on,
        hint="each unit's gradient is its own multiplier: 0 where it was dropped",
    )
