"""The recorder: merging, simplifying, and traces that are used again."""

import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet import engine
from course_utils.fleet.recorder import merging, tracing
from course_utils.regularizers import l2_penalty
from tests.fleets import (
    DATA,
    assert_members_are_fits,
    by_rate,
    make_data,
    mlp,
    optimized,
    penalized,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("turned", [False, True])
def test_one_function_of_all_members_takes_inputs_that_lie_otherwise_in_memory(turned):
    def of(factor):
        return lambda x: ((x.flatten() * factor).reshape(x.shape).T.contiguous(),)

    x = torch.arange(12.0).reshape(2, 1, 2, 3)  # [values, seeds, ...]
    member = [[x[0, 0].clone()], [x[1, 0].clone()]]
    together = merging.merge(
        engine.Merge([of(2.0), of(3.0)], member, [0, 1], (2, 1), [x], [engine.BY_MEMBER])
    )
    given = x.mT.contiguous().mT if turned else x
    (found,) = together(given)
    assert torch.equal(found, x.mT * torch.tensor([2.0, 3.0])[:, None, None, None])


def test_a_trace_holds_no_tensor_that_its_function_was_not_seen_to_use():
    kept = torch.ones(3)

    def function(x):
        return (x + kept,)

    assert torch.equal(tracing.trace(function, [kept]).compiled()(kept)[0], kept + kept)
    with pytest.raises(engine.CannotBatchError, match="uses tensors that one does not use"):
        tracing.trace(function, [torch.zeros(3)], constants=False)


def merged(function, x, engine_of=merging.merge):
    """`function` of one member as a function of all, x [values, seeds, ...]."""
    alone, which = [[x[0, 0].clone()]], [0] * (x.shape[0] * x.shape[1])
    request = engine.Merge([function], alone, which, x.shape[:2], [x.clone()], [engine.BY_MEMBER])
    return engine_of(request)


def times_one(x):
    kept = x * 1
    x.add_(1)
    return (kept, x * 1.0)


def same_twice(x):
    first = x.exp()
    x.mul_(2)
    return (first + x.exp(), x.exp() + x.exp())


def whole_numbers(x):
    return ((x > 0).long() * 1.0, (x > 0).long() + torch.zeros(3))


def ones_that_change(x):
    ones = torch.ones(3)
    before = x * ones
    ones.add_(1)
    return (before, x * ones, torch.ones(3) * x)


def masked(x):
    keep, kept, both = x > 0.5, x >= x.flip(0), x.gt(0)
    x = x * keep / 0.5
    x.mul_(kept)
    return (x, x * both + both, keep.long() * (x < 0), (x != 0) * (x > 0.1))


def normalized_twice(x):
    mean, var = x[0] * 0, x[0] * 0 + 1
    for _ in range(2):
        once = F.batch_norm(x, mean, var, training=True)
    return (once, mean * 1, var * 1)


@pytest.mark.parametrize(
    "function", [times_one, same_twice, whole_numbers, ones_that_change, masked, normalized_twice]
)
def test_what_is_simplified_is_still_the_same(function):
    x = torch.randn(1, 4, 5, 3, generator=torch.Generator().manual_seed(0))
    expected = [function(member.clone()) for member in x[0]]
    together = merged(function, x)
    for found, *members in zip(together(x), *expected, strict=True):
        torch.testing.assert_close(found[0], torch.stack(members))


VARIANCES = {
    "of all": {},
    "over samples": {"dim": 0},
    "biased": {"dim": 0, "correction": 0},
    "over two dimensions": {"dim": (0, 2), "keepdim": True},
    "from the end": {"dim": -1, "correction": 2},
}


@pytest.mark.parametrize("options", VARIANCES.values(), ids=VARIANCES.keys())
def test_variances_are_those_of_pytorch(options):
    x = 100 + torch.randn(1, 3, 6, 4, 5, generator=torch.Generator().manual_seed(0))

    def variance(x):
        return (x.var(**options),)

    together = merged(variance, x)
    expected = torch.stack([variance(member)[0] for member in x[0]])[None]
    torch.testing.assert_close(together(x)[0], expected, rtol=1e-4, atol=0)


# --- traces that are used again ---------------------------------------------------------------


@pytest.fixture
def traces(monkeypatch):
    """How many traces were made, so far, in a process that has none."""
    made = []

    def counted(*arguments):
        made.append(arguments)
        return frozen(*arguments)

    frozen = merging._frozen
    monkeypatch.setattr(merging, "_kept", {})
    monkeypatch.setattr(merging, "_frozen", counted)
    return made


@pytest.mark.recorder
def test_a_second_fleet_of_the_same_kind_uses_the_traces_of_the_first(traces):
    build = penalized(l2_penalty)
    first = train(build, [0.0, 0.1])
    count = len(traces)
    assert count > 0
    second = train(build, [0.0, 0.1])
    assert len(traces) == count
    assert np.array_equal(first.val_loss, second.val_loss)
    assert_members_are_fits(train(build, [0.3, 0.2], seeds=2), build)
    assert len(traces) == count, "other strengths are other numbers for the same trace"


stopped = False


def half(model):
    """Of two equal parts, one may be kept from the gradient; the value is the same."""
    part = l2_penalty(model) / 2
    return part + (part.detach() if stopped else part)


def half_without(model):
    with torch.set_grad_enabled(not stopped):
        part = l2_penalty(model) / 2
    return part + l2_penalty(model) / 2


@pytest.mark.parametrize("penalty", [half, half_without])
@pytest.mark.parametrize("values", [[0.2], [0.1, 0.2]], ids=str)
def test_a_trace_knows_where_gradients_stop(traces, penalty, values, monkeypatch):
    """The same code and the same operations, but another gradient."""
    build = penalized(penalty)
    free = train(build, values)
    monkeypatch.setattr(sys.modules[__name__], "stopped", True)
    stopped_fleet = train(build, values)
    assert_members_are_fits(stopped_fleet, build)
    assert not np.allclose(free.val_loss[..., -1], stopped_fleet.val_loss[..., -1], atol=1e-4)


def test_a_trace_knows_its_numbers_and_its_constants(traces):
    for scale in (1.0, 2.0):
        for fixed in (scale, torch.full((3,), scale)):

            class Scaled(nn.Module):
                def __init__(self, fixed=fixed):
                    super().__init__()
                    self.net, self.fixed = mlp(), fixed

                def forward(self, x):
                    return self.net(x) * self.fixed

            build = by_rate(Scaled)
            assert_members_are_fits(train(build, [0.1, 0.2]), build)


def test_a_trace_knows_shapes_and_batches(traces):
    build = penalized(l2_penalty)
    for data in (DATA, make_data(90), make_data(70, seed=1)):
        assert_members_are_fits(train(build, [0.0, 0.1], data), build, data)
    per_seed = lambda _, seed: DATA.with_label_noise(0.5, seed)  # noqa: E731
    assert_members_are_fits(train(build, [0.0, 0.1], per_seed), build, per_seed)


def test_few_traces_are_kept(traces, monkeypatch):
    monkeypatch.setattr(merging, "MOST_KEPT", 2)
    for width in (4, 5, 6):
        train(lambda lr, width=width: optimized(torch.optim.SGD)(lr), [0.1], epochs=1)
        assert len(merging._kept) <= 2
