"""What a run refuses of what model, loss and penalty return."""

import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.argument_checks import (
    check_reaches,
    checked_loss,
    checked_outputs,
    checked_penalty,
)
from course_utils.models import MLP
from course_utils.regularizers import l1_penalty, l2_penalty
from tests.small_runs import refuses


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MLP(64, (8,), 10)


LABELS, NUMBERS = torch.arange(6) % 3, torch.linspace(-1, 1, 6)


@pytest.mark.parametrize(
    ("outputs", "got"),
    [
        ((torch.ones(6, 3), None), "got a tuple of 2"),
        ([torch.ones(6, 3)], "got a list of 1"),
        ({"logits": torch.ones(6, 3)}, "got a dict of 1"),
        (None, "got None (is a return missing?)"),
        (np.ones((6, 3)), "got array("),
        (0.5, "got 0.5"),
    ],
)
@pytest.mark.parametrize(("y", "num_classes"), [(LABELS, 3), (NUMBERS, None)])
def test_outputs_that_are_no_tensor(outputs, got, y, num_classes):
    refuses(
        lambda: checked_outputs(outputs, y, num_classes, F.mse_loss),
        "the model must return one tensor",
        got,
        "let forward() return the logits alone",
        error=TypeError,
    )


def test_class_labels_that_became_a_regression():
    refuses(
        lambda: checked_outputs(torch.ones(6, 3), LABELS.float(), None, F.mse_loss),
        "returned shape (6, 3) for targets (6,)",
        "If the targets name classes, make them whole numbers",
        "y.long()",
    )
    refuses(
        lambda: checked_outputs(torch.ones(6, 1), NUMBERS, None, F.mse_loss),
        "try outputs.squeeze(-1)",
    )


def test_a_loss_for_each_sample():
    logits = torch.randn(6, 3, requires_grad=True)
    for loss_fn in (
        nn.CrossEntropyLoss(reduction="none"),
        partial(F.cross_entropy, reduction="none"),
    ):
        refuses(
            lambda f=loss_fn: checked_loss(f(logits, LABELS)),
            "loss_fn must return a scalar tensor, got shape (6,)",
            'reduction="mean", or loss.mean()',
            error=TypeError,
        )
    loss = F.cross_entropy(logits, LABELS)
    assert checked_loss(loss) is loss


@pytest.mark.parametrize(("value", "got"), [(0.5, "got 0.5"), (None, "got None"), ((1, 2), "of 2")])
def test_a_loss_that_is_no_tensor(value, got):
    refuses(
        lambda: checked_loss(value), "must return a scalar tensor", got, ".item()", error=TypeError
    )


def test_a_loss_without_a_gradient():
    loss = torch.tensor(0.5)
    refuses(lambda: checked_loss(loss), "no gradient, so nothing would train", "requires_grad=True")
    assert checked_loss(loss, traced=True) is loss
    with torch.no_grad():  # scoring
        assert checked_loss(loss) is loss


def without_gradient(model):
    with torch.no_grad():
        return l2_penalty(model)


@pytest.mark.parametrize(
    "penalty",
    [
        lambda m: l2_penalty(m).detach(),
        lambda m: torch.tensor(l2_penalty(m).item()),
        lambda m: sum(p.data.square().sum() for p in m.parameters()),
        lambda m: torch.tensor(0.5),
        without_gradient,
    ],
)
def test_a_penalty_without_a_gradient(model, penalty):
    refuses(
        lambda: checked_penalty(penalty(model)),
        "penalty(model) must have a gradient, got the constant",
        "trains as λ = 0",
        ".detach(), .data, .item() or torch.no_grad()",
    )
    with torch.no_grad():  # where nobody asks for one
        assert checked_penalty(penalty(model)) > 0


@pytest.mark.parametrize(
    "penalty",
    [
        l2_penalty,
        lambda m: 0 * l2_penalty(m),
        lambda m: torch.tensor(0.0),
        lambda m: torch.tensor(0),
        lambda m: 0 * l2_penalty(m).detach(),
        lambda m: l1_penalty(m) + l2_penalty(m).detach(),
    ],
)
def test_penalties_that_are_harmless(model, penalty):
    value = penalty(model)
    assert checked_penalty(value, model) is value
    check_reaches(value, model)


def test_a_penalty_that_is_no_number(model):
    value = l2_penalty(model) / 0 * 0
    rule = "must be a number of 0 or more, got nan from finite weights"
    refuses(lambda: checked_penalty(value, model), rule, "0/0")
    with torch.no_grad():
        next(model.parameters())[0] = math.inf
    # The run has diverged, and will say that.
    assert checked_penalty(value, model) is value


def test_a_penalty_of_complex_numbers():
    layer = nn.Linear(2, 2, dtype=torch.complex64)
    refuses(
        lambda: checked_penalty(layer.weight.square().sum()),
        "must return a scalar tensor, got shape () of complex numbers",
        "w.abs().square().sum()",
        error=TypeError,
    )
    expected = layer.weight.abs().square().sum()
    torch.testing.assert_close(checked_penalty(l2_penalty(layer)), expected)


class Square(torch.autograd.Function):
    """A function of the learner's own, with its gradient."""

    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return w.square().sum()

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient * ctx.saved_tensors[0]


def test_a_penalty_on_another_model(model):
    other = MLP(64, (8,), 10)
    for value in (l2_penalty(other), nn.Parameter(torch.tensor(1.0))):
        refuses(
            lambda v=value: check_reaches(v, model),
            "must depend on the weights of the model that it is given",
            "trains as λ = 0",
            "lambda model: lam * l2_penalty(model)",
        )
    frozen = MLP(64, (8,), 10)
    frozen.layers[1].requires_grad_(False)
    refuses(
        lambda: check_reaches(l2_penalty(frozen.layers[1]) + l2_penalty(other), frozen), "λ = 0"
    )


@pytest.mark.parametrize(
    "penalty",
    [
        l2_penalty,
        lambda m: l2_penalty(m).sqrt() + 3 * l1_penalty(m),
        lambda m: sum(Square.apply(p) for p in m.parameters()),
        lambda m: next(m.parameters())[0, 0].square(),
        lambda m: torch.utils.checkpoint.checkpoint(l2_penalty, m, use_reentrant=False),
    ],
)
def test_penalties_that_reach_the_model(model, penalty):
    check_reaches(penalty(model), model)


def test_a_penalty_on_weights_behind_a_parametrization(model):
    nn.utils.parametrizations.weight_norm(model.layers[1])
    check_reaches(model.layers[1].weight.square().sum(), model)


def test_looking_for_the_weights_leaves_the_gradient_alone(model):
    calls = []
    first = next(model.parameters())
    first.register_hook(calls.append)
    value = l2_penalty(model)
    check_reaches(value, model)
    assert not calls
    assert first.grad is None
    value.backward()
    assert len(calls) == 1
