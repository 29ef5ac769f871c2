"""Grade a class: send the submissions that are not done yet to workers, and write the results."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from tqdm import tqdm

from instructor.content import Exercise
from instructor.content import read as read_exercise
from instructor.course import formgrader, models, pool, records
from instructor.course.finding import Found
from instructor.course.gradebook import Book, url_of
from instructor.course.jobs import Ahead, Job, digest, unread
from instructor.course.journal import Journal
from instructor.course.reading import Unreadable
from instructor.course.records import Record
from instructor.course.workers import processes


def grade(
    folder: Path,
    found: Sequence[Found],
    *,
    protected: bool,
    workers: int,
    url: str = "",
    seed: int | None = None,
    make: Callable[[int], Executor] = processes,
) -> Run:
    """Grade the submissions that were found, and write the results into a class's folder.

    Args:
        url: Of the gradebook, as SQLAlchemy writes it; "" for the one in the folder.
        seed: Of the checks' draws; None for that of the last run in this folder, or a new one.
        make: ``make(workers)`` makes the workers.

    Raises:
        ValueError: A model answer does not get full marks, so nothing was graded.
        RuntimeError: Another run is at work, the gradebook cannot be written, or nothing can be
            marked on this computer.
        OSError: Something cannot be written.
    """
    url = url or url_of(folder)
    with Journal(folder, seed) as journal:
        formgrader.configure(folder, url)
        try:
            book = Book(url)
            try:
                run = Run(folder, book, journal, protected=protected)
                run.grade(found, make, workers)
            finally:
                book.close()
        except SQLAlchemyError as error:
            said = getattr(error, "orig", None) or error
            raise RuntimeError(f"the gradebook {url} cannot be used: {said}") from error
    return run


class Run:
    """One run over the submissions of a class; counts what is graded in each state."""

    def __init__(self, folder: Path, book: Book, journal: Journal, *, protected: bool) -> None:
        self._folder, self._book, self._journal = folder, book, journal
        self._protected, self.seed = protected, journal.seed
        self._exercises: dict[str, tuple[Exercise, str]] = {}
        self.states: Counter[str] = Counter()
        self.unread: list[str] = []
        self.fresh = 0

    def grade(self, found: Sequence[Found], make: Callable[[int], Executor], workers: int) -> None:
        """Grade all submissions that are not graded yet, and write all that is not written yet."""
        names = sorted({one.exercise for one in found})
        self._exercises = {name: (read_exercise(name), digest(name)) for name in names}
        with pool.started(make, workers, self._ahead(found, workers)) as crew:
            for exercise, _ in self._exercises.values():
                self._try_models(exercise)
                self._book.add_exercise(exercise)
                formgrader.write_source(self._folder, exercise.name)
            self._mark(found, crew, workers)

    def _ahead(self, found: Sequence[Found], workers: int) -> Ahead | None:
        """What the workers can prepare while the model answers are tried; None if they are not, or
        if there is too little to do for all workers."""
        if len(found) <= pool.WINDOW * workers:
            return None
        exercise, course = self._exercises[found[0].exercise]
        if self._journal.tried(exercise.name, course):
            return None
        return Ahead(exercise.name, course, self._protected)

    def _mark(self, found: Sequence[Found], crew: Executor, workers: int) -> None:
        there = self._book.there()
        with tqdm(total=len(found), unit="submission", disable=None) as bar, self._stopped(found):
            for job, result in pool.results(self._jobs(found, there, bar), crew, workers):
                if isinstance(result, str):  # tried again in the next run, so not in the journal
                    record = unread(job, self._exercises[job.exercise][0], result)
                else:
                    self._journal.add(job.key, result)
                    record = self._journal.record(job.key)
                self._write(record)
                self.fresh += 1
                bar.update()

    @contextmanager
    def _stopped(self, found: Sequence[Found]) -> Iterator[None]:
        """On Ctrl-C, print how many submissions are done."""
        try:
            yield
        except KeyboardInterrupt:
            print(f"\n{self.states.total()} of {len(found)} done.", file=sys.stderr)
            raise

    def _try_models(self, exercise: Exercise) -> None:
        """Check, once for each version of the course, that the model answers get full marks."""
        course = digest(exercise.name)
        if not self._journal.tried(exercise.name, course):
            models.full_marks(exercise)
            self._journal.note_tried(exercise.name, course)

    def _jobs(
        self, found: Sequence[Found], there: set[tuple[str, str]], bar: tqdm
    ) -> Iterator[Job]:
        for one in found:
            exercise, course = self._exercises[one.exercise]
            common: dict[str, Any] = {
                "student": one.student,
                "exercise": one.exercise,
                "course": course,
                "seed": self.seed,
                "protected": self._protected,
            }
            try:
                data, notes = one.data()
            except Unreadable as error:
                self._write(unread(Job(data=b"", **common), exercise, str(error)))
                bar.update()
                continue
            job = Job(data=data, notes=tuple(notes), **common)
            if job.key not in self._journal:
                yield job
                continue
            record = self._journal.record(job.key)
            if (one.student, one.exercise) in there and self._before(record) == record:
                self._count(record)
            else:  # a run was ended between the journal and what is written from it
                self._write(record)
            bar.update()

    def _before(self, record: Record) -> Record | None:
        try:
            return records.read_record(
                records.record_path(self._folder, record.student, record.exercise)
            )
        except (OSError, ValueError):
            return None

    def _write(self, record: Record) -> None:
        """Write everything about a submission, its record last: if that is there, all is."""
        exercise, _ = self._exercises[record.exercise]
        self._book.write(record, self._before(record))
        formgrader.write(self._folder, exercise, record)
        records.write_record(self._folder, record)
        self._count(record)

    def _count(self, record: Record) -> None:
        self.states[record.state] += 1
        for task in record.tasks:
            if task.kind == "code" and task.state == records.WAITS:
                self.unread += [f"{record.student}, {record.exercise}: {f}" for f in task.flags]
        if record.state == records.NOT_READ:
            self.unread.append(f"{record.student}, {record.exercise}: {record.reason}")
