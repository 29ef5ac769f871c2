"""The judge of random cases sees every kind of fault, and none where there is none."""

from random import Random

import pytest
import torch

from tests.fuzzing.alone import one_by_one
from tests.fuzzing.cases import case
from tests.fuzzing.comparing import KINDS, Verdict
from tests.fuzzing.judging import judge
from tests.fuzzing.recipes import recipe

CASES = 300


def faulty(change):
    """`one_by_one`, with something changed afterwards."""

    def train(build, data, **settings):
        fleet = one_by_one(build, data, **settings)
        change(fleet, data)
        return fleet

    return train


@pytest.fixture
def plain():
    """A simple case with one data set and a buffer, for which nothing differs."""
    made = recipe(Random(5), simple=True)
    made.inside = torch.nn.BatchNorm1d
    made.batch_size = 10
    return made


@pytest.mark.slow
def test_training_one_by_one_keeps_the_promise():
    # What is asked of a fleet can be kept. The data and scores are fit's own matter.
    # (`python -m tests.fuzzing --one-by-one` takes all cases.)
    of_fit = ("fit ", "score")
    failed = [
        f"case {number}: {line}"
        for number in range(0, CASES, 10)
        for line in judge(case(number).recipe, one_by_one).found
        if not line.startswith(of_fit)
    ]
    assert not failed, "\n" + "\n".join(failed)


def change_curve(fleet, data):
    fleet.history(0, 1).val_loss[-1] += 1e-7


def change_accuracy(fleet, data):
    fleet.history(0, 0).train_acc[1] += 0.01


def change_weight(fleet, data):
    with torch.no_grad():
        next(fleet.model(0, 1).parameters()).view(-1)[0] += 1e-7


def change_buffer(fleet, data):
    next(b for b in fleet.model(0, 0).buffers() if b.is_floating_point())[0] += 1e-7


def change_data(fleet, data):
    data.x_val[0] += 1


def change_mode(fleet, data):
    next(fleet.model(0, 0).parameters()).requires_grad_(False)


def change_attribute(fleet, data):
    fleet.model(0, 0)[2].forward = torch.sin  # in place of its activation


def break_model(fleet, data):
    fleet.model(0, 0)[2].forward = None


def move_generator(fleet, data):
    torch.rand(1)


def speak_of_the_machinery(fleet, data):
    fleet.fallback = "vmap: this operation has no batching rule"


def say_nothing_in_a_warning(fleet, data):
    fleet.fallback = "another reason that no warning gave"


FAULTS = {
    change_curve: "difference when alone",
    change_accuracy: "difference when alone",
    change_weight: "difference when alone",
    change_buffer: "difference when alone",
    change_data: "fleet changed data",
    change_mode: "module",
    change_attribute: "module",
    break_model: "module",
    move_generator: "fleet moved the random state",
    speak_of_the_machinery: "words",
    say_nothing_in_a_warning: "words",
}


def test_the_judge_finds_nothing_where_nothing_is_wrong(plain):
    result = judge(plain, one_by_one)
    assert (result.found, result.how) == ([], "alone")


@pytest.mark.parametrize(("change", "kind"), FAULTS.items(), ids=[f.__name__ for f in FAULTS])
def test_the_judge_sees_a_fault(plain, change, kind):
    assert any(line.startswith(kind) for line in judge(plain, faulty(change)).found)


def test_the_judge_calls_a_difference_without_a_reason_silent(plain):
    def quiet(fleet, data):
        change_curve(fleet, data)
        fleet.fallback = None

    assert judge(plain, faulty(quiet)).found[0].startswith("silent difference")


def test_the_judge_asks_for_a_reason_where_no_run_can_be_repeated(plain):
    plain.repeatable = False
    assert judge(plain, one_by_one).found == []

    def quiet(fleet, data):
        fleet.fallback = None

    assert judge(plain, faulty(quiet)).found[0].startswith("unsaid")


def test_the_judge_compares_errors(plain):
    plain.penalty = lambda model, value: lambda m: 0.0 * next(m.parameters()).sum() - 1.0
    assert judge(plain, one_by_one).found == []  # both refuse, in the same words

    def other(*arguments, **settings):
        raise ValueError("stack expects each tensor to be equal size")

    assert judge(plain, other).found[0].startswith("other error")
    plain.penalty = lambda model, value: None
    assert judge(plain, other).found[0].startswith("fleet crashed")


def test_the_judge_sees_a_fleet_that_trains_what_fit_refuses(plain):
    def blind(build, data, **settings):
        def without(value):
            run = build(value)
            run.penalty = None
            return run

        return one_by_one(without, data, **settings)

    plain.penalty = lambda model, value: lambda m: 0.0 * next(m.parameters()).sum() - 1.0
    assert judge(plain, blind).found[0].startswith("trains what fit refuses")


def test_every_kind_of_fault_has_its_place():
    assert len(set(KINDS)) == len(KINDS)
    result = Verdict()
    for kind in reversed(KINDS):
        result.add(kind, "x")
    assert [line.partition(":")[0] for line in result.found] == list(KINDS)
