"""Questions of yes or no: who tests gets full marks, and who guesses is found out."""

import random
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from course_utils.checks.report import Check, CheckFailed
from course_utils.exercises import verdicts
from course_utils.exercises.verdicts import ASKED, in_any_order
from instructor.course.judging.watching import derived

WORDS = {"bug": "a bug", "missed": "missed", "accused": "accused"}


def odd() -> int:
    return 1


def even() -> int:
    return 2


def asked(answer: Callable[..., Any], *functions: Callable[[], int], seed: int = 0) -> str:
    """The message of what is wrong with the answer; "" where nothing is."""
    check = Check("task")
    with mock.patch.object(verdicts, "dice", random.Random(seed)):
        try:
            with in_any_order(check, answer) as questions:
                for function in functions or (odd, even):
                    broken = function() % 2 == 1
                    questions.add(function, broken=broken, what=function.__name__, **WORDS)
        except CheckFailed as error:
            return str(error)
    assert len(check.passed().properties) == 3
    return ""


def test_who_tests_is_right_whatever_the_order() -> None:
    assert [asked(lambda f: f() == 1, seed=seed) for seed in range(20)] == [""] * 20


@pytest.mark.parametrize("guess", ["first yes", "in turns", "always yes", "coin", "recognizes"])
def test_who_guesses_is_found_out(guess: str) -> None:
    # By chance one run of some hundreds is right.
    passed = 0
    for seed in range(200):
        seen: list[Any] = []
        draws = random.Random(f"a guess {seed}")

        def answer(f: Any, seen: list[Any] = seen, draws: random.Random = draws) -> bool:
            seen.append(f)
            return {
                "first yes": len(seen) == 1,
                "in turns": len(seen) % 2 == 1,
                "always yes": True,
                "coin": draws.random() < 0.5,
                "recognizes": f in seen[:-1],
            }[guess]

        passed += asked(answer, seed=seed) == ""
    assert passed <= 1


def test_each_is_asked_about_and_some_again_in_another_order() -> None:
    orders = set()
    for seed in range(20):
        seen: list[int] = []
        assert asked(lambda f, seen=seen: seen.append(f()) or f() == 1, seed=seed) == ""
        assert len(seen) == ASKED
        assert set(seen) == {1, 2}
        orders.add(tuple(seen))
    assert len(orders) > 15


def test_what_is_told_does_not_depend_on_the_order() -> None:
    told = {asked(lambda _: None, odd, even, seed=seed) for seed in range(10)}
    assert len(told) == 1
    assert "yes or no" in told.pop()
    told = {asked(lambda _: False, even, odd, odd, seed=seed) for seed in range(10)}
    assert len(told) == 1
    assert "missed" in told.pop()


def test_a_mark_does_not_depend_on_the_order_even_if_the_answer_draws() -> None:
    def answer(f: Any) -> bool:  # wrong of what is right in one case of eight
        drawn = torch.rand(()).item() + random.random() + float(np.random.random())  # noqa: NPY002
        return f() == 1 or drawn < 0.9

    told = {asked(answer, odd, *[even] * 40, seed=seed) for seed in range(10)}
    assert len(told) == 1
    assert "accused" in told.pop()
    assert len({asked(answer, odd, even, seed=seed) for seed in range(10)}) == 1


def test_draws_do_not_tell_the_kinds_apart() -> None:
    seeds = set()
    assert asked(lambda f: seeds.add(torch.initial_seed()) or f() == 1) == ""
    assert len(seeds) == 1


def test_a_long_answer_is_not_told_whole() -> None:
    assert len(asked(lambda _: "x" * 1_000_000)) < 3000


def test_what_an_answer_raises_is_raised() -> None:
    def answer(f: Any) -> bool:
        if f() == 2:
            raise KeyError("even")
        return True

    with pytest.raises(KeyError, match="even"):
        asked(answer)


def test_a_model_is_another_each_time_and_the_same() -> None:
    model, x, seen = nn.Linear(2, 1), torch.ones(1, 2), []

    def answer(given: nn.Linear, inputs: Tensor) -> bool:
        seen.append(given)
        return torch.equal(given(inputs), model(torch.ones(1, 2)))

    def asked(answer: Callable[..., bool]) -> None:
        with in_any_order(Check("task"), answer) as questions:
            questions.add(model, x, broken=True, what="a model", **WORDS)

    asked(answer)
    assert len({id(one) for one in seen}) == len(seen) == ASKED

    @torch.no_grad()
    def careless(given: nn.Linear, inputs: Tensor) -> bool:
        same = answer(given, inputs)
        given.weight.zero_()
        return same

    with pytest.raises(CheckFailed, match="what is passed in stays as it is"):
        asked(careless)
    assert model.weight.any()


def test_seeds_for_two_purposes_tell_nothing_of_each_other() -> None:
    draws = {derived(seed, "draws") for seed in range(100)}
    order = {derived(seed, "order") for seed in range(100)}
    assert len(draws | order) == 200
    assert derived(7, "draws") == derived(7, "draws")
