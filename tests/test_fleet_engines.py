"""Two engines, one result: the plain one is `torch.func` alone, the recorder is the fast one."""

import io

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import RandomShift
from course_utils.fleet import Run, engine, grouping, pytorch, recorder
from course_utils.models import MLP, SmallCNN
from course_utils.regularizers import l1_penalty, l2_penalty
from tests.fleets import (
    DATA,
    Replacing,
    assert_members_are_fits,
    assert_values_matter,
    make_data,
    mlp,
    plain,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def engines(monkeypatch):
    """Which engines were asked, by name."""
    asked = []

    def noting(module, name):
        merge = getattr(module, name)

        def noted(request):
            asked.append(name)
            return merge(request)

        monkeypatch.setattr(module, name, noted)

    noting(recorder, "merge")
    noting(grouping, "plain")
    return asked


def with_penalty(lam):
    model = mlp()
    return Run(model, sgd(model), penalty=lambda m: lam * (l2_penalty(m) + 0.1 * l1_penalty(m)))


def with_dropout(lr):
    model = mlp(dropout=0.4)
    return Run(model, sgd(model, lr))


def with_batch_norm(lr):
    model = mlp(norm_layer=nn.BatchNorm1d)
    return Run(model, sgd(model, lr, momentum=0.5))


def with_statistics_replaced(lr):
    model = mlp(norm_layer=Replacing)
    return Run(model, sgd(model, lr))


def cnn(lr):
    model = SmallCNN((1, 8, 8), 3, channels=(2, 3))
    return Run(model, sgd(model, lr))


def augmented(lr):
    model = mlp()
    return Run(model, sgd(model, lr), augment=RandomShift(1))


def noisy(lr):
    model = mlp()
    return Run(model, sgd(model, lr), augment=lambda x: x + 0.3 * torch.randn_like(x))


def with_adam(lr):
    model = mlp()
    return Run(model, torch.optim.Adam(model.parameters(), lr=lr / 10))


FLEETS = {
    "adam": (with_adam, [0.1, 0.3], DATA),
    "penalty": (with_penalty, [0.1, 0.02], DATA),
    "dropout": (with_dropout, [0.1, 0.3], DATA),
    "batch norm": (with_batch_norm, [0.1, 0.3], DATA),
    "replaced": (with_statistics_replaced, [0.1, 0.3], DATA),
    "cnn": (cnn, [0.1, 0.3], make_data(size=8)),
    "shifted": (augmented, [0.1, 0.3], DATA),
    "noisy": (noisy, [0.1, 0.3], DATA),
}


@pytest.mark.parametrize(("build", "values", "data"), FLEETS.values(), ids=FLEETS.keys())
def test_both_engines_train_the_same(build, values, data, engines, monkeypatch):
    fast = train(build, values, data)
    assert set(engines) == {"merge"}
    engines.clear()
    monkeypatch.setattr(recorder, "is_tested", lambda: False)
    slow = train(build, values, data)
    assert set(engines) == {"plain"}
    assert fast.fallback is slow.fallback is None
    assert_values_matter(fast)
    for curve in ("train_loss", "train_acc", "val_loss", "val_acc"):
        assert np.allclose(getattr(fast, curve), getattr(slow, curve), rtol=0, atol=1e-9), curve
    for v in range(2):
        for s in range(2):
            state = slow.model(v, s).state_dict()
            for name, tensor in fast.model(v, s).state_dict().items():
                assert torch.allclose(tensor, state[name], rtol=0, atol=1e-9), name
    assert_members_are_fits(slow, build, data)


def test_the_plain_engine_takes_values_of_other_numbers_apart(engines, monkeypatch):
    monkeypatch.setattr(recorder, "is_tested", lambda: False)
    sizes = []

    class Noted(grouping.Together):
        def __init__(self, members, *rest):
            sizes.append(len(members))
            super().__init__(members, *rest)

    monkeypatch.setattr(grouping, "Together", Noted)
    train(with_penalty, [0.1, 0.02, 0.1], seeds=3)
    assert sorted(sizes) == [3, 6], "the same λ, the same code"


@pytest.mark.parametrize(
    ("version", "tested"),
    [
        ("2.12.1", False),
        ("2.13.0", True),
        ("2.14.9+cpu", True),
        ("2.15.0", False),
        ("2.15.0a0+gitabc", False),
        ("3.0.1+cu130", False),
    ],
)
def test_an_untested_pytorch_runs_the_plain_engine(version, tested, engines, monkeypatch):
    monkeypatch.setattr(pytorch, "OLDEST_TESTED", (2, 13))
    monkeypatch.setattr(pytorch, "NEWEST_TESTED", (2, 14))
    monkeypatch.setattr(torch, "__version__", version)
    fleet = train(plain, [0, 1], epochs=1)
    assert set(engines) == ({"merge"} if tested else {"plain"})
    assert fleet.fallback is None
    assert_members_are_fits(fleet, plain)


def test_this_pytorch_is_tested():
    assert recorder.is_tested()


def test_the_plain_engine_runs_what_the_recorder_cannot(engines, monkeypatch):
    def cannot(request):
        raise engine.CannotBatchError("a made-up reason")

    monkeypatch.setattr(recorder, "merge", cannot)
    fleet = train(with_dropout, [0.1, 0.3])
    assert fleet.fallback is None
    assert "plain" in engines
    assert_members_are_fits(fleet, with_dropout)


def test_where_both_cannot_the_recorders_reason_is_told(monkeypatch):
    def refuses(words):
        def refuse(request):
            raise engine.CannotBatchError(words)

        return refuse

    monkeypatch.setattr(recorder, "merge", refuses("the reason of the first"))
    monkeypatch.setattr(grouping, "plain", refuses("of the second"))
    with pytest.warns(UserWarning, match="4 of 4 runs .* the reason of the first"):
        fleet = train(plain, [0, 1])
    assert_members_are_fits(fleet, plain)


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
