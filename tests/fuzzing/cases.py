"""Case number k, always the same."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from random import Random

from course_utils.fleet import train_fleet
from tests.fuzzing.comparing import Verdict
from tests.fuzzing.judging import Train, by_epochs, judge
from tests.fuzzing.recipes import Recipe, recipe
from tests.fuzzing.traps import TRAPS, Trap

#: In each eleven cases, those with a trap. The traps take turns, and 300 cases meet each of them.
TRAPPED = (0, 4, 8)


@dataclass
class Case:
    number: int
    recipe: Recipe
    trap: Trap | None = None

    @property
    def kind(self) -> str:
        return "ordinary" if self.trap is None else self.trap.name

    @property
    def train(self) -> Train:
        """Some fleets train epoch by epoch."""
        return by_epochs if self.number % 5 == 2 else train_fleet

    def judge(self) -> Verdict:
        return judge(self.recipe, self.train)

    def describe(self) -> str:
        """What it is, as near to its source as it gets."""
        r = self.recipe
        lines = [f"case {self.number}: {self.kind}"]
        lines += [f"  {name}: {words}" for name, words in r.notes.items()]
        lines += [
            f"  seeds {r.seeds}, {r.epochs} epochs, batches of {r.batch_size}, "
            f"default dtype {r.default_dtype}; {self.train.__name__}",
        ]
        run = r.build(r.values[0])
        lines += [f"build({r.values[0]!r}).model = {run.model}", f"optimizer = {run.optimizer}"]
        for name, part in (("penalty", run.penalty), ("augment", run.augment)):
            lines.append(f"{name} = {getattr(part, '__name__', part)}")
        if self.trap is not None:
            lines += ["the trap:", inspect.getsource(self.trap.set)]
        return "\n".join(lines)


def case(number: int) -> Case:
    """The case with this number."""
    q = Random(number)
    round_, place = divmod(number, 11)
    if place not in TRAPPED:
        return Case(number, recipe(q))
    trap = TRAPS[(len(TRAPPED) * round_ + TRAPPED.index(place)) % len(TRAPS)]
    # Most traps stand alone; in some cases other things may be in a fleet's way as well.
    made = recipe(q, trap.needs, simple=q.random() < 0.75)
    trap.set(q, made)
    return Case(number, made, trap)
