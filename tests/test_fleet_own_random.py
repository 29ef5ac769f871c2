"""Random numbers that the seed does not control: of one's own generators, of Python, of NumPy."""

import random
import time
from random import random as coin

import numpy as np
import pytest
import torch

from course_utils.fleet import Run
from tests.fleets import alone, compared, mlp, sgd, train

pytestmark = pytest.mark.usefixtures("float64")


CHANGES = "changes from step to step or from run to run, and is no weight and no buffer"


def of_torch():
    generator = torch.Generator().manual_seed(5)
    return lambda: torch.rand(1, generator=generator).item()


def held(generator):
    return lambda: generator.random()


OWN_RANDOM = {
    "held": lambda: held(np.random.default_rng(0)),
    "held, python": lambda: held(random.Random(0)),
    "numpy": lambda: np.random.default_rng(0).random,
    "numpy, old": lambda: np.random.RandomState(0).rand,
    "python": lambda: random.Random(0).random,
    "torch": of_torch,
}


@pytest.mark.parametrize("make", OWN_RANDOM.values(), ids=OWN_RANDOM.keys())
def test_generators_of_ones_own(make):
    def build(value):
        model, draw = mlp(), make()
        return Run(model, sgd(model), augment=lambda x: x.flip(-1) if draw() < 0.5 else x)

    compared(
        build, [0], f"{CHANGES}|which the seed does not control|looks at the numbers in a tensor"
    )


GLOBAL_RANDOM = {
    "random": (lambda: random.random(), "it uses random.random, which the seed does not control"),
    "from random": (coin, "which the seed does not control"),
    "numpy": (np.random.rand, "which the seed does not control"),
    "numpy's name": (lambda: np.random.rand(), "it uses numpy.random"),  # noqa: NPY002
    "clock": (lambda: time.time() * 0 + 1, "it uses time.time, which the seed does not control"),
}


@pytest.mark.parametrize(("draw", "why"), GLOBAL_RANDOM.values(), ids=GLOBAL_RANDOM.keys())
def test_random_numbers_of_python_are_drawn_as_by_one_fit_after_the_other(draw, why):
    def build(value):
        model = mlp()
        return Run(model, sgd(model), augment=lambda x: x * draw())

    def seeded():
        random.seed(3)
        np.random.seed(3)  # noqa: NPY002

    seeded()
    with pytest.warns(UserWarning, match=why):
        fleet = train(build, [0])
    after = random.random(), np.random.rand()  # noqa: NPY002
    seeded()
    for s, seed in enumerate(fleet.seeds):
        history, _ = alone(build, 0, seed)
        assert fleet.train_loss[0, s] == pytest.approx(history.train_loss, abs=1e-12)
    assert after == (random.random(), np.random.rand())  # noqa: NPY002


@pytest.mark.parametrize("place", ["random", "numpy"])
def test_a_generator_that_build_seeds_goes_on_from_there(place):
    seed, draw = {
        "random": (random.seed, random.random),
        "numpy": (np.random.seed, np.random.rand),
    }[place]

    def build(value):
        seed(int(value))
        model = mlp()
        return Run(model, sgd(model), augment=lambda x: x * draw())

    compared(build, [3, 4], "which the seed does not control")
