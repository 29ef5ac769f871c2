"""Compare the marks from outside with those in this process, for every known answer of a bank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from instructor import answers
from instructor.answers import Known
from instructor.content import Task
from instructor.course.judging.judge import Judge
from instructor.trial import Result, Trial


@dataclass(frozen=True)
class Pair:
    """One known answer, its result in this process and its result from outside."""

    known: Known
    inside: Result
    outside: Result

    @property
    def equal(self) -> bool:
        """Whether both give the same marks."""
        return self.inside.marks == self.outside.marks

    def __str__(self) -> str:
        inside, outside = f"{self.inside.marks:g}", f"{self.outside.marks:g}"
        return f"{self.known.name}: {inside} in process, {outside} outside: {self.outside.said}"


def pairs(judge: Judge, trial: Trial, task: Task, *, every: int = 1) -> Iterator[Pair]:
    """Judge every known answer to a task, or every `every`-th, in both ways."""
    bank = answers.load(task)
    known = list(answers._collected)
    source = (task.folder / "bank.py").read_text(encoding="utf-8")
    for one in (*bank.right, *bank.wrong)[::every]:
        # The player gets the whole bank, because answers use each other and functions beside them.
        pick = f"\nfrom instructor import answers as _a\n{task.name} = _a._collected"
        pick += f"[{known.index(one)}].answer\n"
        judge.take(())
        outside = judge.marks(task, [("bank", source + pick)])
        yield Pair(one, trial.of_answer(task, one.answer), outside)
