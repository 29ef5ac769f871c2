"""Grade a folder of notebooks: ``course grade 03 FOLDER MARKS``.

FOLDER holds one notebook per student, under any name: its name without `.ipynb` is the student's
in the results; in subfolders, the path is. MARKS is a folder for the results, made if need be:

  marks.csv     a row per student and task: marks, of, state, what the student reads, notes
  journal.jsonl what is done; running the same command again goes on after it

Each mark is decided outside the student's process (see instructor/README.md). States are: marked;
"waits for a person" for questions that are answered in prose; "not read" with the reason. Only what
is marked has a number. A file that has changed since is graded anew, and nothing else is; after
a change of the checks or of the course, everything is. The students' files are not changed.

Without bubblewrap the command says what is not protected, and wants --unprotected.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from instructor.content import ROOT, Exercise, exercise_names
from instructor.content import read as read_exercise
from instructor.course.judging.judge import Judge
from instructor.course.judging.sandbox import UNPROTECTED, bubblewrap
from instructor.course.submission import Submission, Unreadable, read

COLUMNS = ("student", "exercise", "task", "marks", "of", "state", "text", "notes")
MARKED, WAITS, NOT_READ = "marked", "waits for a person", "not read"


def graded(judge: Judge, exercise: Exercise, data: bytes) -> list[dict[str, Any]]:
    """A row for each task of one submission, from the bytes of its file."""
    try:
        submission = read(data, exercise)
    except Unreadable as error:
        return [_row(task, None, NOT_READ, str(error)) for task in exercise.parts]
    try:
        return [_of_task(judge, exercise, submission, task) for task in exercise.parts]
    finally:
        judge.close()  # the next submission has a player of its own


def _of_task(judge: Judge, exercise: Exercise, submission: Submission, task: Any) -> dict[str, Any]:
    if task.prose:
        return _row(task, None, WAITS, "")
    cells, notes = submission.answer(exercise, task)
    result = judge.marks(task, cells)
    return _row(task, result.marks, MARKED, result.said, [*submission.notes, *notes])


def _row(
    task: Any, marks: float | None, state: str, text: str, notes: Sequence[str] = ()
) -> dict[str, Any]:
    row = {"task": task.name, "marks": marks, "of": task.points, "state": state, "text": text}
    return {**row, "notes": list(notes)}


def digest_of_checks(exercise: Exercise) -> str:
    """Changes when something changes that a mark depends on: the tasks, the course, the judge."""
    found = hashlib.sha256()
    places = [exercise.folder, ROOT / "course_utils", ROOT / "instructor" / "course"]
    for path in sorted(path for place in places for path in place.rglob("*.*")):
        if path.is_file() and path.suffix in (".py", ".toml"):
            found.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


def journal(path: Path) -> Iterator[dict[str, Any]]:
    """What was done; the line at which a run was killed is no line yet."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue


def grade(exercise: Exercise, folder: Path, marks: Path, *, protected: bool) -> dict[str, Any]:
    """Grade what is not graded yet, write the marks, and return counts.

    Raises:
        ValueError: There is no notebook in `folder`.
    """
    found = sorted(p for p in folder.rglob("*.ipynb") if not hidden(p.relative_to(folder)))
    if not found:
        raise ValueError(f"there is no notebook in {folder}; name the folder that holds them")
    marks.mkdir(parents=True, exist_ok=True)
    path, checks = marks / "journal.jsonl", digest_of_checks(exercise)
    done = {tuple(entry["key"]): entry["rows"] for entry in journal(path)}
    rows, fresh = [], 0
    with Judge(exercise, protected=protected) as judge, path.open("a", encoding="utf-8") as file:
        if path.stat().st_size:
            file.write("\n")  # what was killed in the middle of a line leaves the next one alone
        for notebook in tqdm(found, unit="notebook", disable=None):
            student = notebook.relative_to(folder).with_suffix("").as_posix()
            # A link could lead to anything that the instructor may read.
            data = b"" if notebook.is_symlink() else notebook.read_bytes()
            key = (student, exercise.name, hashlib.sha256(data).hexdigest(), checks, protected)
            if key not in done:
                done[key] = graded(judge, exercise, data)
                fresh += 1
                file.write(json.dumps({"key": key, "rows": done[key]}) + "\n")
                file.flush()
                os.fsync(file.fileno())
            rows += [{"student": student, "exercise": exercise.name, **row} for row in done[key]]
    write(marks / "marks.csv", rows)
    states = [row["state"] for row in rows]
    return {
        "exercise": exercise.name,
        "students": len(found),
        "graded_now": fresh,
        **{state.replace(" ", "_"): states.count(state) for state in (MARKED, WAITS, NOT_READ)},
    }


def hidden(path: Path) -> bool:
    """Whether a file lies where Jupyter and other programs keep their own."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """The table of marks, in the place of an older one at once; no number is an empty field."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for row in rows:
            table.writerow({name: _field(row[name]) for name in COLUMNS})
    os.replace(partial, path)


def _field(value: Any) -> Any:
    """A value for a spreadsheet, which would take a text that begins with `=` for a formula."""
    if isinstance(value, list):
        value = "; ".join(value)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")):
        return f"'{value}"
    return value


def main(argv: Sequence[str], prog: str = "course grade") -> int:
    """Grade a folder; the exit code: 0 where all was read, 1 where not."""
    parser = argparse.ArgumentParser(prog, description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("exercise", help="its number, for example 03")
    parser.add_argument("folder", type=Path, help="where the notebooks are")
    parser.add_argument("marks", type=Path, help="where the results go")
    parser.add_argument("--unprotected", action="store_true", help="go on without a sandbox")
    given = parser.parse_args(argv)
    names = [n for n in exercise_names() if given.exercise in (n, n[:2], n[:2].lstrip("0"))]
    if not names:
        known = ", ".join(exercise_names())
        parser.error(f"there is no exercise {given.exercise!r}; there are {known}")
    protected = bubblewrap() is not None
    if not protected:
        print(UNPROTECTED, file=sys.stderr)
        if not given.unprotected:
            print("To grade all the same: --unprotected", file=sys.stderr)
            return 2
    try:
        told = grade(read_exercise(names[0]), given.folder, given.marks, protected=protected)
    except (OSError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    print(f"{given.marks / 'marks.csv'}: {told['students']} notebooks, {told['graded_now']} now")
    print(json.dumps(told), flush=True)
    return 1 if told["not_read"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
