"""Test whether the exercises' checks tell right answers from wrong ones.

`python3 start.py bank` runs every answer of every bank, and every mutant of every model answer,
through the visible and the hidden checks, and prints a table, the failures and one line of JSON.
With --judge it judges every answer from outside too, as a student's is, and compares the marks.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from instructor.answers import Bank, Known, load
from instructor.content import Task, exercise_names, read
from instructor.mutants import Mutant, mutants
from instructor.trial import Trial

HEADS = ("task", "marks", "wrong rejected", "right accepted", "mutants killed", "slowest s")


@dataclass(frozen=True)
class Report:
    """How the checks of one task did. The lists name the answers that they judged wrongly."""

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
    """Run all known answers and mutants of one task through its checks."""
    results = {known.name: trial.of_answer(task, known.answer) for known in bank.right}
    return Report(
        task=task.name,
        points=task.points,
        wrong=len(bank.wrong),
        unnoticed=[k.name for k in bank.wrong if not noticed(trial, task, k)],
        right=len(bank.right),
        refused=[name for name, result in results.items() if not result.full],
        mutants=len(list(behaving(task, bank))),
        survivors=survivors(trial, task, bank),
        seconds=max((result.seconds for result in results.values()), default=0.0),
    )


def survivors(trial: Trial, task: Task, bank: Bank) -> list[str]:
    """The changes of the task's mutants that get full marks."""
    return [m.change for m in behaving(task, bank) if trial.accepts(task, m.source)]


def noticed(trial: Trial, task: Task, known: Known) -> bool:
    """Whether a wrong answer loses marks, and the right check recognizes its mistake."""
    result = trial.of_answer(task, known.answer)
    recognized = {f.mistake for f in result.failures if f.check.endswith(known.at)}
    return not result.full and known.mistake in recognized


def behaving(task: Task, bank: Bank) -> Iterable[Mutant]:
    """The mutants of a task, except those listed in its bank as equivalent to the original."""
    return (m for m in mutants(task.model_answer) if m.change not in bank.equivalent)


def table(rows: Sequence[Sequence[str]]) -> str:
    """The rows as text under `HEADS`, with the first column left-aligned, the others right."""
    lines = [HEADS, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    )


def chosen(wanted: Sequence[int]) -> list[str]:
    """The exercises with the numbers `wanted`, or all if it is empty.

    Raises:
        ValueError: There is no exercise with one of the numbers.
    """
    names = exercise_names()
    numbers = [int(name[:2]) for name in names]
    for number in wanted:
        if number not in numbers:
            raise ValueError(f"there is no exercise {number}; there are {numbers}")
    return [name for name in names if not wanted or int(name[:2]) in wanted]


def main(argv: Sequence[str]) -> int:
    """Run the bank, or a part of it. Returns 1 if the checks judged anything wrongly, else 0."""
    parser = argparse.ArgumentParser("start.py bank", description=__doc__)
    parser.add_argument(
        "exercises", nargs="*", type=int, help="numbers of exercises (default: all)"
    )
    parser.add_argument(
        "--judge", action="store_true", help="compare with marks from outside, without mutants"
    )
    reports, rows = [], []
    given = parser.parse_args(argv)
    try:
        names = chosen(given.exercises)
    except ValueError as error:
        parser.error(str(error))
    torch.set_num_threads(1)  # as for a class; two that wait for each other count as work
    if given.judge:
        return compare(names)
    for name in names:
        trial = Trial(read(name))
        for task in (*trial.exercise.tasks, *trial.exercise.spare):
            report = examine(trial, task, load(task))
            reports.append(report)
            rows.append(report.row(name))
    print(table(rows))
    for report in reports:
        for kind, found in (
            ("wrong, not noticed or not named", report.unnoticed),
            ("right, refused", report.refused),
            ("mutant, survived", report.survivors),
        ):
            for name in found:
                print(f"{report.task}: {kind}: {name}")
    print(json.dumps(totals(reports)), flush=True)
    failed = any(r.unnoticed or r.refused or r.survivors for r in reports)
    return 1 if failed else 0


def compare(names: Sequence[str]) -> int:
    """Judge every known answer from outside too. Returns 1 if the marks of any differ, else 0."""
    from instructor.course.agreement import pairs
    from instructor.course.judging.judge import Judge

    count, different = 0, []
    for name in names:
        exercise = read(name)
        # The players need the whole bank, which they could not see in the sandbox.
        with Judge(exercise, protected=False) as judge:
            trial = Trial(exercise)
            for task in exercise.tasks:
                for pair in pairs(judge, trial, task):
                    count += 1
                    if not pair.equal:
                        different.append(pair)
                        print(f"{name}: {task.name}: {pair}", flush=True)
                print(f"{name}: {task.name}: {count} answers so far", flush=True)
    print(json.dumps({"answers": count, "equal": count - len(different)}), flush=True)
    return 1 if different else 0


def totals(reports: Sequence[Report]) -> dict[str, int]:
    """The number of answers of each kind, and how many of them were judged rightly."""
    wrong, right, changed = (
        sum(getattr(r, kind) for r in reports) for kind in ("wrong", "right", "mutants")
    )
    return {
        "tasks": len(reports),
        "wrong": wrong,
        "wrong_rejected": wrong - sum(len(r.unnoticed) for r in reports),
        "right": right,
        "right_accepted": right - sum(len(r.refused) for r in reports),
        "mutants": changed,
        "mutants_killed": changed - sum(len(r.survivors) for r in reports),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
