"""Memory in compiled objects, and settings of NumPy and PyTorch that a step reads or changes."""

import dataclasses
import zlib

import numpy as np
import pytest
import torch

from course_utils.fleet import Run
from tests.fleets import DATA, Hidden, compared, mlp, running, sgd

pytestmark = pytest.mark.usefixtures("float64")


def penalized_by(make):
    """A `build` whose penalty is as strong as the number that a fresh `make()` returns next."""

    def build(value):
        model, strength = mlp(), make()

        def penalty(m):
            return (0.1 + 0.1 * strength()) * m.layers[1].weight.square().sum()

        return Run(model, sgd(model), penalty=penalty)

    return build


# --- objects of compiled code -------------------------------------------------------------------


def by_compressor():
    compressor = zlib.compressobj()
    return lambda: len(compressor.compress(b"x") + compressor.flush(zlib.Z_SYNC_FLUSH)) % 3


def by_decompressor():
    stream = zlib.compress(bytes([0, 1, 2] * 100), 0)
    inflater = zlib.decompressobj()
    return lambda: inflater.decompress(inflater.unconsumed_tail or stream, 1)[0]


@pytest.mark.parametrize("make", [by_compressor, by_decompressor])
def test_compiled_objects_may_remember_and_train_alone(make):
    compared(penalized_by(make), [0], "remembers cannot be seen")


# --- settings -----------------------------------------------------------------------------------


def by_errors():
    def strength():
        warned = np.geterr()["over"] == "warn"
        np.seterr(over="ignore" if warned else "warn")
        return float(warned)

    np.seterr(over="warn")
    return strength


def by_benchmark():
    def strength():
        torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark
        return float(torch.backends.cudnn.benchmark)

    torch.backends.cudnn.benchmark = False
    return strength


@pytest.mark.parametrize(
    ("make", "why"),
    [(by_errors, "reaches beyond its tensors"), (by_benchmark, "torch.backends")],
)
def test_settings_that_a_step_changes_train_alone(make, why):
    with np.errstate():
        before = torch.backends.cudnn.benchmark
        try:
            compared(penalized_by(make), [0], why)
        finally:
            torch.backends.cudnn.benchmark = before


def test_a_tensor_that_a_step_resizes_trains_alone():
    def make():
        grown = torch.zeros(1)

        def between(model, activations):
            grown.resize_(grown.numel() % 3 + 1)
            return activations * grown.numel()

        return Hidden(between)

    compared(running(make), [0], "more than an operation")


# --- numbers that are not finite ----------------------------------------------------------------


class Squares(Hidden):
    """What is far too large becomes infinite in it."""

    def forward(self, x):
        return self.last(self.first(x.flatten(1)).square())


def test_a_validation_loss_that_is_not_finite_leaves_the_other_curves():
    x = DATA.x_val.clone()
    x[0] = 1e200
    data = dataclasses.replace(DATA, x_val=x)
    fleet = compared(running(lambda: Squares(None), lr=1e-3), [0], data=data)
    assert np.isnan(fleet.val_loss).all()
    assert np.isfinite(fleet.train_loss).all()
