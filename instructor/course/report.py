"""Report on a class: ``course report``.

It writes a page and a CSV table for each exercise: the distribution of the marks, marks by task,
the known mistakes in the answers, tasks that hardly separate strong students from weak ones,
submissions that need a person, and prose that looks alike (compared on this computer by
fingerprints; similarity is a reason to look, not a finding).
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
from instructor.course.records import Record, replace
from instructor.course.similar import alike
from instructor.course.writing_csv import spreadsheet

FEWEST = 10  # submissions needed to compute a correlation
ATTEMPTED = "not attempted yet"  # a check's message for a stub
UNNAMED = "wrong in a way that has no name yet"
WEAK = 0.2  # a task whose correlation with the rest is lower hardly separates students


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
        """Whether its marks are hardly correlated with those of the other tasks."""
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
        for mistake in set(task.mistakes) - {"unnamed"} or set(task.mistakes)
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
    """The correlation; None if there are too few values, or all are the same."""
    if len(a) < FEWEST or a.std() == 0 or b.std() == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def bars(marks: Sequence[float], of: float, count: int = 10) -> list[tuple[str, int]]:
    """The number of submissions in each tenth of the possible marks; full marks are in the last."""
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
    """The CSV table, a line per student: state, sum, marks by task; empty if there is no mark."""
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
    parser.add_argument("--exercise", default="", help="its number; by default all")
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
        whole = sum(one.final is not None for one in own)
        print(f"{path}: {counted(len(own), 'submission')}, {whole} with a final mark")
        told.append({"exercise": exercise, "submissions": len(own), "marked": whole})
    print(json.dumps(told), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
