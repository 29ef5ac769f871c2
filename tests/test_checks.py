"""What holds for every check: random states, errors, and the message in full."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_utils import checks
from course_utils.augmentation import RandomShift
from course_utils.checks import CheckFailed
from course_utils.checks.report import Check
from course_utils.regularizers import BatchNorm1d, stopping_epoch
from course_utils.regularizers import l1_penalty as course_l1
from course_utils.regularizers import l2_penalty as course_l2
from course_utils.regularizers import soft_threshold as course_threshold
from course_utils.search import random_settings as course_settings
from course_utils.training import fit


def reseeded(x, p, training):
    torch.manual_seed(0)
    return F.dropout(x, p, training)


def shift(x, pixels):
    return RandomShift(pixels)(x)


def one_shift_for_all(x, pixels):
    return torch.roll(x, random.randint(-pixels, pixels), 2)


ALL = [
    (checks.l2_penalty, course_l2),
    (checks.l1_penalty, course_l1),
    (checks.soft_threshold, course_threshold),
    (checks.dropout, F.dropout),
    (checks.dropout, reseeded),
    (checks.batch_norm, BatchNorm1d),
    (checks.early_stopping, stopping_epoch),
    (checks.random_settings, course_settings),
    (checks.random_shift, shift),
    (checks.random_shift, one_shift_for_all),
    (checks.training_loop, fit),
]


@pytest.mark.parametrize(("check", "answer"), ALL)
def test_a_check_leaves_every_random_state_alone(check, answer):
    torch.manual_seed(5)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    outcomes = []
    for _ in range(2):
        try:
            outcomes.append(repr(check(answer)))
        except CheckFailed as failure:
            outcomes.append(str(failure))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert (np.random.get_state()[1] == before[2]).all()  # noqa: NPY002
    assert outcomes[0] == outcomes[1]


def test_an_error_in_the_answer_comes_through():
    def broken(model):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        checks.l2_penalty(broken)


def test_a_failed_check_is_an_assertion():
    assert issubclass(CheckFailed, AssertionError)


def test_a_message_in_full():
    with pytest.raises(CheckFailed) as caught:
        checks.l1_penalty(lambda m: sum(p.sum() for p in m.parameters() if p.ndim > 1))
    assert str(caught.value) == (
        "l1_penalty: this does not hold: the absolute values of all weights, added up\n"
        "  on:       weights [[1, -2], [0.5, 0]] and [[-3, 4]], with biases and a batch norm\n"
        "  expected: 10.5\n"
        "  got:      0.5\n"
        "  hint:     negative weights cancel positive ones here; the `abs` is missing"
    )


@pytest.mark.parametrize("kind", [torch.complex64, torch.complex128])
@pytest.mark.filterwarnings("error")
def test_a_number_with_an_imaginary_part_is_not_its_real_part(kind):
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)  # PyTorch warns once in a process
    try:
        check, wanted = Check("task"), torch.tensor([1.0])
        check.close("what", torch.tensor([1 + 0j], dtype=kind), wanted, on="x", hint="")
        for got in (1 + 2j, 2 + 0j):
            with pytest.raises(CheckFailed):
                check.close("what", torch.tensor([got], dtype=kind), wanted, on="x", hint="")
    finally:
        torch.set_warn_always(always)
