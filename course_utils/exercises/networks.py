"""Checks of a network that an answer has trained, made before the network is scored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from course_utils.checks.mistakes import Common
from course_utils.checks.report import Check


def is_network(check: Check, model: object, *, on: str, hint: str) -> None:
    """Check that the answer returned a network; `on` names the input."""
    check.that(
        isinstance(model, nn.Module),
        "a network is returned",
        on=on,
        expected="an nn.Module",
        got=type(model).__name__,
        hint=hint,
    )


def logits_of(
    check: Check, model: nn.Module, x: Tensor, classes: int, *, on: str, hint: str
) -> Tensor:
    """The network's logits [n, classes] for x [n, ...]; check their shape.

    Puts the network into evaluation mode and leaves it there.
    """
    got: object
    logits = x  # replaced, unless the network raises, and then the check below fails
    try:
        with torch.no_grad():
            logits = model.eval()(x)
        got = tuple(logits.shape)
    except RuntimeError as error:
        got = str(error).splitlines()[0]
    check.that(
        got == (len(x), classes),
        "it gives a logit for each class",
        on=on,
        expected=(len(x), classes),
        got=got,
        hint=hint,
    )
    shares = bool((logits >= 0).all()) and torch.allclose(logits.sum(1), torch.ones(1).to(logits))
    check.that(
        not shares or classes == 1,
        "it gives logits",
        on=on,
        expected="numbers of either sign, which a softmax makes probabilities of",
        got="probabilities, which add up to 1",
        hint="leave the softmax out: the loss takes it, and whoever asks for probabilities does",
    )
    return logits


@contextmanager
def untouched(check: Check, model: nn.Module, x: Tensor, *, on: str) -> Iterator[None]:
    """Check that `model` gives the same logits for x after a later call of the answer, made inside.

    It does not if that call trains the same network on.
    """
    with torch.no_grad():
        logits = model.eval()(x)
    yield
    with torch.no_grad():
        now = model.eval()(x)
    check.that(
        now.shape == logits.shape and torch.allclose(now, logits, atol=1e-4),
        "a later call leaves the network of an earlier one as it was",
        on=on,
        expected="the logits of the earlier network, as they were before the later call",
        got="other logits",
        hint=Common.EARLIER_CHANGED,
    )
