"""Visible check of exercise 01: ``corrupt_labels``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
from torch import Generator, Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.data import Dataset
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    IN_PLACE = "y was changed in place; write into a copy, y.clone(), or pick with torch.where"
    ONE_CLASS_TOO_MANY = "num_classes itself is drawn; the upper end of torch.randint is exclusive"
    GLOBAL_DRAWS = (
        "pass `generator=generator` to every draw: of what to redraw, and of the new class"
    )
    SEEDED_INSIDE = "use the generator as it is passed in; do not seed it again"
    ALWAYS_ANOTHER_CLASS = (
        "this share of labels is wrong if a redrawn label is never the old one; *all* classes "
        "includes the old one"
    )
    KEEPS_THE_FRACTION = "fraction and 1 - fraction are swapped"
    WITHOUT_THE_LAST_CLASS = "the last class, num_classes - 1, is never drawn"
    WITHOUT_CLASS_0 = "class 0 is never drawn; classes count from 0"
    ONE_COIN_FOR_ALL = "all labels were redrawn, or none; decide for each label on its own"
    NO_OTHER_LABEL = (
        "no label has changed: did one draw keep them all, or were the new ones drawn from `y` "
        "instead of from all classes?"
    )
    OTHER_NUMBERS = (
        "torch.randint draws int64, and torch.where or an index keeps the dtype; multiplying by a "
        "float mask does not"
    )
    ONE_CLASS_FOR_ALL = "all redrawn labels become the same class; draw one for each"


Corrupt = Callable[[Tensor, float, int, Generator], Tensor]


def corrupt_labels(answer: Corrupt) -> None:
    """Task ``corrupt_labels(y, fraction, num_classes, generator)`` -> new labels [n]."""
    with attempt("corrupt_labels", answer, by_hand=LABELS_LIBRARY) as check:
        labels_redrawn(check, answer, fraction=0.6, num_classes=10, truth=3)


LABELS_LIBRARY = (Dataset.with_label_noise, Dataset._with_label_noise)


def labels_redrawn(
    check: Check, answer: Corrupt, *, fraction: float, num_classes: int, truth: int, n: int = 10_000
) -> None:
    """Check that `answer` redraws labels that are all `truth`, and changes nothing else."""
    on = f"{n} labels that are all {truth}, fraction {fraction}, {num_classes} classes"
    y, generator = torch.full((n,), truth), Generator().manual_seed(1)
    noisy = check.tensor(answer(y, fraction, num_classes, generator), (n,), on=on)
    check.that(
        bool((y == truth).all()),
        "the labels that came in are kept",
        on=on,
        expected="the same labels in y as before",
        got="changed labels",
        hint=Mistake.IN_PLACE,
    )
    check.that(
        noisy.dtype == y.dtype,
        "labels stay int64",
        on=on,
        expected=y.dtype,
        got=noisy.dtype,
        hint=Mistake.OTHER_NUMBERS,
    )
    outside = (noisy < 0) | (noisy >= num_classes)
    check.that(
        not bool(outside.any()),
        "labels are classes",
        on=on,
        expected=f"0 to {num_classes - 1}",
        got=noisy[outside][:5],
        hint=Mistake.ONE_CLASS_TOO_MANY
        if set(noisy[outside].tolist()) == {num_classes}
        else "the classes are 0 to num_classes - 1",
    )
    got = noisy.bincount(minlength=num_classes) / n
    check.close(
        "each label is redrawn with the probability asked for, from all classes alike",
        got,
        _shares(fraction, range(num_classes), truth, num_classes),
        on=f"{on}: the share of each class afterwards",
        hint="each label is redrawn with the probability given, to any class, on its own",
        mistakes={
            Mistake.ALWAYS_ANOTHER_CLASS: (
                _shares(fraction, [k for k in range(num_classes) if k != truth], truth, num_classes)
            ),
            Mistake.KEEPS_THE_FRACTION: (
                _shares(1 - fraction, range(num_classes), truth, num_classes)
            ),
            Mistake.WITHOUT_THE_LAST_CLASS: (
                _shares(fraction, range(num_classes - 1), truth, num_classes)
            ),
            Mistake.WITHOUT_CLASS_0: (_shares(fraction, range(1, num_classes), truth, num_classes)),
            Mistake.NO_OTHER_LABEL: _shares(0.0, [truth], truth, num_classes),
            Mistake.ONE_COIN_FOR_ALL: (
                got if got.max() == 1.0 else _shares(1.0, range(num_classes), truth, num_classes)
            ),
            Mistake.ONE_CLASS_FOR_ALL: (
                _shares(fraction, [_most_frequent(got, truth)], truth, num_classes)
            ),
        },
        atol=5 * (0.25 / n) ** 0.5,
    )
    _drawn_from_the_generator(check, answer, y[:500], fraction, num_classes)


def _most_frequent(shares: Tensor, truth: int) -> int:
    others = shares.clone()
    others[truth] = 0.0
    return int(others.argmax())


def _shares(fraction: float, drawn: range | list[int], truth: int, num_classes: int) -> Tensor:
    """Share of each class when `fraction` of the labels is redrawn from the classes `drawn`."""
    shares = torch.zeros(num_classes)
    shares[truth] = 1 - fraction
    for k in drawn:
        shares[k] += fraction / len(drawn)
    return shares


def _drawn_from_the_generator(
    check: Check, answer: Corrupt, y: Tensor, fraction: float, num_classes: int
) -> None:
    state = torch.get_rng_state()
    noisy, again = (answer(y, fraction, num_classes, Generator().manual_seed(1)) for _ in range(2))
    check.that(
        torch.equal(again, noisy),
        "all draws come from the generator",
        on="two generators with the same seed",
        expected="the same labels twice",
        got=f"{int((again != noisy).sum())} of {len(y)} labels differ",
        hint=Mistake.GLOBAL_DRAWS,
    )
    check.that(
        torch.equal(state, torch.get_rng_state()),
        "all draws come from the generator",
        on="the state of PyTorch's own generator",
        expected="the same state before and after",
        got="another state",
        hint=Mistake.GLOBAL_DRAWS,
    )
    generator = Generator().manual_seed(1)
    first, second = (answer(y, fraction, num_classes, generator) for _ in range(2))
    check.that(
        not torch.equal(first, second),
        "the generator moves on",
        on="the same generator twice",
        expected="other labels in the second call",
        got="the same labels",
        hint=Mistake.SEEDED_INSIDE,
    )
