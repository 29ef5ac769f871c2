"""Copies of the last step's weights, which equal the weights until the first update.

By their numbers alone, nothing would seem to change in the first step.
"""

import copy

import pytest
import torch
from torch import nn

from course_utils.fleet import Run
from tests.fleets import assert_values_matter, compared, sgd

pytestmark = pytest.mark.usefixtures("float64")


def far(w, other):
    return (w - other).square().sum()


class LastWeights:
    """`strength` times the squared step that the first layer's weights have just made."""

    def __init__(self, model, strength):
        self.strength, self.last = strength, model[1].weight.detach().clone()

    def __call__(self, m):
        penalty = self.strength * far(m[1].weight, self.last)
        self.keep(m[1].weight.detach())
        return penalty


class Replaced(LastWeights):
    def keep(self, w):
        self.last = w.clone()


class Copied(LastWeights):
    def keep(self, w):
        self.last.copy_(w)


class ByForeach(LastWeights):
    def keep(self, w):
        torch._foreach_copy_([self.last], [w])


class ByOut(LastWeights):
    def keep(self, w):
        torch.mul(w, 1.0, out=self.last)


class InAList(LastWeights):
    def __init__(self, model, strength):
        super().__init__(model, strength)
        self.kept = [self.last]

    def keep(self, w):
        self.kept[-1] = w.clone()
        self.last = self.kept[-1]


class InAView(LastWeights):
    """It writes through a view of the tensor that it reads."""

    def __init__(self, model, strength):
        super().__init__(model, strength)
        self.flat = self.last.view(-1)

    def keep(self, w):
        self.flat.copy_(w.reshape(-1))


class InACell:
    def __new__(cls, model, strength):
        last = model[1].weight.detach().clone()

        def penalty(m):
            nonlocal last
            before, last = last, m[1].weight.detach().clone()
            return strength * far(m[1].weight, before)

        return penalty


class MovingAverage(LastWeights):
    """The distance to an average of the weights, which at first are all that it averages."""

    def keep(self, w):
        self.last.lerp_(w, 0.25)


class Teacher:
    """The distance to a second network that follows the first one slowly."""

    def __init__(self, model, strength):
        self.strength, self.teacher = strength, copy.deepcopy(model).requires_grad_(False)

    def __call__(self, m):
        distances = []
        for p, q in zip(m.parameters(), self.teacher.parameters(), strict=True):
            distances.append(far(p, q))
            q.lerp_(p.detach(), 0.25)
        return self.strength * sum(distances)


COPIES = [
    *(Replaced, Copied, ByForeach, ByOut, InAList, InAView, InACell, MovingAverage, Teacher),
]


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_of_the_last_weights(kind):
    def build(strength):
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3))
        return Run(model, sgd(model), penalty=kind(model, strength))

    assert_values_matter(compared(build, [0.5, 2.0], "changes from step to step", epochs=4))
