"""Functions of single members merged by hand, and models that are saved."""

import io

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet import Run, engine, recorder
from course_utils.models import MLP
from tests.fleets import sgd, train

pytestmark = pytest.mark.usefixtures("float64")


# --- the seam ---------------------------------------------------------------------------------


def norm_and_loss(weight, mean, x):
    """Changes `mean` in place, and returns a loss and the outputs."""
    with torch.no_grad():
        mean.mul_(0.5).add_(x.mean(0), alpha=0.5)
    outputs = F.linear(x, weight).tanh() - mean[:3]
    return outputs.square().mean(), outputs


@pytest.mark.parametrize("merge", [recorder.merge, engine.plain], ids=["recorder", "plain"])
def test_a_function_of_all_members_by_hand(merge):
    generator = torch.Generator().manual_seed(0)
    shape = (2, 3)
    weight = torch.randn(*shape, 3, 4, generator=generator)
    mean = torch.randn(*shape, 4, generator=generator)
    x = torch.randn(3, 5, 4, generator=generator)  # by seed
    request = engine.Merge(
        [norm_and_loss],
        [[weight[0, 0].clone(), mean[0, 0].clone(), x[0].clone()]],
        [0] * 6,
        shape,
        [weight.clone(), mean.clone(), x.clone()],
        [engine.BY_MEMBER, engine.BY_MEMBER, engine.BY_SEED],
        n_params=1,
    )
    merged = merge(request)
    assert merged.changes_in_place
    given = mean.clone()
    with torch.no_grad():
        gradients, loss, outputs = merged(weight, given, x)
    for v in range(2):
        for s in range(3):
            own, kept = weight[v, s].clone().requires_grad_(), mean[v, s].clone()
            expected, expected_outputs = norm_and_loss(own, kept, x[s])
            expected.backward()
            assert torch.allclose(gradients[v, s], own.grad, rtol=0, atol=1e-12)
            assert torch.allclose(loss[v, s], expected, rtol=0, atol=1e-12)
            assert torch.allclose(outputs[v, s], expected_outputs, rtol=0, atol=1e-12)
            assert torch.allclose(given[v, s], kept, rtol=0, atol=1e-12)


def test_the_plain_engine_takes_no_members_that_differ():
    x = torch.zeros(2, 1, 3)
    of = [lambda x: (x * 2,), lambda x: (x * 3,)]
    request = engine.Merge(of, [[x[0, 0]], [x[1, 0]]], [0, 1], (2, 1), [x], [engine.BY_MEMBER])
    with pytest.raises(engine.CannotBatchError, match="differ in more than their tensors"):
        engine.plain(request)


# --- what is kept -----------------------------------------------------------------------------


def saved(model):
    file = io.BytesIO()
    torch.save(model, file)
    return len(file.getvalue())


@pytest.mark.parametrize("tested", [True, False], ids=["recorder", "plain"])
def test_a_saved_member_holds_itself_and_not_the_fleet(tested, monkeypatch):
    monkeypatch.setattr(recorder, "is_tested", lambda: tested)

    def build(value):
        model = MLP(16, (30,), 3, norm_layer=nn.BatchNorm1d)
        return Run(model, sgd(model))

    fleet = train(build, range(5), seeds=8, epochs=2)
    one = saved(build(0).model)
    assert fleet.fallback is None
    assert saved(fleet.model(0, 0)) < 1.05 * one
    assert saved(fleet.model(4, 7)) < 1.05 * one
    with torch.no_grad():
        fleet.model(0, 0).layers[1].weight.zero_()
    assert fleet.model(0, 1).layers[1].weight.all(), "nor is its memory another one's"
