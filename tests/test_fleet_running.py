"""What a fleet is while it trains and afterwards."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import RandomShift
from course_utils.fleet import Run, iter_fleet, train_fleet
from course_utils.training import evaluate, shuffled_batches
from tests.fleets import (
    BATCH,
    DATA,
    EPOCHS,
    assert_members_are_fits,
    by_rate,
    make_data,
    mlp,
    plain,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")

ROOT = Path(__file__).resolve().parents[1]


# --- what a fleet is --------------------------------------------------------------------------


def test_members_that_share_a_seed_share_start_batches_and_noise():
    seen = []

    def build(value):
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 3))
        seen.append(model[2].weight.detach().clone())
        return Run(model, sgd(model))

    fleet = train(build, ["a", "b"])
    first, second, third, fourth = seen
    assert torch.equal(first, third)
    assert torch.equal(second, fourth)
    assert not torch.equal(first, second)
    assert np.array_equal(fleet.val_loss[0], fleet.val_loss[1])
    assert not np.array_equal(fleet.val_loss[:, 0], fleet.val_loss[:, 1])


def test_the_curves():
    fleet = train(plain, ["a", "b", "c"], seeds=[4, 9], epochs=2)
    assert fleet.values == ["a", "b", "c"]
    assert fleet.seeds == [4, 9]
    assert (fleet.epoch, fleet.epochs) == (2, 2)
    for curve in (fleet.train_loss, fleet.train_acc, fleet.val_loss, fleet.val_acc):
        assert curve.shape == (3, 2, 3)
        assert curve.dtype == np.float64
        assert np.isfinite(curve).all()
    history = fleet.history(2, 1)
    assert history.val_acc == fleet.val_acc[2, 1].tolist()
    assert history.train_loss == fleet.train_loss[2, 1].tolist()
    assert history.epochs == 2


def test_each_models_score_is_the_recorded_one():
    def build(p):
        model = mlp(dropout=p, norm_layer=nn.BatchNorm1d)
        return Run(model, sgd(model))

    fleet = train(build, [0.0, 0.5])
    for v in range(2):
        for s in range(2):
            score = evaluate(fleet.model(v, s), DATA.x_val, DATA.y_val)
            assert score.loss == pytest.approx(fleet.val_loss[v, s, -1], abs=1e-6)
            assert score.acc == pytest.approx(fleet.val_acc[v, s, -1])
    weights = {fleet.model(v, s).layers[1].weight.sum().item() for v in range(2) for s in range(2)}
    assert len(weights) == 4


@pytest.mark.parametrize("n", [28, 16])  # with and without a smaller last batch
def test_models_are_left_in_training_mode_as_fit_leaves_them(n):
    def build(p):
        model = mlp(dropout=p)
        return Run(model, sgd(model))

    fleet = train(build, [0.1, 0.5], DATA.subset(n))
    for v in range(2):
        for s in range(2):
            assert all(module.training for module in fleet.model(v, s).modules())


def test_a_fleet_grows_epoch_by_epoch_and_can_be_cancelled():
    epochs = iter_fleet(plain, DATA, values=[1, 2], seeds=2, epochs=10, batch_size=BATCH)
    fleet = next(epochs)
    assert fleet.epoch == 0
    assert np.isfinite(fleet.val_loss[..., 0]).all()
    assert np.isnan(fleet.val_loss[..., 1:]).all()
    assert fleet.history(0, 0).epochs == 0
    start = fleet.model(0, 0).layers[1].weight.clone()
    assert next(epochs) is fleet
    assert next(epochs) is fleet
    assert fleet.epoch == 2
    epochs.close()
    assert np.isfinite(fleet.val_loss[..., :3]).all()
    assert np.isnan(fleet.val_loss[..., 3:]).all()
    assert fleet.history(1, 1).epochs == 2
    assert not torch.equal(fleet.model(0, 0).layers[1].weight, start)
    score = evaluate(fleet.model(1, 1), DATA.x_val, DATA.y_val)
    assert score.loss == pytest.approx(fleet.val_loss[1, 1, 2], abs=1e-6)


# --- in any number ----------------------------------------------------------------------------


def test_the_world_stays_as_it_was():
    def build(p):
        model = mlp(dropout=p)
        return Run(model, sgd(model), augment=RandomShift(1))

    state = torch.get_rng_state()
    train(build, [0.2, 0.5])
    assert torch.equal(torch.get_rng_state(), state)
    assert DATA.test.opened_at is None


@pytest.mark.parametrize("seeds", [1, [7]])
def test_a_fleet_of_one(seeds):
    fleet = train(plain, [0], seeds=seeds)
    assert fleet.val_loss.shape == (1, 1, EPOCHS + 1)
    assert_members_are_fits(fleet, plain)


@pytest.mark.parametrize(
    ("values", "seeds", "label"),
    [([0], 1, "1 value x 1 seed:"), ([0, 1], 2, "2 values x 2 seeds:")],
)
def test_the_progress_bar_counts_values_and_seeds(values, seeds, label, capsys):
    train_fleet(plain, DATA, values=values, seeds=seeds, epochs=1)
    assert label in capsys.readouterr().err


def test_more_samples_than_one_pass_of_scoring():
    data = make_data(1200)
    assert_members_are_fits(train(plain, [0], data, epochs=1), plain, data)


def test_the_number_of_epochs_may_come_from_numpy():
    many = 24  # enough for several looks at members that train alone
    theirs = train(plain, [0, 1], epochs=np.int64(many))
    assert np.array_equal(theirs.val_loss, train(plain, [0, 1], epochs=many).val_loss)


def test_zero_epochs_only_score():
    fleet = train(plain, [0, 1], epochs=0)
    assert fleet.val_loss.shape == (2, 2, 1)
    assert_members_are_fits(fleet, plain)


def test_the_batches_are_those_of_fit():
    """Told by a penalty-free linear model whose first step can be worked out."""
    build = by_rate(lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 3)))
    fleet = train_fleet(
        build, DATA, values=[0.5], seeds=[3], epochs=1, batch_size=DATA.n_train, progress=False
    )
    torch.manual_seed(3)
    model = build(0.5).model
    (batch,) = next(shuffled_batches(DATA.n_train, DATA.n_train, 3))
    F.cross_entropy(model(DATA.x_train[batch]), DATA.y_train[batch]).backward()
    expected = model[1].weight - 0.5 * model[1].weight.grad
    assert torch.allclose(fleet.model(0, 0)[1].weight, expected, atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_on_a_gpu_as_on_the_cpu():
    def build(p):
        model = mlp(dropout=p, norm_layer=nn.BatchNorm1d).to("cuda")
        return Run(model, sgd(model), augment=RandomShift(1))

    fleet = train(build, [0.2, 0.5])
    assert fleet.fallback is None
    assert fleet.model(0, 0).layers[1].weight.is_cuda
    assert_members_are_fits(fleet, build, tolerance=1e-3)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do otherwise")
def test_memory_that_a_step_frees_is_not_taken_from_the_system_anew():
    program = """
import resource, torch
from course_utils.fast_paths import keep_freed_memory

def pages_taken():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        pieces = [torch.ones(1_200_000) for _ in range(4)]  # some 20 MB, as a step takes
        del pieces
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = pages_taken()
keep_freed_memory()
pages_taken()
print(first, pages_taken())
"""
    # A threshold that the environment sets is fixed, and the program's memory says nothing then.
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    first, later = map(int, done.stdout.split())
    assert later < first / 10
