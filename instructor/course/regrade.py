"""Mark a task again after its check was corrected: ``course regrade 03 dropout``.

All submissions of the exercise are marked anew, in a temporary folder. Then it shows whose marks
change, and asks before anything is written; `--yes` does not ask. Marks given by a person are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from instructor.content import read as read_exercise
from instructor.course import finding, records
from instructor.course.arguments import chosen_exercise, parser_of
from instructor.course.journal import Journal
from instructor.course.judging.sandbox import UNPROTECTED, bubblewrap
from instructor.course.records import Record


@dataclass(frozen=True)
class Change:
    """The marks of one student for one task, before and after; None where there are none."""

    student: str
    task: str
    before: float | None
    after: float | None

    def __str__(self) -> str:
        one, other = ("no mark" if m is None else f"{m:g}" for m in (self.before, self.after))
        return f"{self.student}: {self.task} {one} -> {other}"


def changes(old: Sequence[Record], new: Sequence[Record]) -> Iterator[Change]:
    """The marks that differ in the new records, task by task; new students are left out."""
    before = {(r.student, t.name): t.marks for r in old for t in r.tasks}
    for record in new:
        for task in record.tasks:
            key = record.student, task.name
            if key in before and before[key] != task.marks:
                yield Change(record.student, task.name, before[key], task.marks)


def main(argv: Sequence[str], prog: str = "course regrade") -> int:
    """Regrade. Returns the exit code: 1 if nothing was written, 2 for an error."""
    parser = parser_of(prog, __doc__)
    parser.add_argument("exercise", help="its number")
    parser.add_argument("task", help="the task whose check was corrected")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--unprotected", action="store_true", help="go on without a sandbox")
    given = parser.parse_args(argv)
    exercise = chosen_exercise(parser, given.exercise)
    tasks = [task.name for task in read_exercise(exercise).tasks]
    if given.task not in tasks:
        parser.error(f"{exercise} has no task {given.task!r} that checks mark: {', '.join(tasks)}")
    protected = bubblewrap() is not None
    if not protected and not given.unprotected:
        print(UNPROTECTED, "To go on all the same: --unprotected", sep=".\n", file=sys.stderr)
        return 2
    try:
        return _regrade(given, exercise, protected=protected)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2


def _regrade(given: argparse.Namespace, exercise: str, *, protected: bool) -> int:
    from instructor.course.running import grade  # needs nbgrader and PyTorch, and --help does not

    old = list(records.records(given.folder, exercise=exercise))
    if not old:
        raise ValueError(f"no submission of {exercise} is graded yet; run `course grade`")
    found, _ = finding.submitted(given.folder, [record.student for record in old], [exercise])
    given_to = {"protected": protected, "workers": given.workers, "seed": old[-1].seed}
    # The results are added to the class's own journal, so that nothing is marked twice.
    with tempfile.TemporaryDirectory(prefix=".regrade-", dir=given.folder) as name:
        scratch = Path(name)
        grade(scratch, found, **given_to)
        new = list(records.records(scratch, exercise=exercise))
        told = list(changes(old, new))
        for change in told:
            print(change)
        others = sorted({change.task for change in told} - {given.task})
        if others:
            print(f"Besides {given.task}, marks of {', '.join(others)} change.")
        if not told:
            print("No mark changes.")
        elif not given.yes and input("Write these marks? [y/N] ").strip().lower() != "y":
            print("Nothing was written.")
            return 1
        with Journal(given.folder) as journal, Journal(scratch) as done:
            journal.take_over(done)
    grade(given.folder, found, url=given.db, **given_to)
    if told:
        print("Written. Now `course feedback`, `course report` and `course export` again.")
    print(json.dumps({"submissions": len(new), "changed": len(told)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
