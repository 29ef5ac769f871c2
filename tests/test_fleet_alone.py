"""What cannot be trained together trains alone, and says so."""

import random

import pytest
import torch
import torch.nn.functional as F
import torchvision.transforms.v2 as T
from torch import nn

from course_utils.fleet import Run
from course_utils.regularizers import l2_penalty
from tests.fleets import (
    LooksAtItsData,
    Replacing,
    alone,
    assert_members_are_fits,
    assert_values_matter,
    by_rate,
    mlp,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


class ReadsNumbersToScore(nn.Module):
    """Past PyTorch, and where members share their inputs."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        return self.linear(x.flatten(1)) * (1.0 if self.training else float(x.numpy().mean()))


class PicksByMask(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        return self.linear(x.flatten(1)) * x[x > 0.5].mean()


class CountsItsCalls(nn.Module):
    """A schedule for p that lives in a Python number."""

    def __init__(self):
        super().__init__()
        self.linear, self.calls = nn.Linear(16, 3), 0

    def forward(self, x):
        if self.training:
            self.calls += 1
            x = F.dropout(x, min(0.5, self.calls / 10))
        return self.linear(x.flatten(1))


class PlainStatistics(Replacing):
    """Running statistics that are no buffers."""

    def __init__(self, n):
        super().__init__(n)
        del self.mean, self.var
        self.mean, self.var = torch.zeros(n), torch.ones(n)


def with_captured_weights(lam):
    model = mlp()
    weights = [p for p in model.parameters() if p.ndim > 1]
    penalty = lambda m: lam * sum(w.square().sum() for w in weights)  # noqa: E731
    return Run(model, sgd(model), penalty=penalty)


def with_its_own_generator(strength):
    model, generator = mlp(), torch.Generator().manual_seed(9)
    return Run(
        model,
        sgd(model),
        augment=lambda x: x + strength * torch.randn(x.shape, generator=generator),
    )


def with_a_batch_rotation(degrees):
    model = mlp()
    return Run(model, sgd(model), augment=T.RandomRotation(100 * degrees))


def with_an_extra_parameter(lr):
    model, extra = mlp(), nn.Parameter(torch.ones(()))
    optimizer = torch.optim.SGD([*model.parameters(), extra], lr=lr)
    return Run(model, optimizer, penalty=lambda m: 0.01 * extra.square() * l2_penalty(m))


ALONE = {
    "looks at its data": (by_rate(LooksAtItsData), "looks at the numbers in a tensor"),
    "reads numbers to score": (by_rate(ReadsNumbersToScore), "looks at the numbers in a tensor"),
    "picks by mask": (by_rate(PicksByMask), "decide the shape"),
    "counts its calls": (by_rate(CountsItsCalls), "CountsItsCalls.calls. changes from step"),
    "plain statistics": (
        by_rate(lambda: mlp(norm_layer=PlainStatistics)),
        "PlainStatistics.mean. changes from step to step or from run to run, and is no weight",
    ),
    "captured weights": (with_captured_weights, "it uses weights kept in .weights"),
    "its own generator": (with_its_own_generator, "generator. changes from step to step"),
    "a rotation of the batch": (with_a_batch_rotation, "looks at the numbers in a tensor"),
    "an extra parameter": (
        with_an_extra_parameter,
        "also trains something that is not in the model",
    ),
}


@pytest.mark.parametrize(("build", "why"), ALONE.values(), ids=ALONE.keys())
def test_what_cannot_be_batched_trains_alone_and_says_so(build, why):
    with pytest.warns(UserWarning, match=f"4 of 4 runs train one after the other.*({why})"):
        fleet = train(build, [0.1, 0.3])
    assert fleet.fallback is not None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build, tolerance=1e-7)  # it *is* fit


def test_only_what_must_train_alone_does():
    def build(kind):
        model = kind()
        return Run(model, sgd(model))

    with pytest.warns(UserWarning, match="2 of 4 runs"):
        fleet = train(build, [mlp, LooksAtItsData])
    assert_members_are_fits(fleet, build)


def test_what_differs_in_evaluation_only_holds_back_no_other_value():
    class OutOfTune(nn.Module):
        """Looks at its data, but only when it is scored."""

        def __init__(self, picky):
            super().__init__()
            self.picky, self.net = picky, mlp()

        def forward(self, x):
            outputs = self.net(x)
            if self.picky and not self.training:
                return outputs if outputs.sum() > 0 else outputs * 2
            return outputs

    def build(picky):
        model = OutOfTune(picky)
        return Run(model, sgd(model))

    with pytest.warns(UserWarning, match="2 of 4 runs"):
        fleet = train(build, [False, True])
    assert_members_are_fits(fleet, build)


def test_the_reason_for_training_alone_is_one_short_sentence():
    with pytest.warns(UserWarning, match="train one after the other"):
        fleet = train(by_rate(LooksAtItsData), [0.1, 0.3], epochs=1)
    assert fleet.fallback is not None
    assert len(fleet.fallback) < 200
    assert "\n" not in fleet.fallback
    assert "vmap" not in fleet.fallback


class Reversed(torch.autograd.Function):
    """The identity, whose gradient has another sign and a strength."""

    @staticmethod
    def forward(x, strength):
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.strength = inputs[1]

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.strength * gradient, None


@pytest.mark.recorder
def test_gradients_of_the_learners_own_making_train_alone():
    """Their forward pass does not tell what they do."""

    def build(strength):
        model = mlp()
        penalty = lambda m: 0.1 * l2_penalty(m) + 0 * Reversed.apply(l2_penalty(m), strength)  # noqa: E731
        return Run(model, sgd(model), penalty=penalty)

    with pytest.warns(UserWarning, match="has a gradient of its own"):
        fleet = train(build, [0.1, 0.3])
    assert_members_are_fits(fleet, build, tolerance=1e-7)


def test_random_numbers_from_python_are_not_frozen_into_a_trace():
    """They depend on no seed; but every batch must get its own."""
    drawn = []

    def build(value):
        model = mlp()

        def augment(x):
            drawn.append(random.random())
            return x * drawn[-1]

        return Run(model, sgd(model), augment=augment)

    with pytest.warns(UserWarning, match="it uses random.random, which the seed does not control"):
        train(build, [0], epochs=4)
    assert len(drawn) >= 2 * 4 * 2  # at least one for each seed, epoch and batch


def test_a_model_that_draws_in_evaluation_trains_alone():
    """The mistake of lesson 03: dropout that never rests. Its scores are noise, its training is
    not."""

    class NeverRests(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(16, 3)

        def forward(self, x):
            return self.linear(F.dropout(x.flatten(1), 0.5))

    build = by_rate(NeverRests)
    with pytest.warns(UserWarning, match="it draws random numbers in evaluation"):
        fleet = train(build, [0.1, 0.3])
    _, model = alone(build, 0.1, 0)
    assert torch.equal(fleet.model(0, 0).linear.weight, model.linear.weight)
