"""Tensors that a step keeps for the next one, and whose numbers the first step leaves as they were.

The kept tensor looks constant after the first step, but in later steps it is not.
"""

import pytest
import torch
from torch import nn

from course_utils.fleet import Run
from tests.fleets import DATA, assert_values_matter, compared, look, mlp, reaching, running, sgd

pytestmark = pytest.mark.usefixtures("float64")


def far(w, other):
    return (w - other).square().sum()


# --- a number that stays as it is until a condition is met ---------------------------------------


def excess(m, bound):
    """By how much the norm of the first weights is above the bound."""
    return next(m.parameters()).norm() - bound


def multiplier(kind):
    """A penalty for a norm above a bound, with a Lagrange multiplier that is 0 until then."""

    def build(rate):
        model, dual = mlp(), torch.zeros(())
        bound = float(excess(model, 0).detach()) + 1e-3

        def replaced(m):
            nonlocal dual
            above = excess(m, bound)
            dual = (dual + rate * above.detach()).clamp(min=0)
            return dual * above.clamp(min=0)

        def in_place(m):
            above = excess(m, bound)
            dual.add_(rate * above.detach()).clamp_(min=0)
            return dual.clone() * above.clamp(min=0)

        return Run(model, sgd(model), penalty=replaced if kind == "replaced" else in_place)

    return build


@pytest.mark.parametrize("kind", ["replaced", "in place"])
def test_a_multiplier_that_is_zero_at_first(kind):
    assert_values_matter(
        compared(multiplier(kind), [1.0, 20.0], "changes from step to step", epochs=4)
    )


def test_a_mask_that_loses_weights_later():
    def build(least):
        model, mask = mlp(), None

        def penalty(m):
            nonlocal mask
            w = next(m.parameters())
            mask = torch.ones_like(w) if mask is None else mask
            mask.mul_((w.detach().abs() > least).to(w.dtype))
            return 0.1 * (w * mask.clone()).square().sum()

        penalty(model)  # it now has the mask that the first step gives it again
        return Run(model, sgd(model), penalty=penalty)

    assert_values_matter(compared(build, [0.01, 0.1], "changes from step to step", epochs=4))


class Centered(nn.Module):
    """It subtracts a running mean of its outputs, which are 0 in the first step."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(16, 8), nn.Linear(8, 3)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        self.mean = torch.zeros(3)

    def forward(self, x):
        out = self.last(self.first(x.flatten(1)).tanh())
        if self.training:
            self.mean = 0.5 * self.mean + 0.5 * out.detach().mean(0)
        return out - self.mean


def test_a_running_mean_that_is_zero_at_first():
    compared(running(Centered), [0, 1], "changes from step to step", epochs=4)


class ReadInScoring(Centered):
    """Training replaces what only scoring reads."""

    def forward(self, x):
        out = self.last(self.first(x.flatten(1)).tanh())
        if self.training:
            self.mean = out.detach().mean(0)
            return out
        return out - self.mean


class KeptByAFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w, last):
        return w - last

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def test_a_tensor_that_only_scoring_reads():
    compared(running(ReadInScoring), [0, 1], "changes from step to step", epochs=4)


def test_a_tensor_that_only_a_function_of_ones_own_reads():
    def build(strength):
        model = mlp()
        last = next(model.parameters()).detach().clone()

        def penalty(m):
            nonlocal last
            w = next(m.parameters())
            distance = KeptByAFunction.apply(w, last)
            last = w.detach().clone()
            return strength * distance.square().sum()

        return Run(model, sgd(model), penalty=penalty)

    compared(build, [0.5, 2.0], "changes from step to step", epochs=4)


class KeptForAPlot(nn.Module):
    """It keeps its last gate, which is all ones at first, and never uses it again."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(16, 8), nn.Linear(8, 3)
        self.scale = nn.Parameter(torch.ones(8))
        self.gate = None

    def forward(self, x):
        self.gate = self.scale * 1.0
        return self.last(self.gate * self.first(x.flatten(1)).tanh())


def test_a_tensor_made_anew_before_each_use_trains_together():
    def build(lr):
        model = KeptForAPlot()
        model(torch.zeros(1, 16))  # it has a gate from the beginning
        return Run(model, sgd(model, lr))

    assert_values_matter(compared(build, [0.1, 0.2], epochs=4))


# --- the look itself ------------------------------------------------------------------------------


def test_a_look_notices_a_tensor_written_to_or_replaced_though_its_numbers_stay():
    kept = [torch.ones(3)]
    before = look(penalty=reaching(kept))
    assert before.changes(look(penalty=reaching(kept)), {"thing[0]"}) == []
    kept[0].mul_(1)
    assert before.changes(look(penalty=reaching(kept)), {}) == ["thing[0]"]
    before = look(penalty=reaching(kept))
    kept[0] = kept[0].clone()
    assert before.changes(look(penalty=reaching(kept)), {"thing[0]"}) == ["thing[0]"]
    assert before.changes(look(penalty=reaching(kept)), {}) == []  # nothing used the old one


def test_looks_at_two_members_compare_by_the_numbers():
    one, other = torch.ones(3), torch.zeros(3)
    other.add_(1)
    assert look(penalty=reaching(one)).key() == look(penalty=reaching(other)).key()


def test_a_tensor_whose_writings_are_not_counted_trains_alone():
    def build(strength):
        model = mlp()
        with torch.inference_mode():
            last = next(model.parameters()).clone()

        def penalty(m):
            w = next(m.parameters())
            distance = strength * far(w, last.clone())
            with torch.inference_mode():
                last.copy_(w)
            return distance

        return Run(model, sgd(model), penalty=penalty)

    assert_values_matter(compared(build, [0.5, 2.0], "inference_mode", epochs=4))


def test_a_tensor_that_is_only_read_still_trains_together():
    def build(strength):
        model = mlp()
        start = next(model.parameters()).detach().clone()
        return Run(model, sgd(model), penalty=lambda m: strength * far(next(m.parameters()), start))

    assert_values_matter(compared(build, [0.5, 2.0], data=DATA, epochs=4))
