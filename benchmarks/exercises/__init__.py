"""Whether the exercises' checks tell right answers from wrong ones.

``python -m benchmarks exercises`` runs every answer of every bank, and every mutant of every model
answer, through the visible and the hidden checks.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.exercises.bank import Bank, Known, load
from benchmarks.exercises.mutants import Mutant, mutants
from benchmarks.exercises.trial import Trial
from benchmarks.measure import say, table
from course_utils.grading.exercise import Task, read, solution_paths


@dataclass(frozen=True)
class Report:
    """How the checks of one task did; the lists hold what they let pass or refused wrongly."""

    task: str
    points: float
    wrong: int
    unnoticed: list[str]
    right: int
    refused: list[str]
    mutants: int
    survivors: list[str]
    seconds: float

    def row(self, exercise: str) -> list[str]:
        return [
            f"{exercise}: {self.task}",
            f"{self.points:g}",
            f"{self.wrong - len(self.unnoticed)} of {self.wrong}",
            f"{self.right - len(self.refused)} of {self.right}",
            f"{self.mutants - len(self.survivors)} of {self.mutants}",
            f"{self.seconds:.2f}",
        ]


def examine(trial: Trial, task: Task, bank: Bank) -> Report:
    """Run everything that is known about one task through its checks."""
    wrong = [known for known in bank.wrong if known.task == task.name]
    right = [known for known in bank.right if known.task == task.name]
    results = {known.name: trial.of_answer(task, known.answer) for known in right}
    return Report(
        task=task.name,
        points=task.points,
        wrong=len(wrong),
        unnoticed=[k.name for k in wrong if not noticed(trial, task, k)],
        right=len(right),
        refused=[name for name, result in results.items() if not result.full],
        mutants=len(list(behaving(task, bank))),
        survivors=survivors(trial, task, bank),
        seconds=max((result.seconds for result in results.values()), default=0.0),
    )


def survivors(trial: Trial, task: Task, bank: Bank) -> list[str]:
    """The mutants of a task that get full marks, by their change."""
    return [m.change for m in behaving(task, bank) if trial.accepts(task, m.source)]


def noticed(trial: Trial, task: Task, known: Known) -> bool:
    """Whether a wrong answer loses marks, and its mistake is named."""
    result = trial.of_answer(task, known.answer)
    return not result.full and known.says in result.said


def behaving(task: Task, bank: Bank) -> Iterable[Mutant]:
    """The mutants of a task, without those that its bank explains to behave like the original."""
    same = bank.equivalent.get(task.name, {})
    return (mutant for mutant in mutants(task.model_answer) if mutant.change not in same)


def main(argv: Sequence[str]) -> dict[str, int]:
    parser = argparse.ArgumentParser("python -m benchmarks exercises", description=__doc__)
    parser.add_argument("lessons", nargs="*", type=int, help="lesson numbers; all for none")
    chosen = parser.parse_args(argv).lessons
    reports, rows = [], []
    for path in solution_paths():
        if chosen and int(path.stem[:2]) not in chosen:
            continue
        trial, bank = Trial(read(path)), load(path.stem)
        for task in trial.exercise.tasks:
            report = examine(trial, task, bank)
            reports.append(report)
            rows.append(report.row(path.stem))
    heads = ("task", "marks", "wrong rejected", "right accepted", "mutants killed", "slowest s")
    table(heads, rows)
    for report in reports:
        for kind, names in (
            ("wrong, not noticed or not named", report.unnoticed),
            ("right, refused", report.refused),
            ("mutant, survived", report.survivors),
        ):
            for name in names:
                say(f"{report.task}: {kind}: {name}")
    unnoticed, refused, survived = (
        sum(len(getattr(report, kind)) for report in reports)
        for kind in ("unnoticed", "refused", "survivors")
    )
    wrong, right, changed = (
        sum(getattr(report, kind) for report in reports) for kind in ("wrong", "right", "mutants")
    )
    return {
        "tasks": len(reports),
        "wrong": wrong,
        "wrong_rejected": wrong - unnoticed,
        "right": right,
        "right_accepted": right - refused,
        "mutants": changed,
        "mutants_killed": changed - survived,
    }
