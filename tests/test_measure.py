"""Contestants are measured side by side, and what other programs disturbed is measured again."""

import pytest

from benchmarks import measure
from benchmarks.measure import Contestant, Sample, Spent, ratio, side_by_side


def test_contestants_take_turns_after_all_have_warmed_up() -> None:
    done: list[str] = []

    def contestant(name: str, seconds: float) -> Contestant:
        def run() -> Spent:
            done.append(name)
            return Spent(seconds)

        return Contestant(name, run, warm_up=lambda: done.append(name.lower()), times=10)

    a, b = side_by_side([contestant("A", 1.0), contestant("B", 2.0)], repeats=3)
    assert done[:8] == ["a", "b", "A", "B", "A", "B", "A", "B"]
    assert (a.walls, b.walls) == ([10.0] * 3, [20.0] * 3)


def test_disturbed_rounds_are_replaced_by_quiet_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    # Other programs take one core in the first two rounds; the run itself is fastest just then.
    clock = {"now": 0.0, "busy": 0.0}
    rounds = iter([(1.0, 1.0), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0), (4.0, 0.0)])

    def run() -> Spent:
        wall, others = next(rounds)
        clock["now"] += wall
        clock["busy"] += wall * (1.0 + others)
        return Spent(wall)

    monkeypatch.setattr("benchmarks.measure.time.perf_counter", lambda: clock["now"])
    monkeypatch.setattr(measure, "_own_cpu", lambda: clock["now"])
    monkeypatch.setattr(measure, "_busy_seconds", lambda: clock["busy"])
    (timing,) = side_by_side([Contestant("A", run)], repeats=3)
    assert timing.walls == [2.0, 3.0, 4.0]
    assert timing.median == 3.0
    assert timing.others == 0.0


def test_where_nothing_is_known_about_others_the_rounds_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measure, "_busy_seconds", lambda: float("nan"))
    walls = iter([1.0, 2.0, 3.0])
    (timing,) = side_by_side([Contestant("A", lambda: Spent(next(walls)))], repeats=3)
    assert timing.walls == [1.0, 2.0, 3.0]


def test_a_ratio_compares_what_was_run_in_the_same_round(monkeypatch: pytest.MonkeyPatch) -> None:
    # The computer gets slower and slower, and the second round is disturbed for B alone.
    others = iter([0.0, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0])
    monkeypatch.setattr(measure, "_sample", lambda c: Sample(c.run().wall, 0.0, 0.0, next(others)))
    slow, fast = iter([2.0, 40.0, 6.0, 8.0]), iter([1.0, 2.0, 3.0, 4.0])
    a, b = side_by_side(
        [
            Contestant(name, lambda w=walls: Spent(next(w)))
            for name, walls in zip("AB", (slow, fast), strict=True)
        ],
        repeats=3,
    )
    assert (a.walls, b.walls) == ([2.0, 6.0, 8.0], [1.0, 3.0, 4.0])
    assert ratio(a, b) == 2.0


def test_scoring_can_be_taken_out() -> None:
    (timing,) = side_by_side([Contestant("fit", lambda: Spent(5.0, scoring=2.0))], repeats=1)
    assert timing.walls == [5.0]
    assert timing.without_scoring("training").walls == [3.0]
