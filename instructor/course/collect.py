"""Collect what students handed in: ``course collect SOURCE ... --exercise 03 --students FILE``.

A SOURCE is Moodle's or Canvas's zip as it was downloaded, a folder of GitHub Classroom clones, or
a folder of loose files under any names. Notebooks and .py files are taken; of several attempts the
newest counts, and all are kept.

FILE is a list of the class with a line of names: Moodle's grading worksheet, Canvas's gradebook, or
a table of your own. A file is matched with it by any of its columns (a number, an email, a login, a
name). It is worth having: Moodle calls the same student otherwise in each assignment. Without it, a
student's id is what the platform wrote on the file.

What could not be matched is in unmatched.csv in the class's folder, with the reason.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import nbformat
from tqdm import tqdm

from instructor.content import exercise_names, read
from instructor.course.arguments import chosen_exercise, parser_of
from instructor.course.handed_in import Handed, handed_in
from instructor.course.journal import held
from instructor.course.reading import FROM_SCRIPT, decoded
from instructor.course.records import replace
from instructor.course.scripts import script_cells
from instructor.course.students import Students, Table, own_id
from instructor.course.writing_csv import spreadsheet

UNMATCHED = ("file", "student on it", "reason")


def collect(
    handed: Iterable[Handed], folder: Path, *, exercise: str = "", students: Students | None = None
) -> dict[str, int]:
    """Put each student's newest file where `course grade` finds it, and count.

    All attempts are kept in ``collected/STUDENT/EXERCISE``; ``origins.jsonl`` says what each
    platform calls the student, which `course export` needs.

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
            attempts.setdefault((student, name), []).append(one)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):  # `course forget` may be rewriting what is added to here
        for (student, name), found in attempts.items():
            _keep(folder, student, name, found)
    table = spreadsheet(UNMATCHED, unmatched)
    replace(folder / "unmatched.csv", table)
    return {
        "students": len({student for student, _ in attempts}),
        "submissions": len(attempts),
        "files": sum(map(len, attempts.values())),
        "unmatched": len(unmatched),
    }


def exercise_of(handed: Handed) -> str:
    """The exercise that a file belongs to, by its name or by the tasks in it.

    Raises:
        ValueError: Neither tells.
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
        raise ValueError("it does not tell which exercise it is; say so with --exercise")
    return best


def _keep(folder: Path, student: str, exercise: str, found: Sequence[Handed]) -> None:
    kept = folder / "collected" / student / exercise
    kept.mkdir(parents=True, exist_ok=True)
    for one in found:
        digest = hashlib.sha256(one.data).hexdigest()[:8]
        stamp = f"{one.when:%Y%m%dT%H%M%S}-{one.order:012d}-{digest}"
        path = kept / f"{stamp}{Path(one.file).suffix}"
        if not path.exists():
            partial = path.with_suffix(".partial")
            partial.write_bytes(one.data)
            os.replace(partial, path)
            origin = {"student": student, "exercise": exercise, "system": one.system, "id": one.id,
                      "name": one.name, "file": one.where, "attempt": path.name}  # fmt: skip
            with (folder / "origins.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(origin, ensure_ascii=False) + "\n")
    newest = max(path for path in kept.iterdir() if path.suffix in (".ipynb", ".py"))
    target = folder / "submitted" / student / exercise / f"{exercise}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    data = newest.read_bytes()
    content = as_notebook(data) if newest.suffix == ".py" else data
    partial = target.with_name(target.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, target)
    day, clock = newest.name.split("-")[0].split("T")
    when = f"{day[:4]}-{day[4:6]}-{day[6:]} {clock[:2]}:{clock[2:4]}:{clock[4:]} UTC"
    replace(target.with_name("timestamp.txt"), when + "\n")  # nbgrader reads it


def as_notebook(script: bytes) -> bytes:
    """A .py file as a notebook, which says that it was one."""
    text, _ = decoded(script)
    made = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    cells = [made[cell["cell_type"]](cell["source"]) for cell in script_cells(text)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={FROM_SCRIPT: True})
    return (nbformat.writes(notebook) + "\n").encode()


def main(argv: Sequence[str], prog: str = "course collect") -> int:
    """Collect; the exit code: 0 where every file was matched, 1 where not."""
    parser = parser_of(prog, __doc__, gradebook=False)
    parser.add_argument("source", nargs="+", type=Path)
    parser.add_argument("--exercise", default="", help="its number; left out, the files tell")
    parser.add_argument("--students", type=Path, metavar="FILE", help="the list of the class")
    parser.add_argument(
        "--id", default="", metavar="COLUMN", help="of the list, with the ids to use"
    )
    given = parser.parse_args(argv)
    exercise = chosen_exercise(parser, given.exercise)
    try:
        students = Students(Table.read(given.students), given.id) if given.students else None
        files = (one for source in given.source for one in handed_in(source))
        told = collect(
            tqdm(files, unit="file", disable=None),
            given.folder, exercise=exercise, students=students,
        )  # fmt: skip
    except (OSError, RuntimeError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    print(f"{told['submissions']} submissions of {told['students']} students.")
    if told["unmatched"]:
        path = given.folder / "unmatched.csv"
        print(f"{told['unmatched']} files could not be matched: see {path}")
    print(json.dumps(told), flush=True)
    return 1 if told["unmatched"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
