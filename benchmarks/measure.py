"""Timing contestants in turn, and saying how much the computer did beside them."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

#: Cores kept busy by other programs from which on a measurement is called disturbed.
DISTURBED = 0.15


class Spent(NamedTuple):
    """What one run took, in seconds on the wall."""

    wall: float
    #: Part of `wall` that went into scoring.
    scoring: float = 0.0
    #: CPU seconds, where the run knows better than the clock of this process.
    cpu: float | None = None
    #: They were spent by another process, which still lives.
    elsewhere: bool = False


class Sample(NamedTuple):
    wall: float
    scoring: float
    cpu: float
    #: Cores that other programs kept busy meanwhile; NaN where that is unknown.
    others: float


@dataclass
class Contestant:
    """One way of doing the work: `run` does and clocks it, `warm_up` comes once before."""

    name: str
    run: Callable[[], Spent]
    warm_up: Callable[[], object] = lambda: None
    #: The work is this many times what `run` does.
    times: float = 1.0


@dataclass
class Timing:
    name: str
    samples: list[Sample] = field(default_factory=list)

    @property
    def walls(self) -> list[float]:
        return [s.wall for s in self.samples]

    @property
    def median(self) -> float:
        return statistics.median(self.walls)

    @property
    def cpu(self) -> float:
        return statistics.median(s.cpu for s in self.samples)

    @property
    def others(self) -> float:
        return statistics.median(s.others for s in self.samples)

    def without_scoring(self, name: str) -> Timing:
        return Timing(name, [s._replace(wall=s.wall - s.scoring) for s in self.samples])


def ratio(one: Timing, other: Timing) -> float:
    """How many times as long as `other` took `one`, of the same `side_by_side`.

    The median over rounds: a computer whose pace drifts is the same to both within a round.
    """
    return statistics.median(a / b for a, b in zip(one.walls, other.walls, strict=True))


def timed(work: Callable[[], object]) -> Spent:
    start = time.perf_counter()
    work()
    return Spent(time.perf_counter() - start)


def side_by_side(contestants: Sequence[Contestant], repeats: int) -> list[Timing]:
    """Warm up all, then run them in turn, A B A B, `repeats` times.

    Where other programs disturb, up to `repeats` - 1 more rounds follow, and of all rounds those
    `repeats` are kept in which others did least (not those in which somebody was fastest).
    """
    for contestant in contestants:
        contestant.warm_up()
    rounds: list[list[Sample]] = []
    while len(rounds) < 2 * repeats - 1:
        rounds.append([])
        for contestant in contestants:
            rounds[-1].append(_sample(contestant))
            say(".", end="")
        if sum(not _others(samples) > DISTURBED for samples in rounds) >= repeats:
            break
    say()
    quietest = sorted(rounds, key=_others)[:repeats]
    return [
        Timing(contestant.name, list(samples))
        for contestant, samples in zip(contestants, zip(*quietest, strict=True), strict=True)
    ]


def _others(samples: Sequence[Sample]) -> float:
    """The most that other programs did in a round."""
    return max(s.others for s in samples)


def _sample(contestant: Contestant) -> Sample:
    busy, own, start = _busy_seconds(), _own_cpu(), time.perf_counter()
    spent = contestant.run()
    window = time.perf_counter() - start
    own = _own_cpu() - own
    cpu = own if spent.cpu is None else spent.cpu
    ours = own + cpu if spent.elsewhere else own
    others = max(0.0, _busy_seconds() - busy - ours) / window
    times = contestant.times
    return Sample(spent.wall * times, spent.scoring * times, cpu * times, others)


def _own_cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    t = os.times()
    return time.process_time() + t.children_user + t.children_system


def _busy_seconds() -> float:
    """CPU seconds that this computer has worked, or was kept from working by its host."""
    try:
        with open("/proc/stat") as file:
            user, nice, system, _idle, _wait, irq, softirq, steal = map(
                int, file.readline().split()[1:9]
            )
    except (OSError, ValueError):
        return float("nan")  # not Linux
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def say(text: str = "", end: str = "\n") -> None:
    """Progress, beside the results."""
    print(text, end=end, file=sys.stderr, flush=True)


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, ["-" * width for width in widths], *rows):
        first, *others = (
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip(), flush=True)


def spread(values: Sequence[float], digits: int = 2) -> str:
    return f"{min(values):,.{digits}f} - {max(values):,.{digits}f}"
