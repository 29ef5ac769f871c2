"""What hidden checks ask of tensors and networks beyond their values."""

import pytest
import torch
from torch import nn

from course_utils.checks.mistakes import Common
from course_utils.checks.report import Check, CheckFailed
from course_utils.exercises.networks import untouched
from course_utils.exercises.tensors import in_double, transposed


@pytest.mark.parametrize("shape", [(2, 3), (4, 3, 2, 5), (2, 1, 3)])
def test_a_transposed_copy_is_equal_and_has_no_view(shape: tuple[int, ...]) -> None:
    x = torch.rand(shape)
    turned = transposed(x)
    assert torch.equal(turned, x)
    with pytest.raises(RuntimeError) as caught:
        turned.view(-1)
    assert Common.of_error(caught.value) is Common.NOT_CONTIGUOUS
    turned += 1
    assert not torch.equal(turned, x)


def test_digits_of_float32_are_not_those_of_float64() -> None:
    exact, check = torch.rand(9, dtype=torch.float64), Check("it")
    in_double(check, "x", exact + 1e-15, exact, on="x")
    for got in (exact.float(), exact.float().double(), exact * torch.tensor(0.1).double() * 10):
        with pytest.raises(CheckFailed) as caught:
            in_double(check, "x", got, exact, on="x")
        assert caught.value.mistake == "single_precision"


def test_a_network_that_is_trained_on_is_not_untouched() -> None:
    model, x = nn.Linear(2, 3), torch.rand(4, 2)
    check = Check("it")
    with untouched(check, model, x, on="x"):
        model(x)
    with pytest.raises(CheckFailed) as caught, untouched(check, model, x, on="x"):
        nn.init.zeros_(model.weight)
    assert caught.value.mistake == "earlier_changed"
