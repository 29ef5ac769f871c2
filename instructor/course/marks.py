"""Put together the marks of a class: from the checks' records, and from persons in formgrader."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nbgrader.api import SubmittedAssignment

from instructor.course import gradebook
from instructor.course.late import Terms, called_late, handed_in_at, unknown_extensions
from instructor.course.records import MARKED, STATES, WAITS, Record, Task, records


@dataclass(frozen=True)
class Given:
    """A person's marks for one question, and a comment that the student reads."""

    marks: float
    comment: str = ""


def by_hand(folder: Path, url: str = "") -> dict[tuple[str, str, str], Given]:
    """The marks that persons gave, by student, exercise and task; empty without a gradebook."""
    if not url and not (folder / "gradebook.db").is_file():
        return {}
    found = {}
    with gradebook.opened(url or gradebook.url_of(folder)) as book:
        for submission in book.db.query(SubmittedAssignment).all():
            for notebook in submission.notebooks:
                comments = {one.name: one.manual_comment or "" for one in notebook.comments}
                for grade in notebook.grades:
                    if grade.manual_score is not None and not grade.needs_manual_grade:
                        key = (submission.student.id, submission.assignment.name, grade.name)
                        found[key] = Given(grade.manual_score, comments.get(grade.name, ""))
    return found


@dataclass(frozen=True)
class Marked:
    """A record that includes the marks given by persons; those marks by task; and the late penalty.

    A question that waited for a person and now has marks is "marked" in the record.
    """

    record: Record
    given: dict[str, Given]
    days_late: int = 0
    lost: float = 0.0  # share of the marks

    @property
    def final(self) -> float | None:
        """The mark to publish: None as long as a question waits or could not be read.

        An unanswered question counts as 0 once the rest has been marked.
        """
        if self.record.marks is None or STATES.index(self.record.state) >= STATES.index(WAITS):
            return None
        return self.record.marks * (1 - self.lost)


def marked(folder: Path, url: str = "", **only: str) -> Iterator[Marked]:
    """The submissions of a class, or those of one `student` or `exercise`, with all their marks.

    Raises:
        ValueError: `class.toml`, a record or a note of a time cannot be read.
    """
    given, terms = by_hand(folder, url), Terms.read(folder)
    for record in records(folder, **only):
        own = {
            task.name: given[key]
            for task in record.tasks
            if (key := (record.student, record.exercise, task.name)) in given
        }
        tasks = tuple(_with(task, own.get(task.name)) for task in record.tasks)
        numbers = [task.marks for task in tasks if task.marks is not None]
        state = max((task.state for task in tasks), key=STATES.index)
        marks = sum(numbers) if numbers else None
        whole = replace(record, tasks=tasks, state=state, marks=marks)
        when = handed_in_at(folder, record.student, record.exercise)
        late = called_late(folder, record.student, record.exercise)
        days = terms.days_late(record.student, record.exercise, when, late=late)
        yield Marked(whole, own, days, terms.lost(days))


def warn(folder: Path) -> None:
    """Print a warning for each extension whose id is unknown."""
    for line in unknown_extensions(folder, Terms.read(folder)):
        print(f"to look at: {line}", file=sys.stderr)


def _with(task: Task, given: Given | None) -> Task:
    if given is None or task.kind != "prose":
        return task
    return replace(task, marks=given.marks, state=MARKED)
