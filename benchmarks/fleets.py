"""Our fleet beside plain loops, `fit` and JAX."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import torch_fleet
from benchmarks.measure import (
    Contestant,
    Spent,
    Timing,
    heading,
    ratio,
    side_by_side,
    spread,
    table,
    timed,
)
from benchmarks.workers import Setting, Worker, first_call

OURS, JAX = "benchmarks.torch_fleet", "benchmarks.jax_fleet"

#: Dropout's p in fleets of 8, 32 and 64: one value for each 8 members.
DROPOUTS = ((0.5,), (0.1, 0.3, 0.5, 0.7), (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
#: The fleet that the last line speaks of: 32 members, hidden layers of 64.
MAIN = DROPOUTS[1], 64
#: Of other fleets' loops so many are timed, and of calls of `fit`; the time is scaled up.
FEW = 8


class Fleets:
    """The fleets to time.

    Args:
        repeats: rounds for the main fleet; the others get at most 3.
        quick: only the main fleet, on little data, for 2 epochs.
        jax_python: a Python that has JAX, or None.
    """

    def __init__(self, repeats: int, *, quick: bool, jax_python: str | None) -> None:
        self.repeats, self.quick, self.jax_python = repeats, quick, jax_python
        self.epochs = 2 if quick else 80
        self.data = torch_fleet.digits(100 if quick else 500)

    def run(self) -> dict[str, float | None]:
        """Print the table of all fleets, and return the ratios of the main one."""
        heading(
            f"Fleets: {self.data.n_train} digits, 64-H-H-10 with dropout, batches of 50, Adam, "
            f"{self.epochs} epochs.\n"
            "The fleet, JAX and fit score every epoch; the plain loops score nothing."
        )
        found: dict[str, float | None] = {}
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "digits.npz")
            torch_fleet.save(self.data, file)
            for hidden in (64, 128):
                for dropouts in DROPOUTS:
                    setting = Setting(dropouts, hidden, file, epochs=self.epochs)
                    if not _is_main(setting) and self.quick:
                        continue
                    timings = self.time(setting)
                    table(
                        ("", "seconds", "min - max", "CPU s", "others", "x fleet"),
                        _rows(setting, timings),
                    )
                    if _is_main(setting):
                        found = ratios(timings)
        return found

    def time(self, setting: Setting) -> list[Timing]:
        """Our fleet first, then what is compared with it."""
        repeats = self.repeats if _is_main(setting) else 1
        contestants = self.in_this_process(setting)
        if self.jax_python is None:
            timings = side_by_side(contestants, repeats)
        else:
            with Worker(self.jax_python, JAX) as jax:

                def train() -> Spent:
                    return jax.train(setting)

                contestants.append(Contestant("JAX, later calls", train, warm_up=train))
                timings = side_by_side(contestants, repeats)
        return timings + (self.first_calls(setting, repeats) if _is_main(setting) else [])

    def in_this_process(self, setting: Setting) -> list[Contestant]:
        def fleet() -> None:
            torch_fleet.our_fleet(setting, self.data)

        def unscored() -> None:
            torch_fleet.our_fleet(setting, self.data, score_at=())

        def products() -> None:
            torch_fleet.products(setting, self.data)

        def loops(n: int) -> None:
            torch_fleet.plain_loops(setting, self.data, n)

        def fits(n: int) -> None:
            torch_fleet.fits(setting, self.data, n)

        few = min(FEW, setting.members)
        n_loops = few
        contestants = [
            Contestant("fleet, later calls", lambda: timed(fleet), warm_up=fleet),
            Contestant("its matrix products alone", lambda: timed(products), warm_up=products),
            Contestant(
                _named("plain loops", setting.members, n_loops),
                lambda: timed(lambda: loops(n_loops)),
                warm_up=lambda: loops(1),
                times=setting.members / n_loops,
            ),
        ]
        if _is_main(setting):
            contestants.append(
                Contestant(
                    "unscored fleet (like the loops)", lambda: timed(unscored), warm_up=unscored
                )
            )
            name = _named("calls of fit", setting.members, few)
            contestants.append(
                Contestant(
                    name,
                    lambda: timed(lambda: fits(few)),
                    warm_up=lambda: fits(1),
                    times=setting.members / few,
                )
            )
        return contestants

    def first_calls(self, setting: Setting, repeats: int) -> list[Timing]:
        """Each time in a new process, whose start and imports do not count."""
        contestants = [
            Contestant("fleet, first call", lambda: first_call(sys.executable, OURS, setting))
        ]
        if (python := self.jax_python) is not None:
            contestants.append(
                Contestant("JAX, first call", lambda: first_call(python, JAX, setting))
            )
        return side_by_side(contestants, repeats)


def ratios(timings: Sequence[Timing]) -> dict[str, float | None]:
    def of(one: str, other: str) -> float | None:
        a, b = (next((t for t in timings if name in t.name), None) for name in (one, other))
        return None if a is None or b is None else round(ratio(a, b), 3)

    return {
        "fleet_vs_loops": of("plain loops", "fleet, later"),
        "unscored_fleet_vs_loops": of("plain loops", "unscored fleet"),
        "fleet_vs_fits": of("calls of fit", "fleet, later"),
        "fleet_vs_jax_warm": of("fleet, later", "JAX, later"),
        "fleet_vs_jax_first": of("fleet, first", "JAX, first"),
        "fleet_vs_products": of("fleet, later", "matrix products"),
    }


def _is_main(setting: Setting) -> bool:
    return (setting.dropouts, setting.hidden) == MAIN


def _named(what: str, members: int, timed: int) -> str:
    return f"{members} {what}" + (f" ({timed} timed)" if timed < members else "")


def _rows(setting: Setting, timings: Sequence[Timing]) -> list[list[str]]:
    return [
        [
            f"K = {setting.members}, H = {setting.hidden}: {t.name}",
            f"{t.median:.2f}",
            spread(t.walls),
            f"{t.cpu:.2f}",
            f"{t.others:.2f}",
            f"{t.median / timings[0].median:.2f}",
        ]
        for t in timings
    ]
