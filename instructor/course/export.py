"""Fill in a platform's own table: ``course export TABLE.csv --exercise 03``.

TABLE.csv is Moodle's grading worksheet or Canvas's gradebook, as you downloaded it. The marks are
written into a copy, in its own columns, delimiter, decimal sign and language, which the platform
takes back. Only students in the table whose submission is completely marked get a mark: the field
of a submission that waits for a person, is missing or could not be read stays as it is, never a 0,
and is listed.

If the platform's maximum differs from that of the exercise, marks are scaled to it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from instructor.course.arguments import chosen_exercise, counted, parser_of
from instructor.course.marks import Marked, marked, warn
from instructor.course.records import replace
from instructor.course.students import NAMES, Table, keys

NUMBER = re.compile(r"\d+([.,]\d+)?")


@dataclass(frozen=True)
class Columns:
    """The layout of a table.

    `first` is the first row of a student, `who` the column with the platform's id and `mark` that
    of the mark. The columns before `others` identify a student; none of them is a mark.
    """

    system: str
    first: int
    who: int
    mark: int
    others: int
    maximum: float
    comma: bool = False


def moodle(table: Table, column: str = "") -> Columns | None:
    """The columns of Moodle's worksheet in any language, or None if it is none.

    The first column identifies a participant by a number. The maximum is the same number in every
    row, and the column before it has the mark, a number or nothing.

    Raises:
        ValueError: There is no such column, or the column of the maximum cannot be determined.
    """
    rows = table.rows[1:]
    if not all(re.fullmatch(r"\D*\d+", row[0]) for row in rows):
        return None
    mark = table.column(column.strip().lower()) if column else None
    if column and mark is None:
        there = ", ".join(table.rows[0])
        raise ValueError(f"there is no column {column!r}; the table has {there}")
    top = table.column("maximum grade")
    if top is None:
        tops = [at for at in range(2, len(table.rows[0])) if at != mark and _is_maximum(rows, at)]
        if mark is None:
            tops = [at for at in tops if _may_be_marks(rows, at - 1)]
        if not tops:
            return None
        if len(tops) > 1:
            there = ", ".join(table.rows[0][at] for at in tops)
            raise ValueError(
                f"which of {there} is the maximum cannot be told; download the table in English"
            )
        (top,) = tops
    mark = top - 1 if mark is None else mark
    maximum = rows[0][top]
    return Columns("moodle", 1, 0, mark, min(mark, top), number(maximum), "," in maximum)


def _is_maximum(rows: Sequence[Sequence[str]], at: int) -> bool:
    return len({row[at] for row in rows}) == 1 and bool(NUMBER.fullmatch(rows[0][at].strip()))


def _may_be_marks(rows: Sequence[Sequence[str]], at: int) -> bool:
    cells = [row[at].strip() for row in rows]
    return all(cell in ("", "-") or NUMBER.fullmatch(cell) for cell in cells)


def canvas(table: Table, column: str = "") -> Columns | None:
    """The columns of Canvas's gradebook, or None if it is none.

    Raises:
        ValueError: `column` does not name exactly one assignment.
    """
    at = next((i for i, row in enumerate(table.rows[:4]) if "Points Possible" in row[0]), None)
    who = table.column("id")
    if at is None or who is None:
        return None
    titles = table.assignments
    wanted = column.lower()
    found = [i for i in titles if wanted and wanted in table.rows[0][i].lower()]
    if len(found) != 1:
        there = ", ".join(table.rows[0][i] for i in titles) or "none"
        raise ValueError(f"name one assignment of the gradebook with --column; it has: {there}")
    maximum = table.rows[at][found[0]]
    return Columns("canvas", at + 1, who, found[0], titles[0], number(maximum), "," in maximum)


def number(text: str) -> float:
    """A number with a point or a comma."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise ValueError(
            f"the platform's maximum must be a number, got {text!r}; give the assignment points"
        ) from None


def fill(
    table: Table, columns: Columns, found: Sequence[Marked], known: Mapping[tuple[str, str], str]
) -> tuple[int, list[tuple[str, str]]]:
    """Write marks into the table.

    Args:
        known: The student's id by platform and the platform's id.

    Returns:
        How many marks were written, and (student, reason) for those without one.
    """
    by_student = {one.record.student: one for one in found}
    left, there, written = [], set(), 0
    name = table.column(*NAMES)
    for row in table.rows[columns.first :]:
        student = _student(row, columns, known, by_student)
        there.add(student)
        one = by_student.get(student)
        if row[columns.mark].strip() == "EX":
            left.append((student or row[columns.who], "is excused there"))
        elif one is None:
            told = [row[columns.who], row[name] if name is not None else ""]
            left.append((" ".join(filter(None, told)), "has no submission here"))
        elif (marks := one.final) is None:
            left.append((student, one.record.reason or one.record.state))
        else:
            text = f"{round(marks / one.record.of * columns.maximum, 2):.2f}"
            row[columns.mark] = text.replace(".", ",") if columns.comma else text
            written += 1
    left += [(name, "is not in the table") for name in by_student if name not in there]
    return written, left


def _student(
    row: Sequence[str], columns: Columns, known: Mapping[tuple[str, str], str],
    by_student: Mapping[str, Marked],
) -> str:  # fmt: skip
    for key in keys(row[columns.who]):
        if (columns.system, key) in known:
            return known[columns.system, key]
    there = {student.lower(): student for student in by_student}
    fit = {there[key] for cell in row[: columns.others] for key in keys(cell) if key in there}
    return fit.pop() if len(fit) == 1 else ""


def origins(folder: Path, exercise: str) -> dict[tuple[str, str], str]:
    """The student's id by platform and the platform's id, as `course collect` has seen them."""
    path = folder / "origins.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = [json.loads(line) for line in lines]
    return {
        (one["system"], one["id"]): one["student"] for one in found if one["exercise"] == exercise
    }


def main(argv: Sequence[str], prog: str = "course export") -> int:
    """Export. Returns the exit code: 0 if every row has a mark, 1 if not, 2 for an error."""
    parser = parser_of(prog, __doc__)
    parser.add_argument("table", type=Path, help="as it was downloaded")
    parser.add_argument("--exercise", required=True, help="its number")
    parser.add_argument("--column", default="", help="the mark's column, or part of its name")
    parser.add_argument("--out", type=Path, help="the copy; left out, TABLE-marks.csv")
    given = parser.parse_args(argv)
    exercise = chosen_exercise(parser, given.exercise)
    try:
        table = Table.read(given.table)
        columns = canvas(table, given.column) or moodle(table, given.column)
        if columns is None:
            raise ValueError(
                f"{given.table} is neither Moodle's grading worksheet nor Canvas's gradebook; "
                "download it again, and do not open it in a spreadsheet before"
            )
        warn(given.folder)
        found = list(marked(given.folder, given.db, exercise=exercise))
        if not found:
            raise ValueError(f"no submission of {exercise} is graded; run `course grade` first")
        written, left = fill(table, columns, found, origins(given.folder, exercise))
        out = given.out or given.table.with_name(f"{given.table.stem}-marks.csv")
        replace(out, table.text())
    except (OSError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    for who, why in left:
        print(f"{who}: {why}")
    scaled = (
        ""
        if found[0].record.of == columns.maximum
        else (f", scaled from {found[0].record.of:g} to the {columns.maximum:g} of the table")
    )
    print(f"{out}: {counted(written, 'mark')}{scaled}; {len(left)} left as they were.")
    told = {"marks": written, "left": len(left), "system": columns.system}
    print(json.dumps(told), flush=True)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
