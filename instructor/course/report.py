"""Report on a class: ``course report``.

For each exercise a page and a table in CSV: how the marks are distributed, marks by task, which
known mistakes the answers show, tasks that hardly tell strong students from weak ones, submissions
that need a person, and prose that looks alike (fingerprints; nothing leaves this machine, and a
likeness is a reason to look, not a finding).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from instructor.course.arguments import NOTHING, chosen_exercise, counted, parser_of
from instructor.course.feedback import TEMPLATES, environment, number
from instructor.course.marks import Marked, marked, warn
from instructor.course.records import MARKED, Record, replace
from instructor.course.similar import alike
from instructor.course.writing_csv import spreadsheet

FEWEST = 10  # submissions for which a correlation says anything
ATTEMPTED = "not attempted yet"  # what a check says of a stub
UNNAMED = "wrong in a way that has no name yet"
WEAK = 0.2  # correlation of a task with the rest, below which it hardly tells who is strong


@dataclass(frozen=True)
class TaskReport:
    """One task in a class: mean share of its marks, its correlation with the others' sum."""

    name: str
    title: str
    of: float
    marked: int
    mean: float | None
    full: int
    with_rest: float | None
    mistakes: list[tuple[str, int]]

    @property
    def weak(self) -> bool:
        """Whether it hardly tells who did well in the rest."""
        return self.with_rest is not None and self.with_rest < WEAK


def by_task(found: Sequence[Record]) -> list[TaskReport]:
    """A report for each task of one exercise."""
    names = [(task.name, task.title, task.of) for task in found[0].tasks] if found else []
    return [_task(found, *one) for one in names]


def _task(found: Sequence[Record], name: str, title: str, of: float) -> TaskReport:
    pairs = [(record, record.task(name)) for record in found if record.marks is not None]
    own = [(record, task, task.marks) for record, task in pairs if task.marks is not None]
    marks = np.array([mark for *_, mark in own])
    rest = np.array([(record.marks or 0.0) - mark for record, _, mark in own])
    told = Counter(
        UNNAMED if mistake == "unnamed" else mistake
        for _, task, _ in own
        for mistake in set(task.mistakes)
        if ATTEMPTED not in task.text
    )
    return TaskReport(
        name, title, of, len(own),
        float(marks.mean()) if own else None,
        int((marks >= of).sum()) if own else 0,
        _correlation(marks, rest),
        sorted(told.items(), key=lambda item: (-item[1], item[0])),
    )  # fmt: skip


def _correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """None where there are too few, or where all are the same."""
    if len(a) < FEWEST or a.std() == 0 or b.std() == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def bars(marks: Sequence[float], of: float, count: int = 10) -> list[tuple[str, int]]:
    """How many submissions have marks in each tenth of what can be had; full marks in the last."""
    edges = np.linspace(0, of, count + 1)
    counts, _ = np.histogram(np.clip(marks, 0, of), edges)
    labels = [f"{number(a)}–{number(b)}" for a, b in pairwise(edges)]
    return list(zip(labels, map(int, counts), strict=True))


def page(exercise: str, submissions: Sequence[Marked]) -> str:
    """The page on one exercise."""
    found = [one.record for one in submissions]
    sums = [one.final for one in submissions if one.final is not None]
    prose = {
        task.name: {r.student: r.task(task.name).answer for r in found if r.marks is not None}
        for task in found[0].tasks
        if task.kind == "prose"
    }
    return (
        environment()
        .get_template("report.html")
        .render(
            exercise=exercise,
            records=found,
            of=found[0].of,
            sums=sums,
            mean=float(np.mean(sums)) if sums else None,
            median=float(np.median(sums)) if sums else None,
            bars=bars(sums, found[0].of),
            tasks=by_task(found),
            waiting=[one.record for one in submissions if one.final is None],
            late=[one for one in submissions if one.days_late],
            flags=[(r.student, t.title, flag) for r in found for t in r.tasks for flag in t.flags],
            pairs=[(name, *pair) for name, texts in prose.items() for pair in alike(texts)],
            style=(TEMPLATES / "page.css").read_text(encoding="utf-8"),
            number=number,
            weak=WEAK,
        )
    )


def table(found: Sequence[Marked]) -> str:
    """A line for each student: state, sum, marks of each task; empty where there is no mark."""
    tasks = [task.name for task in found[0].record.tasks]
    rows = []
    for one in found:
        r = one.record
        own = [r.task(name).marks for name in tasks]
        rows.append([r.student, r.state, one.final, r.of, one.days_late, *own, r.reason])
    return spreadsheet(["student", "state", "marks", "of", "days late", *tasks, "reason"], rows)


def main(argv: Sequence[str], prog: str = "course report") -> int:
    """Write the reports; the exit code."""
    parser = parser_of(prog, __doc__)
    parser.add_argument("--exercise", default="", help="its number; left out, all")
    given = parser.parse_args(argv)
    exercise = chosen_exercise(parser, given.exercise)
    try:
        warn(given.folder)
        found = list(marked(given.folder, given.db, exercise=exercise))
    except (OSError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    if not found:
        print(f"{prog}: {NOTHING.format(given.folder)}", file=sys.stderr)
        return 2
    told = []
    for exercise in sorted({one.record.exercise for one in found}):
        own = [one for one in found if one.record.exercise == exercise]
        path = given.folder / "report" / f"{exercise}.html"
        replace(path, page(exercise, own))
        replace(path.with_suffix(".csv"), table(own))
        whole = sum(one.record.state == MARKED for one in own)
        print(f"{path}: {counted(len(own), 'submission')}, {whole} marked wholly")
        told.append({"exercise": exercise, "submissions": len(own), "marked": whole})
    print(json.dumps(told), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
