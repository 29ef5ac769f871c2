"""Check of lesson 06: when to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import unique

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Passed, checking


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    MIN_DELTA_THE_OTHER_WAY = (
        "`min_delta` is added to the best loss; it makes an improvement harder"
    )
    ONE_EPOCH_TOO_LATE = (
        "it stops after patience + 1 epochs: `>` where `>=` is meant, or counted one too late"
    )
    ONE_EPOCH_TOO_EARLY = (
        "it stops one epoch too early: patience is counted from 1, or lowered on an improvement"
    )
    COUNTS_FROM_1 = "epochs are counted from 1; val_losses[0] is the untrained model, epoch 0"
    WITH_TIES = "ties count as improvements: `<=` where `<` is meant"
    NAN_IMPROVES = (
        "NaN sets the count back, as an improvement does: `not (loss >= ...)` is true for NaN"
    )
    NAN_IS_SKIPPED = "an epoch whose loss is NaN brought no improvement, and is waited for as well"
    NAN_IS_THE_BEST = "NaN takes the place of the best loss, and nothing is smaller than NaN"
    WITHOUT_MIN_DELTA = "`min_delta` is ignored"
    AGAINST_THE_EPOCH_BEFORE = "each loss is compared with the one before, not with the best so far"
    NEVER_RESETS = "the count of waiting epochs is never set back to 0"
    THE_BEST_EPOCH = (
        "this is the best epoch, the one to restore; asked for is the epoch that ends training"
    )
    THE_LAST_IMPROVEMENT = (
        "this is the epoch of the last improvement; asked for is the epoch that ends training"
    )
    LAST_FOR_NONE = (
        "when patience never runs out this gives the last epoch; None says that nothing happened"
    )
    THE_BEST_MOVES_BY_SMALL_STEPS = (
        "the best loss moves by improvements too small to count, so they never add up"
    )
    BEST_STARTS_AT_0 = "the best loss starts at 0, and no loss is below that"
    NEVER_STOPS = "it never stops"


StopFn = Callable[[Sequence[float], int, float], int | None]
nan = math.nan

#: (what it shows, validation losses, patience, min_delta, epoch after which to stop)
_SCRIPTS: list[tuple[str, list[float], int, float, int | None]] = [
    ("it stops after exactly `patience` epochs without improvement", [3, 2, 1, 2, 2, 2], 2, 0.0, 4),
    ("patience 1 stops at the first setback", [3, 2, 2.5, 1], 1, 0.0, 2),
    ("it returns None if patience never runs out", [5, 4, 3, 2, 1], 2, 0.0, None),
    ("an improvement starts the count again", [3, 4, 2, 4, 1, 4, 4], 2, 0.0, 6),
    ("the best loss counts, not the one before", [2, 4, 3.5, 3, 2.5], 3, 0.0, 3),
    ("a tie is no improvement", [3, 2, 2, 2, 2], 3, 0.0, 4),
    ("NaN is no improvement", [3, 2, nan, nan, 2.5, 1], 3, 0.0, 4),
    ("an epoch with a NaN is waited for", [2, 3, nan, 4, 5], 3, 0.0, 3),
    ("after a NaN, a better loss is still an improvement", [3, nan, 2, nan, 1, 0.5], 2, 0.0, None),
    ("an improvement of `min_delta` or less does not count", [2, 1.75, 1.5, 1.25], 2, 0.5, 2),
    ("an improvement of less than `min_delta` does not count", [2, 1.8, 1.6, 1.4], 2, 0.5, 2),
    ("small improvements add up", [4, 3.6, 3.2, 2.8, 2.4, 2.0], 3, 0.5, None),
    ("a larger loss within `min_delta` is no improvement", [3, 2, 2.2, 2.4], 2, 0.5, 3),
    ("the untrained model counts as a first best", [1, 2, 3, 0.5], 2, 0.0, 2),
]
_MARGIN_ABOVE_BEST = Mistake.MIN_DELTA_THE_OTHER_WAY


def early_stopping(fn: StopFn) -> Passed:
    """Check ``fn(val_losses, patience, min_delta)`` -> the epoch after which to stop, or None.

    ``val_losses[e]`` is the loss after e epochs. An improvement is a loss that lies more than
    `min_delta` below that of the last improvement.

    Raises:
        CheckFailed: with what was got, what was expected, and a hint at the mistake.
    """
    with checking("early_stopping") as check:
        given = [list(losses) for _, losses, *_ in _SCRIPTS]
        answers = [
            fn(losses, patience, min_delta)
            for losses, (_, _, patience, min_delta, _) in zip(given, _SCRIPTS, strict=True)
        ]
        hint = _named(answers) or "follow the best loss and the count of waiting epochs by hand"
        for (what, losses, patience, min_delta, expected), got in zip(
            _SCRIPTS, answers, strict=True
        ):
            check.that(
                type(got) in (int, type(None)) and got == expected,
                what,
                on=f"val_losses = {losses}, patience = {patience}, min_delta = {min_delta}",
                expected="None (never stops)" if expected is None else f"epoch {expected}",
                got=got,
                hint=hint,
            )
        check.that(
            repr(given) == repr([losses for _, losses, *_ in _SCRIPTS]),  # NaN is not equal to NaN
            "the record of losses is kept",
            on="all of the lists above",
            expected="the same lists before and after",
            got="changed lists",
            hint="a pure function reads the record and changes nothing",
        )
    return check.passed()


def _named(answers: Sequence[object]) -> str | None:
    """The mistake whose answers are these on all of the scripts."""
    for text, mistake in _MISTAKES.items():
        if list(answers) == [mistake(losses, p, d) for _, losses, p, d, _ in _SCRIPTS]:
            return text
    return None


def _rule(
    losses: Sequence[float],
    patience: int,
    improved: Callable[[float, float], bool],
    *,
    forgets: bool = True,
    best_of: Callable[[float, float, bool], float] | None = None,
    first: float = math.inf,
) -> int | None:
    """Patience with a hole in it: another test of improvement, or another idea of the best."""
    best, waited = first, 0
    for epoch, loss in enumerate(losses):
        better = improved(loss, best)
        waited = (0 if forgets else waited) if better else waited + 1
        best = best_of(best, loss, better) if best_of else (loss if better else best)
        if waited >= patience:
            return epoch
    return None


def _plain(min_delta: float) -> Callable[[float, float], bool]:
    return lambda loss, best: loss < best - min_delta


def _best_epoch(losses: Sequence[float], patience: int, min_delta: float) -> int | None:
    stop = _rule(losses, patience, _plain(min_delta))
    if stop is None:
        return None
    return min(range(stop + 1), key=lambda e: (math.isnan(losses[e]), losses[e], e))


def _last_improvement(losses: Sequence[float], patience: int, min_delta: float) -> int | None:
    stop = _rule(losses, patience, _plain(min_delta))
    best, at = math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < best - min_delta:
            best, at = loss, epoch
        if epoch == stop:
            return at
    return None


def _shifted(by: int) -> StopFn:
    def answer(losses: Sequence[float], patience: int, min_delta: float) -> int | None:
        stop = _rule(losses, patience, _plain(min_delta))
        return None if stop is None else stop + by

    return answer


def _without_nan(losses: Sequence[float], patience: int, min_delta: float) -> int | None:
    """Only epochs with a number are counted as waiting; the epoch's own number stays right."""
    numbers = [epoch for epoch, loss in enumerate(losses) if not math.isnan(loss)]
    stop = _rule([losses[epoch] for epoch in numbers], patience, _plain(min_delta))
    return None if stop is None else numbers[stop]


_MISTAKES: dict[str, StopFn] = {
    Mistake.ONE_EPOCH_TOO_LATE: (lambda ls, p, d: _rule(ls, p + 1, _plain(d))),
    Mistake.ONE_EPOCH_TOO_EARLY: (lambda ls, p, d: _rule(ls, max(p - 1, 1), _plain(d))),
    Mistake.COUNTS_FROM_1: _shifted(1),
    Mistake.WITH_TIES: (lambda ls, p, d: _rule(ls, p, lambda loss, best: loss <= best - d)),
    Mistake.NAN_IMPROVES: (lambda ls, p, d: _rule(ls, p, lambda loss, best: not loss >= best - d)),
    Mistake.NAN_IS_SKIPPED: _without_nan,
    Mistake.NAN_IS_THE_BEST: (
        lambda ls, p, d: _rule(
            ls,
            p,
            _plain(d),
            best_of=lambda best, loss, better: loss if better or loss != loss else best,
        )
    ),
    Mistake.WITHOUT_MIN_DELTA: lambda ls, p, d: _rule(ls, p, _plain(0.0)),
    _MARGIN_ABOVE_BEST: lambda ls, p, d: _rule(ls, p, lambda loss, best: loss < best + d),
    Mistake.AGAINST_THE_EPOCH_BEFORE: (
        lambda ls, p, d: _rule(ls, p, _plain(d), best_of=lambda best, loss, better: loss)
    ),
    Mistake.NEVER_RESETS: (lambda ls, p, d: _rule(ls, p, _plain(d), forgets=False)),
    Mistake.THE_BEST_EPOCH: (_best_epoch),
    Mistake.THE_LAST_IMPROVEMENT: (_last_improvement),
    Mistake.LAST_FOR_NONE: (
        lambda ls, p, d: s if (s := _rule(ls, p, _plain(d))) is not None else len(ls) - 1
    ),
    Mistake.THE_BEST_MOVES_BY_SMALL_STEPS: (
        lambda ls, p, d: _rule(
            ls,
            p,
            _plain(d),
            best_of=lambda best, loss, better: loss if loss < best else best,
        )
    ),
    Mistake.BEST_STARTS_AT_0: (lambda ls, p, d: _rule(ls, p, _plain(d), first=0.0)),
    Mistake.NEVER_STOPS: lambda ls, p, d: None,
}
