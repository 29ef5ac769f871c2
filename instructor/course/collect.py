"""Collect what students handed in: ``course collect SOURCE ... --exercise 03 --students FILE``.

A SOURCE is Moodle's or Canvas's zip as it was downloaded, a folder of GitHub Classroom clones, or
a folder of loose files under any names. Notebooks and .py files are taken; of several attempts the
newest counts, and all are kept. Of files with the same time, or with no known time, the one with
the platform's higher number counts.

FILE is a list of the class with a header line: Moodle's grading worksheet, Canvas's gradebook, or a
table of your own. A file is matched with a row by any column (a number, an email, a login, a name).
The list is worth having, because Moodle gives a student another number in each assignment. Without
it, a student's id is what the platform wrote on the file.

The time of a submission is that of Moodle's worksheet, if FILE is one; else that of the file in the
zip, in this computer's time zone, or in the `timezone` of class.toml. Canvas's zip has no times: it
only marks files as LATE.

Files that could not be matched are listed with the reason in unmatched.csv in the class's folder.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import datetime
from pathlib import Path

import nbformat
from tqdm import tqdm

from instructor.content import exercise_names, read
from instructor.course.arguments import chosen_exercise, counted, parser_of
from instructor.course.attempts import Kept, keep
from instructor.course.handed_in import Handed, handed_in
from instructor.course.journal import held
from instructor.course.late import NAMES, listed
from instructor.course.reading import FROM_SCRIPT, decoded
from instructor.course.records import plain, replace
from instructor.course.scripts import script_cells
from instructor.course.students import Students, Table, own_id
from instructor.course.times import handed_in_times, zone_of
from instructor.course.writing_csv import spreadsheet

UNMATCHED = ("file", "student on it", "reason")


@dataclass(frozen=True)
class Collected:
    """The result: what is kept by student and exercise, the number of files taken, the others."""

    kept: dict[tuple[str, str], Kept]
    files: int
    unmatched: list[tuple[str, str, str]]


def collect(
    handed: Iterable[Handed],
    folder: Path,
    *,
    exercise: str = "",
    students: Students | None = None,
    times: Mapping[str, datetime] | None = None,
) -> Collected:
    """Put each student's newest file where `course grade` finds it.

    All attempts are kept in ``collected/STUDENT/EXERCISE``; ``origins.jsonl`` says what each
    platform calls the student, which `course export` needs. `times` are those of Moodle's
    worksheet, by student.

    Raises:
        RuntimeError: Another command is at work in this folder.
        OSError: Something cannot be written.
    """
    unmatched: list[tuple[str, str, str]] = []
    attempts: dict[tuple[str, str], list[Handed]] = {}
    for one in handed:
        try:
            if one.reason:
                raise ValueError(one.reason)
            name = exercise or exercise_of(one)
            student = students.find(one) if students else own_id(one)
        except ValueError as error:
            unmatched.append((one.where, " ".join(filter(None, (one.id, one.name))), str(error)))
        else:
            if one.system == "moodle" and times and student in times:
                one = replaced(one, when=times[student], told=True)
            attempts.setdefault((student, name), []).append(one)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):  # `course forget` may be rewriting what is added to here
        kept = {key: keep(folder, *key, found, _notebook) for key, found in attempts.items()}
        if students and kept:
            everyone = {**listed(folder), **students.names}
            replace(folder / NAMES, json.dumps(everyone, ensure_ascii=False, indent=1) + "\n")
    replace(folder / "unmatched.csv", spreadsheet(UNMATCHED, unmatched))
    return Collected(kept, sum(map(len, attempts.values())), unmatched)


def exercise_of(handed: Handed) -> str:
    """The exercise that a file belongs to, by the file's name or by the tasks in it.

    Raises:
        ValueError: Neither identifies an exercise.
    """
    names = exercise_names()
    for name in names:
        if name in handed.file:
            return name
    text = handed.data.decode("utf-8", errors="replace")
    tasks = {name: [task.name for task in read(name).tasks] for name in names}
    found = {name: sum(task in text for task in of) / len(of) for name, of in tasks.items()}
    best = max(found, key=lambda name: found[name])
    if found[best] < 0.5 or sorted(found.values())[-2] == found[best]:
        raise ValueError("the exercise cannot be identified; name it with --exercise")
    return best


def _notebook(path: Path) -> bytes:
    data = path.read_bytes()
    return as_notebook(data) if path.suffix.lower() == ".py" else data


def as_notebook(script: bytes) -> bytes:
    """A .py file as a notebook, whose metadata record that it was a script."""
    text, _ = decoded(script)
    made = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    cells = [made[cell["cell_type"]](cell["source"]) for cell in script_cells(text)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={FROM_SCRIPT: True})
    return (nbformat.writes(notebook) + "\n").encode()


def main(argv: Sequence[str], prog: str = "course collect") -> int:
    """Collect. Returns the exit code: 0 if every file was matched, 1 if not, 2 for an error."""
    parser = parser_of(prog, __doc__, gradebook=False)
    parser.add_argument("source", nargs="+", type=Path)
    parser.add_argument("--exercise", default="", help="its number; by default from the files")
    parser.add_argument("--students", type=Path, metavar="FILE", help="the list of the class")
    parser.add_argument(
        "--id", default="", metavar="COLUMN", help="the column of FILE that has the ids"
    )
    given = parser.parse_args(argv)
    exercise = chosen_exercise(parser, given.exercise)
    try:
        zone = zone_of(given.folder)
        table = Table.read(given.students) if given.students else None
        students = Students(table, given.id) if table else None
        times = handed_in_times(table, students.at, zone) if table and students else {}
        files = (one for source in given.source for one in handed_in(source, zone))
        found = collect(
            tqdm(files, unit="file", disable=None),
            given.folder, exercise=exercise, students=students, times=times,
        )  # fmt: skip
    except (OSError, RuntimeError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    clock = f"{zone} (class.toml)" if zone else "this computer's time zone"
    clock += " and the worksheet's times" if times else ""
    for line in lines(found, students, given.folder, clock):
        print(plain(line))
    told = {
        "students": len({student for student, _ in found.kept}),
        "submissions": len(found.kept),
        "files": found.files,
        "unmatched": len(found.unmatched),
    }
    print(json.dumps(told), flush=True)
    return 1 if found.unmatched else 0


def lines(
    found: Collected, students: Students | None, folder: Path, clock: str
) -> Iterator[str]:  # fmt: skip
    """What a person should know about a collection, line by line."""
    who = len({student for student, _ in found.kept})
    yield f"{counted(len(found.kept), 'submission')} of {counted(who, 'student')}."
    if students:
        yield f"Students' ids are those of the column {students.column!r}."
    for (student, exercise), one in sorted(found.kept.items()):
        if one.others:
            counts = one.counts or "one of an earlier collection"
            rest = counted(one.others, "other")
            yield f"{student}, {exercise}: {counts} counts; {rest} in collected/, kept."
    yield from _of_times(found, clock)
    if students:
        there = {student for student, _ in found.kept}
        missing = [f"{one} {name}".strip() for one, name in students.names.items()
                   if one not in there]  # fmt: skip
        if missing:
            yield f"On the list, and nothing here from {len(missing)}: {', '.join(missing)}"
    if found.unmatched:
        yield f"{counted(len(found.unmatched), 'file')} not taken, see {folder / 'unmatched.csv'}:"
        yield from (f"  {where[:300]}: {why[:300]}" for where, _, why in found.unmatched[:5])
        if students:
            yield (
                "To have an answer taken, put the student's id in front of the file's name, "
                "outside the zip, and collect it."
            )


def _of_times(found: Collected, clock: str) -> Iterator[str]:
    if any(one.timed for one in found.kept.values()):
        yield f"Times are read by {clock}."
    unknown = sorted({who for (who, _), one in found.kept.items() if not one.timed})
    late = sorted({who for (who, _), one in found.kept.items() if one.late and not one.timed})
    if unknown:
        yield (
            f"The time of handing in is not known for {counted(len(unknown), 'student')} (a zip "
            "from Canvas, or one whose files all have the same time), so lateness is not counted "
            f"for them: {_some(unknown)}. To have it counted, write the time into "
            "submitted/STUDENT/EXERCISE/timestamp.txt."
        )
    if late:
        yield f"Called late by the platform, which counts as one day: {', '.join(late)}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if names[10:] else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
