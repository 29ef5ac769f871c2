"""Which optimizers a run refuses, and the learning rate in words."""

from functools import partial

import pytest
import torch

from course_utils.argument_checks import (
    check_optimizer,
    lr_now,
)
from course_utils.models import MLP
from tests.small_runs import refuses, sgd


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MLP(64, (8,), 10)


class ByHand:
    """Gradient descent as a lesson would write it."""

    def __init__(self, params, lr=0.1):
        self.params, self.lr = list(params), lr

    def step(self):
        with torch.no_grad():
            for p in self.params:
                p -= self.lr * p.grad

    def zero_grad(self):
        for p in self.params:
            p.grad = None


class Searching(torch.optim.SGD):
    """An optimizer of the learner's own that must be able to compute the loss again."""

    def step(self, closure):
        return super().step(closure)


def test_optimizers_that_can_train(model):
    for make in (torch.optim.SGD, torch.optim.Adam, torch.optim.Rprop, ByHand):
        check_optimizer(make(model.parameters(), lr=0.1), model)


def test_optimizers_with_a_learning_rate_schedule(model):
    for make in (torch.optim.SGD, torch.optim.Adam):
        optimizer = make(model.parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        optimizer.register_step_post_hook(lambda *_, schedule=schedule: schedule.step())
        check_optimizer(optimizer, model)


def test_optimizers_of_another_model(model):
    other = MLP(64, (8,), 10)
    refuses(lambda: check_optimizer(sgd(other), model), "none of this model's parameters", "SGD(")


def test_an_optimizer_that_needs_a_closure(model):
    for make in (torch.optim.LBFGS, partial(Searching, lr=0.1)):
        optimizer = make(model.parameters())
        torch.optim.lr_scheduler.StepLR(optimizer, 1)  # hides step(), and changes nothing here
        refuses(
            lambda o=optimizer: check_optimizer(o, model),
            "optimizer.step() must work without arguments",
            f"{type(optimizer).__name__}, whose step() needs closure",
            "torch.optim.SGD or torch.optim.Adam",
            error=TypeError,
        )


def test_the_class_of_an_optimizer(model):
    for given in (torch.optim.SGD, ByHand):
        refuses(
            lambda g=given: check_optimizer(g, model),
            f"got the class {given.__name__}",
            f"write {given.__name__}(model.parameters(), lr=0.1)",
            error=TypeError,
        )


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (lambda model: lambda: None, "without step()"),
        (lambda model: sgd, "without step()"),
        (lambda model: partial(torch.optim.SGD, lr=0.1), "without step()"),
        (lambda model: sgd(model).step, "without step()"),
        (lambda model: "sgd", "'sgd' without step()"),
        (lambda model: None, "None without step()"),
        (lambda model: torch.optim.lr_scheduler.StepLR(sgd(model), 1), "without zero_grad()"),
    ],
)
def test_what_is_no_optimizer(model, make, missing):
    refuses(
        lambda: check_optimizer(make(model), model),
        "optimizer must have step() and zero_grad()",
        missing,
        "torch.optim.SGD(model.parameters()",
        error=TypeError,
    )


def test_the_learning_rate_in_words(model):
    assert lr_now(sgd(model, lr=0.25)) == " (now 0.25)"
    assert lr_now(ByHand(model.parameters())) == ""


def test_an_optimizer_for_cuda_graphs_on_the_cpu(model):
    optimizer = torch.optim.Adam(model.parameters(), capturable=True)
    refuses(
        lambda: check_optimizer(optimizer, model), "capturable must be False for weights on the CPU"
    )
