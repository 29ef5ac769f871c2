"""Random states are read where they are in memory, and are what the public functions say."""

# ruff: noqa: NPY002 (the global generators are what this is about)
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from instructor.course.judging import draws
from instructor.course.judging.states import news, state
from instructor.course.judging.watching import seeded
from instructor.course.judging.wire import Broken

USES: list[Callable[[], Any]] = [
    lambda: random.seed(3),
    random.random,
    lambda: random.gauss(0, 1),  # keeps a spare number
    lambda: random.shuffle([*range(1000)]),
    lambda: np.random.seed(3),
    np.random.rand,
    np.random.randn,  # keeps a spare number
    lambda: np.random.rand(1000),
    lambda: torch.manual_seed(3),
    lambda: torch.rand(1000),
    lambda: torch.randn(3),
]


@pytest.fixture(autouse=True)
def as_before():
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])


def slowly() -> dict[str, Any]:
    """The states, by the public functions."""
    states = draws.python_state(), draws.numpy_state(), draws.torch_state()
    return dict(zip(("python", "numpy", "torch"), states, strict=True))


def test_states_are_those_of_the_public_functions() -> None:
    dice = random.Random(0)
    for _ in range(300):
        dice.choice(USES)()
        assert draws.random_now() == slowly()


def test_a_spare_number_that_is_taken_back_is_seen() -> None:
    # The words and their index are the same in both states.
    np.random.seed(0)
    np.random.randn()
    with_spare, now = np.random.get_state(), draws.random_now()
    np.random.randn()
    without = draws.random_now()
    assert without["numpy"][:2] == now["numpy"][:2]
    assert without != now
    np.random.set_state(with_spare)
    assert draws.random_now() == now


def test_another_generator_behind_numpys_functions_is_seen() -> None:
    before = np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(np.random.MT19937(5))
        assert draws.random_now()["numpy"] == draws.numpy_state()
    finally:
        np.random.set_bit_generator(before)
    assert draws.random_now()["numpy"] == draws.numpy_state()


def test_a_generator_that_cannot_cross_stays_on_its_side() -> None:
    before, known = np.random.get_bit_generator(), draws.random_now()
    arrays: list[bytes] = []
    np.random.rand()
    written = draws.random_out(draws.random_now(), known, arrays)
    try:
        np.random.set_bit_generator(np.random.PCG64(5))
        assert draws.random_out(draws.random_now(), known, []) == {}
        drawn = np.random.Generator(np.random.PCG64(5)).random()
        draws.random_in(written, arrays)
        assert np.random.rand() == drawn
    finally:
        np.random.set_bit_generator(before)


def test_states_cross_if_they_have_changed_and_draw_the_same_there() -> None:
    known = draws.random_now()
    arrays: list[bytes] = []
    assert draws.random_out(draws.random_now(), known, arrays) == {}
    for use in (lambda: random.gauss(0, 1), np.random.randn, lambda: torch.rand(2)):
        use()
    now = draws.random_now()
    written = draws.random_out(now, known, arrays)
    assert list(written) == ["python", "numpy", "torch"]
    drawn = random.gauss(0, 1), np.random.randn(), torch.rand(2).tolist()
    assert draws.random_in(written, arrays) == now
    assert (random.gauss(0, 1), np.random.randn(), torch.rand(2).tolist()) == drawn


@pytest.mark.parametrize("place", [-1, 625, 2**31 - 1, "1", None])
def test_an_index_outside_the_state_is_refused(place: object) -> None:
    arrays: list[bytes] = []
    (numbers, _, *rest) = draws.random_out({"numpy": draws.numpy_state()}, {}, arrays)["numpy"]
    with pytest.raises(Broken):
        draws.random_in({"numpy": [numbers, place, *rest]}, arrays)


def test_half_a_state_is_refused() -> None:
    arrays: list[bytes] = []
    numbers, *_ = draws.random_out({"numpy": draws.numpy_state()}, {}, arrays)["numpy"]
    with pytest.raises(Broken):
        draws.random_in({"numpy": [numbers]}, arrays)


@pytest.mark.parametrize("seed", [0, -1, 2**63, np.int64(7)])
def test_a_check_seeds_with_the_same_draws_and_without_the_other_devices(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(seed)
    drawn = torch.rand(3).tolist()
    public = torch.manual_seed
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("asked"))
    with seeded(1):
        assert torch.manual_seed(seed) is torch.default_generator
        assert torch.rand(3).tolist() == drawn
    assert torch.manual_seed is public


def test_only_a_tensor_that_has_changed_is_copied() -> None:
    tensor = torch.tensor([1.0, float("nan")], requires_grad=True)
    before = state(tensor)
    assert news(tensor, before) == (before, False)
    assert news(tensor, before)[0] is before
    tensor.grad = torch.ones(2)
    with_slope, changed = news(tensor, before)
    assert changed
    assert news(tensor, with_slope)[0] is with_slope
    tensor.grad[0] = 2.0
    assert news(tensor, with_slope)[1]
    tensor.grad = None
    assert news(tensor, with_slope)[1]
    assert not news(tensor, before)[1]
    tensor.data[0] = 3.0
    assert news(tensor, before)[1]
    tensor.data = torch.tensor([1.0, float("nan")], dtype=torch.float64)
    assert news(tensor, before)[1]
    assert news(torch.tensor([1.0, float("nan")]), before)[1]
