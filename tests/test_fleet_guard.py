"""What a recording cannot see, noticed while a step runs."""

import pytest
import torch
import torch.nn.functional as F

from course_utils.fleet.guard import Guard

pytestmark = pytest.mark.usefixtures("float64")


def noticed(code, *tensors):
    guard = Guard()
    with guard:
        code(*tensors)
    return guard.reason


X = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)
UNNOTICED = {
    "shape": lambda x: x.reshape(len(x), x.size(1), x.shape[0] // 4, *x.shape[2 : x.dim()]),
    "equal": lambda x: x * (x == x.flip(0)),
    "numbers": lambda x: (x.numel(), x.dtype, x.device, x.is_floating_point(), x.element_size()),
    "rows": lambda x: torch.stack(list(x)),
    "in place": lambda x: (x * 1).add_(1).relu_().clamp_(max=0.5),
    "written": lambda x: (x * 1).__setitem__(0, 2.0),
    "relu_": lambda x: F.relu(x + 1, inplace=True),
    "filled": lambda x: torch.empty(4).fill_(1) + torch.zeros_like(x).sum(),
    "view": lambda x: (x * 1).view(-1).mul_(2),
    "no gradient": lambda x: torch.no_grad()(lambda: x.detach() * 2)(),
    "tuple": lambda x: (x.max(1), x.split(2), x.unbind()),
    "where": lambda x: torch.where(x > 0, x, 0.0).T.contiguous(),
}


@pytest.mark.parametrize("code", UNNOTICED.values(), ids=UNNOTICED.keys())
def test_operations_are_not_noticed(code):
    assert noticed(code, X.clone()) is None


NOTICED = {
    "item": (lambda x: x.sum().item(), "(`item`)"),
    "if": (lambda x: 1 if x.sum() > 0 else 2, "(`__bool__`)"),
    "in": (lambda x: 0.5 in x, "(`__contains__`)"),
    "tolist": (lambda x: x.tolist(), "(`tolist`)"),
    "stride": (lambda x: x.stride(), "(`stride`)"),
    "hook": (lambda x: x.requires_grad_().register_hook(print), "`requires_grad_`"),
    "requires_grad": (lambda x: x.requires_grad, "`requires_grad` of a tensor"),
    "set data": (lambda x: setattr(x, "data", x * 2), "`data` of a tensor"),
    "grad": (lambda x: x.grad, "`grad` of a tensor"),
    "as_strided": (lambda x: x.as_strided((2,), (1,)), "`as_strided`"),
    "transposed": (lambda x: x.t_(), "`t_`"),
    "perhaps a view": (lambda x: (x * 1).reshape(-1).mul_(2), "(`mul_`)"),
    "flattened": (lambda x: (x * 1).flatten().add_(2), "(`add_`)"),
    "same type": (lambda x: (x * 1).double().add_(2), "(`add_`)"),
}


@pytest.mark.parametrize(("code", "why"), NOTICED.values(), ids=NOTICED.keys())
def test_more_than_operations_are_noticed(code, why):
    assert why in noticed(code, X.clone())


IN_PLACE = {
    "itself": lambda x: x.add_(1),
    "a view": lambda x: x[1:].view(-1).mul_(2),
    "a row": lambda x: x.__setitem__(0, 1.0),
    "out": lambda x: torch.add(x, 1, out=x),
    "relu": lambda x: F.relu(x, inplace=True),
}


@pytest.mark.parametrize("code", IN_PLACE.values(), ids=IN_PLACE.keys())
def test_a_change_of_what_was_lent_is_noticed(code):
    guard, x = Guard(), X.clone()
    guard.lend(x)
    with guard:
        code(x)
    assert "changes its inputs in place" in guard.reason
    assert noticed(code, X.clone()) is None, "as its own, it may change it"


def test_the_first_reason_stays():
    guard = Guard()
    with guard:
        X.sum().item()
    with guard:
        X.tolist()
    assert "(`item`)" in guard.reason
