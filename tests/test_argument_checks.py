"""What a run refuses, each check by itself: the value, the rule and the remedy."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.argument_checks import (
    check_loss,
    check_run,
    checked_outputs,
    checked_seed,
    checked_seeds,
)
from course_utils.data import Dataset, SealedTestSet, load_dataset
from course_utils.models import MLP
from course_utils.regularizers import BatchNorm1d
from tests.small_runs import refuses, sgd


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=60)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MLP(64, (8,), 10)


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [2.0, 2.5, True, "5", None, np.float64(3), [5], np.array([5])])
def test_epochs_and_batch_size_that_are_no_whole_numbers(model, data, value):
    run = partial(check_run, model, data, sgd(model))
    got = f"must be a whole number, got {value!r}"
    refuses(lambda: run(epochs=value, batch_size=50), f"epochs {got}", "0 only scores")
    refuses(lambda: run(epochs=1, batch_size=value), f"batch_size {got}", "try 50")


@pytest.mark.parametrize("number", [int, np.int64, np.uint8, np.array, torch.tensor])
def test_whole_numbers_of_any_library(model, data, number):
    settings = check_run(model, data, sgd(model), epochs=number(5), batch_size=number(20))
    assert settings == (5, 20)
    assert [type(setting) for setting in settings] == [int, int]


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        (3, [0, 1, 2]),
        (np.int64(2), [0, 1]),
        (torch.tensor(2), [0, 1]),
        ([4, 2], [4, 2]),
        ((7,), [7]),
        (range(2, 5), [2, 3, 4]),
        (np.array([5, 6]), [5, 6]),
        (np.array([5]), [5]),
        (torch.tensor([5]), [5]),
        (iter([1, 2]), [1, 2]),
    ],
)
def test_seeds_by_their_number_or_by_name(seeds, expected):
    chosen = checked_seeds(seeds)
    assert chosen == expected
    assert all(type(seed) is int for seed in chosen)


@pytest.mark.parametrize("seeds", [True, 2.0, "8", b"8", None, np.float64(2), np.array(2.0)])
def test_seeds_that_are_neither(seeds):
    refuses(lambda: checked_seeds(seeds), "how many (a whole number) or which", repr(seeds), "8")


@pytest.mark.parametrize("seed", [True, 1.0, "1", None])
def test_a_seed_that_is_no_whole_number(seed):
    refuses(lambda: checked_seed(seed), "seed must be a whole number", repr(seed), "seed=0")
    refuses(lambda: checked_seeds([0, seed]), "seed must be a whole number", repr(seed))
    assert checked_seed(np.int64(3)) == 3


def test_seeds_that_are_too_few_or_repeat():
    refuses(lambda: checked_seeds(np.int64(0)), "seeds must be at least 1, got 0", "8 show")
    refuses(lambda: checked_seeds([]), "at least one seed, got none", "8 show")
    refuses(lambda: checked_seeds([1, np.int64(1)]), "must differ from each other, got [1, 1]")


# --- models -----------------------------------------------------------------------------------


def test_a_model_that_is_none(model, data):
    run = partial(check_run, data=data, optimizer=sgd(model), epochs=1, batch_size=50)
    refuses(lambda: run(MLP), "nn.Module, got the class MLP", "MLP(64", error=TypeError)
    refuses(lambda: run(model.forward), "nn.Module, got <bound method", error=TypeError)


def test_a_model_on_two_devices(data):
    torn = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, 10, device="meta"))
    refuses(
        lambda: check_run(torn, data, sgd(torn), epochs=1, batch_size=50),
        "on one device, got cpu and meta",
        "model.to('cpu')",
    )


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_training_without_gradients(model, data, context):
    with context():
        refuses(
            lambda: check_run(model, data, sgd(model), epochs=1, batch_size=50),
            "training needs gradients",
            "torch.no_grad()",
        )
        assert check_run(model, data, sgd(model), epochs=0, batch_size=50) == (0, 50)


class Frozen(nn.BatchNorm1d):
    """A batch norm that keeps its statistics, as fine-tuning wants it."""

    def train(self, mode=True):
        return super().train(False)


def flat(norm):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), norm(8), nn.Linear(8, 10))


def convolutional(norm, pool):
    layers = (nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(pool), norm(4))
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(10))


def trains_on_one(model, data):
    model.train()(data.x_train[:1])


@pytest.mark.parametrize(
    "make",
    [
        lambda: flat(nn.BatchNorm1d),
        lambda: flat(BatchNorm1d),
        lambda: flat(nn.SyncBatchNorm),
        lambda: flat(partial(nn.BatchNorm1d, track_running_stats=False)),
        lambda: MLP(64, (8,), 10, norm_layer=nn.BatchNorm1d),
        lambda: convolutional(nn.BatchNorm2d, 1),
        lambda: convolutional(lambda width: nn.LazyBatchNorm2d(), 1),
    ],
)
@pytest.mark.parametrize(
    ("n", "batch_size", "remedy"),
    [
        (21, 10, "batch_size=11"),
        (21, 20, "batch_size=21"),
        (3, 1, "batch_size=3"),
        (10, 3, "batch_size=4"),
        (1, 50, "at least 2 training samples"),
    ],
)
def test_a_last_batch_of_one_with_batch_norm(make, n, batch_size, remedy):
    data, model = load_dataset("digits", n_train=n), make()
    refuses(
        lambda: check_run(model, data, sgd(model), epochs=1, batch_size=batch_size),
        "must have at least 2 samples",
        f"{n} training samples in batches of {batch_size}",
        remedy,
    )
    if remedy.startswith("batch_size"):
        better = int(remedy.removeprefix("batch_size="))
        check_run(model, data, sgd(model), epochs=1, batch_size=better)
    check_run(model, data, sgd(model), epochs=0, batch_size=batch_size)


@pytest.mark.parametrize(
    "make",
    [
        lambda: flat(nn.LayerNorm),
        lambda: flat(Frozen),
        lambda: convolutional(nn.BatchNorm2d, 2),
        lambda: convolutional(nn.InstanceNorm2d, 2),
    ],
)
def test_layers_that_train_on_one_sample(make):
    data, model = load_dataset("digits", n_train=21), make()
    check_run(model, data, sgd(model), epochs=1, batch_size=20)
    trains_on_one(model, data)


def test_looking_for_batch_norm_changes_nothing():
    data = load_dataset("digits", n_train=21)
    data.x_train.requires_grad_()
    model = nn.Sequential(nn.ReLU(inplace=True), convolutional(nn.BatchNorm2d, 2), nn.Dropout())
    model.eval()[1][2].train()
    model(data.x_train[:2].detach())  # makes the lazy layer
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes, x = [module.training for module in model.modules()], data.x_train.detach().clone()
    state = torch.get_rng_state()
    check_run(model, data, sgd(model), epochs=1, batch_size=20)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(data.x_train, x)
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module._forward_pre_hooks for module in model.modules())


LABELS, NUMBERS = torch.arange(6) % 3, torch.linspace(-1, 1, 6)


# --- what is refused is what would have gone wrong --------------------------------------------


def test_cross_entropy_of_numbers_is_computed_without_a_word():
    """Why `check_loss` exists: PyTorch takes n numbers for the probabilities of n classes."""
    assert F.cross_entropy(10 * NUMBERS, 100 * NUMBERS) < 0


def test_the_checks_know_data_sets_that_were_split_by_hand(model, data):
    x, y = data.x_val, F.one_hot(data.y_val, 10).float()
    soft = Dataset("soft", x, y, x, y, SealedTestSet(x, y, name="soft"), None)
    check_run(model, soft, sgd(model), epochs=1, batch_size=50)
    check_loss(F.cross_entropy, soft.y_train)
    checked_outputs(model(x), y, soft.num_classes, F.cross_entropy)
