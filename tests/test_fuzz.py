"""Random cases, each trained as a fleet and alone; and whether the cases meet every trap."""

import pytest
import torch

from tests.fuzzing.cases import case
from tests.fuzzing.traps import TRAPS
from tests.fuzzing.traps.python_state import OWN_GENERATORS
from tests.fuzzing.traps.shared_signals import SHARED
from tests.fuzzing.traps.signals import OWN

pytestmark = pytest.mark.no_cover  # long, and what they run is run by other tests too

CASES = 300
GROUP = 30


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, CASES, GROUP))
def test_a_fleet_equals_its_runs_alone_or_says_that_it_cannot(first):
    cases = [case(number) for number in range(first, first + GROUP)]
    verdicts = [made.judge() for made in cases]
    failed = [
        f"case {made.number} ({made.kind}): {verdict.found[0]}"
        for made, verdict in zip(cases, verdicts, strict=True)
        if verdict.found
    ]
    assert not failed, "\n" + "\n".join(failed) + "\npython -m tests.fuzzing NUMBER shows one"
    # Most ordinary cases train together, or nothing but a loop was tested.
    ordinary = [v.how for made, v in zip(cases, verdicts, strict=True) if made.trap is None]
    assert ordinary.count("together") >= 0.5 * len(ordinary), ordinary


# --- the cases --------------------------------------------------------------------------------


def test_the_cases_meet_every_trap():
    met = [trap.name for number in range(CASES) if (trap := case(number).trap) is not None]
    assert len(met) >= 60
    assert set(met) == {trap.name for trap in TRAPS}
    assert len({trap.name for trap in TRAPS}) == len(TRAPS)


@pytest.mark.parametrize("number", [1, 4, 30, 101])
def test_a_case_is_always_the_same(number):
    # Nothing of an earlier build may be left in a later one.
    descriptions, weights = [], []
    for _ in range(2):
        made = case(number)
        torch.manual_seed(3)
        descriptions.append(made.describe())
        for value in made.recipe.values:
            torch.manual_seed(3)
            weights.append(torch.cat([p.flatten() for p in built(made.recipe, value)]).detach())
    half = len(weights) // 2
    assert descriptions[0] == descriptions[1]
    assert all(map(torch.equal, weights[:half], weights[half:]))


def built(made, value):
    return [p.real.double() for p in made.build(value).model.parameters()]


@pytest.mark.parametrize("name", [*OWN, *SHARED])
def test_every_counter_counts_and_starts_anew(name):
    make = OWN.get(name) or SHARED[name]
    for _ in range(2):
        count = make()
        assert [count() for _ in range(12)] == list(range(1, 13))


@pytest.mark.parametrize("name", OWN_GENERATORS)
def test_every_own_generator_changes_and_starts_anew(name):
    first, second = ([float(draw()) for _ in range(5)] for draw in map_make(name))
    assert first == second
    assert len(set(first)) > 1


def map_make(name):
    return OWN_GENERATORS[name](), OWN_GENERATORS[name]()
