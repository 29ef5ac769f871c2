"""Two engines, one result: the plain one is `torch.func` alone, the recorder is the fast one."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import RandomShift
from course_utils.data import polynomial
from course_utils.fleet import Run, engine, grouping, pytorch, recorder
from course_utils.models import SmallCNN
from course_utils.regularizers import l1_penalty, l2_penalty
from tests.fleets import (
    DATA,
    Replacing,
    assert_members_are_fits,
    assert_values_matter,
    by_rate,
    compared,
    doubled,
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


with_dropout = by_rate(lambda: mlp(dropout=0.4))
with_batch_norm = by_rate(lambda: mlp(norm_layer=nn.BatchNorm1d), momentum=0.5)
with_statistics_replaced = by_rate(lambda: mlp(norm_layer=Replacing))
cnn = by_rate(lambda: SmallCNN((1, 8, 8), 3, channels=(2, 3)))


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


@pytest.mark.recorder
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


@pytest.mark.parametrize("loss", [F.mse_loss, F.smooth_l1_loss, F.huber_loss])
@pytest.mark.parametrize("turned", [False, True])
def test_the_plain_engine_compares_outputs_with_targets_of_all(loss, turned, engines, monkeypatch):
    monkeypatch.setattr(recorder, "is_tested", lambda: False)

    def loss_fn(outputs, y):
        pair = outputs.squeeze(1), y
        return loss(*reversed(pair)) if turned else loss(*pair)

    build = by_rate(lambda: nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)))
    compared(build, [0.01, 0.05], data=doubled(polynomial(60, noise=0.3)), loss_fn=loss_fn)
    assert set(engines) == {"plain"}


@pytest.mark.recorder
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


def test_this_pytorch_is_tested_or_older():
    # Fails with a newer one, so that whoever moves on to it runs these tests with it, and says so.
    release = tuple(int(part) for part in torch.__version__.split(".")[:2])
    assert recorder.is_tested() or release < pytorch.OLDEST_TESTED


def test_the_plain_engine_runs_what_the_recorder_cannot(engines, monkeypatch):
    def cannot(request):
        raise engine.CannotBatchError("a made-up reason")

    monkeypatch.setattr(recorder, "merge", cannot)
    fleet = train(with_dropout, [0.1, 0.3])
    assert fleet.fallback is None
    assert "plain" in engines
    assert_members_are_fits(fleet, with_dropout)


@pytest.mark.recorder
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
