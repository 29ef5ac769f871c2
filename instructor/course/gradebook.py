"""Write marks into nbgrader's gradebook, which formgrader uses to show them and to mark prose."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
)

from instructor.content import Exercise
from instructor.course import records
from instructor.course.records import Record, Task


class Book:
    """A gradebook; each submission is written in one transaction.

    Args:
        url: Of a database that SQLAlchemy knows, such as `url_of(folder)`.

    Raises (all methods):
        sqlalchemy.exc.SQLAlchemyError: It cannot be read or written.
    """

    def __init__(self, url: str) -> None:
        self._book = connect(url)

    def close(self) -> None:
        """Let go of the database."""
        self._book.close()
        self._book.engine.dispose()

    def add_exercise(self, exercise: Exercise) -> None:
        """Make the assignment of an exercise, or update its cells.

        Marks for cells that the exercise no longer has are deleted with the cells.
        """
        with self._transaction():
            self._add(exercise)

    def _add(self, exercise: Exercise) -> None:
        book, name = self._book, exercise.name
        book.update_or_create_assignment(name)
        book.update_or_create_notebook(name, name)
        graded, answers = {}, []
        for cell in exercise.cells():
            if cell.points is not None:
                graded[cell.grade_id] = cell
            if cell.solution:
                answers.append(cell.grade_id)
            book.update_or_create_source_cell(
                cell.grade_id,
                name,
                name,
                cell_type=cell.kind,
                locked=not cell.solution,
                source=cell.source,
            )
        for grade_id, cell in graded.items():
            book.update_or_create_grade_cell(
                grade_id, name, name, max_score=cell.points, cell_type=cell.kind
            )
        for grade_id in answers:
            book.update_or_create_solution_cell(grade_id, name, name)
        notebook = book.find_notebook(name, name)
        for old in [c for c in notebook.grade_cells if c.name not in graded]:
            for grade in list(old.grades):
                book.db.delete(grade)
            book.db.delete(old)

    def there(self) -> set[tuple[str, str]]:
        """The (student, exercise) of every submission in the gradebook."""
        found = (
            self._book.db.query(Student.id, Assignment.name)
            .join(SubmittedAssignment, SubmittedAssignment.student_id == Student.id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        )
        return {(student, exercise) for student, exercise in found}

    def write(self, record: Record, before: Record | None = None) -> None:
        """Replace the marks of one submission, except those that a person gave.

        Prose that differs from the record `before` waits for a person again.
        """
        book, name = self._book, record.exercise
        with self._transaction():
            try:
                book.find_student(record.student)
            except MissingEntry:
                book.add_student(record.student)
            try:
                submission = book.find_submission(name, record.student)
            except MissingEntry:
                with book.db.no_autoflush:  # nbgrader puts it together before it adds it
                    submission = book.add_submission(name, record.student)
            (notebook,) = submission.notebooks
            known = notebook.notebook
            grades = {grade.cell.name: grade for grade in notebook.grades}
            for cell in (c for c in known.grade_cells if c.name not in grades):
                grades[cell.name] = Grade(cell=cell, notebook=notebook)
            comments = {comment.cell.name: comment for comment in notebook.comments}
            for cell in (c for c in known.solution_cells if c.name not in comments):
                comments[cell.name] = Comment(cell=cell, notebook=notebook)
            for task in record.tasks:
                comments[task.name].auto_comment = _comment(record, task)
                marks = {check.name: check.marks for check in task.checks}
                for grade in (g for n, g in grades.items() if _task_of(n) == task.name):
                    grade.auto_score = marks.get(grade.cell.name)
                    grade.needs_manual_grade = _waits(task, grade, before)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One transaction, although nbgrader's own methods commit step by step."""
        session = self._book.db
        try:
            with mock.patch.object(session, "commit", session.flush):
                yield
            session.commit()
        except BaseException:
            session.rollback()
            raise


def connect(url: str) -> Gradebook:
    """nbgrader's own gradebook at this address, made if there is none."""
    # nbgrader calls a program of this environment by its bare name when it makes a gradebook.
    scripts = sysconfig.get_path("scripts")
    path = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    with mock.patch.dict(os.environ, PATH=path):
        return Gradebook(url)


@contextmanager
def opened(url: str) -> Iterator[Gradebook]:
    """As `connect`, but closed at the end, because a server limits the number of connections."""
    book = connect(url)
    try:
        yield book
    finally:
        book.close()
        book.engine.dispose()


def url_of(folder: Path) -> str:
    """The URL of the gradebook in a class's folder."""
    return f"sqlite:///{(folder / 'gradebook.db').resolve().as_posix()}"


def _task_of(grade_id: str) -> str:
    return grade_id.partition("-")[0]


def _waits(task: Task, grade: Grade, before: Record | None) -> bool:
    """Whether a person must give a mark, or look again at the one given."""
    if task.state not in (records.WAITS, records.NOT_READ):
        return False
    if grade.manual_score is None:
        return True
    old = [t.answer for t in before.tasks if t.name == task.name] if before else []
    return bool(old) and old != [task.answer]


def _comment(record: Record, task: Task) -> str:
    """The gradebook's comment on an answer, which the student reads."""
    parts = [record.reason, task.text, *(f"Note: {note}" for note in (*record.notes, *task.notes))]
    if task.state == records.EMPTY:
        parts.append("No response.")
    return "\n".join(part for part in parts if part)
