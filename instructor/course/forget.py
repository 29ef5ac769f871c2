"""Delete everything that the class's folder and gradebook keep about one student.

`course forget STUDENT` lists what there is and asks before it deletes; `--yes` does not ask. It
cannot reach what has been exported, sent out or copied elsewhere.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from nbgrader.api import MissingEntry
from sqlalchemy.exc import SQLAlchemyError

from instructor.course import gradebook
from instructor.course.arguments import parser_of
from instructor.course.journal import held
from instructor.course.late import NAMES, listed
from instructor.course.records import replace, student_id
from instructor.course.writing_csv import spreadsheet

UNMATCHED = "unmatched.csv"
FOLDERS = ("submitted", "collected", "autograded", "grades", "feedback")


def places(folder: Path, student: str) -> list[Path]:
    """The student's folders, and the class's files that mention the student."""
    found = [folder / name / student for name in FOLDERS]
    found += [path for path in folder.glob("*.jsonl") if _lines(path, student)[1]]
    found += sorted([*folder.glob("report/*"), *folder.glob("feedback/*-moodle.*")])
    called = _called(folder, student)
    found += [folder / NAMES] if student in listed(folder) else []
    table = folder / UNMATCHED
    found += [table] if table.is_file() and _without(table, called) != _text(table) else []
    return [path for path in found if path.exists()]


def forget(folder: Path, student: str, url: str = "") -> list[Path]:
    """Delete everything about the student; returns the files deleted or rewritten.

    Reports and zips of feedback may name the student, and are deleted as a whole: `course report`
    and `course feedback` make them anew. In unmatched.csv only lines that name the student are
    deleted.

    Raises:
        RuntimeError: Another command is at work in this folder, or the gradebook cannot be written;
            nothing was deleted.
    """
    student_id(student)  # a folder's name, which leads nowhere else
    with held(folder):
        found, called = places(folder, student), _called(folder, student)
        if _in_gradebook(folder, student, url, delete=True):  # first, because it may be in use
            found.append(folder / "gradebook.db")
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            elif path.suffix == ".jsonl":
                replace(path, "".join(_lines(path, student)[0]))
            elif path.name == NAMES:
                names = {id_: name for id_, name in listed(folder).items() if id_ != student}
                replace(path, json.dumps(names, ensure_ascii=False, indent=1) + "\n")
            elif path.name == UNMATCHED:
                replace(path, _without(path, called))
            elif path.suffix != ".db":
                path.unlink()
    return found


def _lines(path: Path, student: str) -> tuple[list[str], int]:
    """The lines of a journal about other students, and the number of lines about this one."""
    kept, gone = [], 0
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            about = _mentions(json.loads(line), student)
        except ValueError:
            about = student in line  # a line that was cut off
        kept += [] if about else [line]
        gone += about
    return kept, gone


def _text(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def _called(folder: Path, student: str) -> set[str]:
    """The student's id, and their ids and names on the platforms and on the list of the class."""
    path = folder / "origins.jsonl"
    lines = _text(path).splitlines() if path.is_file() else []
    found = set()
    for line in lines:
        with contextlib.suppress(ValueError):  # a line that was cut off
            told = json.loads(line)
            if told["student"] == student:
                found |= {told["id"], told["name"]}
    return {student, *found, listed(folder).get(student, "")} - {""}


def _without(path: Path, called: set[str]) -> str:
    """The text of a CSV table without the rows that contain one of these as a word."""
    either = "|".join(map(re.escape, sorted(called)))
    word = re.compile(rf"(?<![\w-])(?:{either})(?![\w-])", re.IGNORECASE)
    rows = [*csv.reader(io.StringIO(_text(path), newline=""))]
    kept = rows[:1] + [row for row in rows[1:] if not any(map(word.search, row))]
    return _text(path) if kept == rows else spreadsheet(kept[0], kept[1:])


def _mentions(told: object, student: str) -> bool:
    """Whether a line of JSON holds the student's id as a value of its own."""
    if isinstance(told, dict):
        return any(_mentions(value, student) for value in told.values())
    if isinstance(told, list):
        return any(_mentions(value, student) for value in told)
    return told == student


def _in_gradebook(folder: Path, student: str, url: str, *, delete: bool) -> bool:
    if not url and not (folder / "gradebook.db").is_file():
        return False
    url = url or gradebook.url_of(folder)
    try:
        with gradebook.opened(url) as book:
            try:
                book.find_student(student)
            except MissingEntry:
                return False
            if delete:
                book.remove_student(student)
    except SQLAlchemyError as error:
        said = getattr(error, "orig", None) or error
        raise RuntimeError(f"the gradebook {url} cannot be used: {said}") from error
    return True


def main(argv: Sequence[str], prog: str = "course forget") -> int:
    """Forget a student. Returns the exit code: 1 if nothing was deleted, 2 for an error."""
    parser = parser_of(prog, __doc__)
    parser.add_argument("student", help="the id")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    given = parser.parse_args(argv)
    try:
        student_id(given.student)
        found = [*places(given.folder, given.student)]
        whole = [path for path in found if path.parent.name in ("report", "feedback")]
        whole = [path for path in whole if path.is_file()]  # not the student's own folder
        own = [path for path in found if path not in whole]
        if not own and not _in_gradebook(given.folder, given.student, given.db, delete=False):
            print(
                f"{prog}: nothing is kept of {given.student!r} in {given.folder}", file=sys.stderr
            )
            return 1
        for path in found:
            print(path)
        if whole:
            print("Of the class's other files, only lines go; reports and zips go whole: make "
                  "them anew.")  # fmt: skip
        if not given.yes and input("Delete all this, and the marks? [y/N] ").strip().lower() != "y":
            print("Nothing was deleted.")
            return 1
        forget(given.folder, given.student, given.db)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    print(f"Nothing is kept of {given.student} any more.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
