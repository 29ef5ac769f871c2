"""State where nobody looks for it: in caches, in NumPy's memory, in what `build` counts."""

import functools
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.fleet import Run
from tests.fleets import SignSGD, alone, compared, mlp, sgd, train

pytestmark = pytest.mark.usefixtures("float64")

LATE = 8  # calls after which something changes: later than any dry run


# --- functions that keep their results ----------------------------------------------------------


def counted_in_a_cache(size, *, filled):
    @functools.lru_cache(maxsize=size)
    def kept():
        return {"calls": 0}

    def build(value):
        kept.cache_clear()  # each run counts from 0, in the fleet and in `fit`
        if filled:
            kept()
        model = mlp()

        def augment(x):
            kept()["calls"] += 1
            return x if kept()["calls"] < LATE else 0.5 * x

        return Run(model, sgd(model, 0.1 + 0.1 * value), augment=augment)

    return build


@pytest.mark.parametrize("size", [None, 1, 128])
@pytest.mark.parametrize("filled", [True, False])
def test_what_a_cached_function_has_returned_is_memory(size, filled):
    compared(counted_in_a_cache(size, filled=filled), why="changes from step to step")


@pytest.mark.parametrize("size", [None, 128])
def test_a_cache_of_constants_is_none(size):
    @functools.lru_cache(maxsize=size)
    def weights_of(n):
        return torch.ones(n, 1) / n

    for n in (16, 12, 28, 42):
        weights_of(n)

    def build(value):
        model = mlp()
        return Run(
            model, sgd(model), augment=lambda x: x + value * weights_of(len(x))[..., None, None]
        )

    compared(build)


def test_a_cache_that_the_first_steps_have_filled_is_emptied_again():
    @functools.lru_cache(maxsize=4)
    def kept():
        return []

    def build(value):
        model = mlp()

        def penalty(m):
            kept().append(m.layers[1].weight.sum().item())
            return m.layers[1].weight.square().sum() * value / len(kept())

        return Run(model, sgd(model), penalty=penalty)

    with pytest.warns(UserWarning, match="one after the other"):
        fleet = train(build, [1.0], seeds=1)
    assert len(kept()) == 3 * 2  # epochs x batches
    kept.cache_clear()
    history, _ = alone(build, 1.0, 0)
    assert fleet.history(0, 0).val_loss == history.val_loss


# --- memory of NumPy's --------------------------------------------------------------------------


def test_a_multiplier_in_a_numpy_array_is_memory():
    """It is 0, and written to without a change, until the weights are larger than allowed."""

    def build(value):
        model, kept = mlp(), np.zeros(1)

        def penalty(m):
            above = m.layers[1].weight.square().sum() - 3.0
            multiplier = torch.as_tensor(kept)
            multiplier += 0.1 * above.detach()
            multiplier.clamp_(min=0)
            return torch.as_tensor(kept).sum() * above.relu()

        return Run(model, sgd(model, 0.5 + value), penalty=penalty)

    compared(build, why="writes into a tensor that is no weight", epochs=6)


def test_numbers_from_a_numpy_array_are_constants():
    strengths = np.array([0.1, 0.2])

    def build(value):
        model = mlp()
        return Run(
            model,
            sgd(model),
            penalty=lambda m: (
                value * torch.from_numpy(strengths).sum() * m.layers[1].weight.square().sum()
            ),
        )

    compared(build)


# --- weights changed by the loss ----------------------------------------------------------------


class Clipped(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = mlp()

    def forward(self, x):
        with torch.no_grad():
            for p in self.parameters():
                p.clamp_(-0.3, 0.3)
        return self.net(x)


@pytest.mark.parametrize("kind", [torch.optim.SGD, SignSGD, torch.optim.Rprop])
def test_weights_that_the_forward_pass_clips_are_what_any_optimizer_steps_from(kind):
    def build(value):
        model = Clipped()
        return Run(model, kind(model.parameters(), lr=0.05 + 0.05 * value))

    compared(build, epochs=6)


# --- builds that count --------------------------------------------------------------------------


def counting(make):
    calls = []

    def build(value):
        calls.append(value)
        return make(value, len(calls))

    return calls, build


def own_optimizer(value, n):
    model = mlp()
    return Run(model, SignSGD(model.parameters(), lr=0.02 * n))


def one_value_looks_at_numbers(value, n):
    model = mlp()

    def penalty(m):
        weight = m.layers[1].weight
        return value * n * weight.square().sum() * (1 if weight.sum() > 0 else 2)

    return Run(model, sgd(model, 0.1 * n), penalty=penalty if value else None)


@pytest.mark.parametrize(
    ("make", "why"),
    [(own_optimizer, None), (one_value_looks_at_numbers, "4 of 4 runs.*called again")],
)
def test_a_build_that_counts_its_calls_is_called_once_for_each_run(make, why):
    calls, build = counting(make)
    with nullcontext() if why is None else pytest.warns(UserWarning, match=why):
        fleet = train(build, [0, 1])
    assert calls == [0, 0, 1, 1]
    calls.clear()
    for v, value in enumerate([0, 1]):
        for seed in range(2):
            history, _ = alone(build, value, seed)
            assert fleet.history(v, seed).val_loss == pytest.approx(history.val_loss, abs=1e-9)


def looks_at_numbers(model):
    return model.layers[1].weight.square().sum() * (1 if model.layers[1].weight.sum() > 0 else 2)


@pytest.mark.parametrize("kind", [torch.optim.SGD, SignSGD])
@pytest.mark.parametrize("penalty", [None, looks_at_numbers])
@pytest.mark.filterwarnings("ignore:.*runs train one after the other")
def test_a_list_in_which_build_keeps_its_models_holds_those_that_were_trained(kind, penalty):
    models = []

    def build(value):
        models.append(mlp())
        return Run(models[-1], kind(models[-1].parameters(), lr=0.1 + 0.1 * value), penalty=penalty)

    fleet = train(build, [0, 1])
    assert models == [fleet.model(v, s) for v in range(2) for s in range(2)]


def test_a_build_that_makes_a_class_each_time_builds_the_same_run():
    def build(value):
        class Own(SignSGD):
            """The same, under another name."""

        model = mlp()
        return Run(model, Own(model.parameters(), lr=0.05 + 0.05 * value))

    compared(build)
