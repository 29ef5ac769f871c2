"""Visible check of exercise 04: ``BatchNorm1d``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor, nn

from course_utils import checks
from course_utils.checks.mistakes import Common, Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_04.common import LIBRARY
from course_utils.regularizers import BatchNorm1d


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    OTHER_NAMES = (
        "give parameters (nn.Parameter) and buffers (register_buffer) these names; then the "
        "weights of PyTorch's layer can be loaded"
    )
    ACCEPTS_ONE_SAMPLE = (
        "the unbiased variance of one sample is 0 / 0, and nan stays in running_var for ever"
    )
    REFUSED_BY_ANOTHER_ERROR = (
        "check the size of the batch before anything is computed, and `raise ValueError(...)`"
    )
    REFUSES_TOO_LATE = "check the size of the batch first"


def batch_norm(answer: Callable[..., nn.Module]) -> None:
    """Task ``BatchNorm1d(features, eps, momentum)``."""
    with attempt("BatchNorm1d", answer, by_hand=LIBRARY) as check:
        own_lines(check, answer)
        check.include(checks.batch_norm(answer))
        named_buffers(check, answer(4))
        refuses_one(check, answer(4), torch.randn(1, 4))


def own_lines(check: Check, answer: Callable[..., nn.Module]) -> None:
    """Check that `answer` does not inherit from a batch norm layer."""
    parents = getattr(answer, "__mro__", ())
    check.that(
        nn.modules.batchnorm._NormBase not in parents and BatchNorm1d not in parents[1:],
        "written by hand",
        on="the base classes of yours",
        expected="class BatchNorm1d(nn.Module)",
        got=[parent.__name__ for parent in parents],
        hint=Common.LIBRARY_USED,
    )


def named_buffers(check: Check, layer: nn.Module) -> None:
    """Check that parameters and running statistics have PyTorch's names."""
    check.that(
        {"weight", "bias", "running_mean", "running_var"} <= layer.state_dict().keys(),
        "parameters and buffers have the names asked for",
        on="layer.state_dict()",
        expected="weight, bias, running_mean, running_var",
        got=", ".join(layer.state_dict()),
        hint=Mistake.OTHER_NAMES,
    )


def refuses_one(check: Check, layer: nn.Module, x: Tensor) -> None:
    """Check that `layer` refuses a training batch of one sample, without changing its buffers."""
    before = {name: value.clone() for name, value in layer.named_buffers()}
    on = f"x of shape {tuple(x.shape)}, in training mode"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the hint below says more than PyTorch's warning
            layer.train()(x)
        got = "an output"
    except ValueError:
        got = "a ValueError"
    except NotImplementedError:
        raise
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
    check.that(
        got == "a ValueError",
        "a batch of one sample is refused",
        on=on,
        expected="a ValueError",
        got=got,
        hint=Mistake.ACCEPTS_ONE_SAMPLE if got == "an output" else Mistake.REFUSED_BY_ANOTHER_ERROR,
    )
    check.that(
        all(torch.equal(value, before[name]) for name, value in layer.named_buffers()),
        "a refused batch changes no running statistics",
        on=on,
        expected="the same buffers before and after",
        got="changed buffers",
        hint=Mistake.REFUSES_TOO_LATE,
    )
