"""Identify students: match what a learning platform writes on a file with a list of the class."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from instructor.course.handed_in import Handed
from instructor.course.records import student_id

# Columns that identify a student in a whole course, the best first; Moodle's "Identifier" differs
# between assignments.
LASTING = ("student", "student id", "id number", "id-nummer", "sis user id", "sis login id",
           "login", "username", "anmeldename", "email address", "email", "e-mail",
           "e-mail-adresse")  # fmt: skip


NAMES = ("full name", "vollständiger name", "name", "student")


@dataclass(frozen=True)
class Table:
    """A CSV file: its rows of cells, and the format in which it was written."""

    rows: list[list[str]]
    delimiter: str
    newline: str
    bom: bool

    @classmethod
    def read(cls, path: Path) -> Table:
        """Read a CSV file with any usual delimiter.

        Raises:
            ValueError: It is no table in UTF-8; the message says what to do.
        """
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(
                f"{path} is not in UTF-8, as the platform wrote it; a spreadsheet has saved it "
                "anew: download it again, and do not open it before"
            ) from None
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = [row for row in lines if row]
        if len(rows) < 2 or len(rows[0]) < 2:
            raise ValueError(f"{path} has no table with a line of names; is it another file?")
        newline = "\r\n" if "\r\n" in text else "\n"
        return cls(rows, delimiter, newline, data.startswith(b"\xef\xbb\xbf"))

    def text(self) -> str:
        """The file's text, with the same delimiter and line endings."""
        buffer = io.StringIO(newline="")
        csv.writer(buffer, delimiter=self.delimiter, lineterminator=self.newline).writerows(
            self.rows
        )
        return ("\ufeff" if self.bom else "") + buffer.getvalue()

    def column(self, *names: str) -> int | None:
        """The index of the first of these columns that exists; None if none does."""
        heads = [head.strip().lower() for head in self.rows[0]]
        return next((heads.index(name) for name in names if name in heads), None)

    @property
    def assignments(self) -> list[int]:
        """The columns of a gradebook from Canvas that hold marks: "Exercise 03 (71)"."""
        return [i for i, head in enumerate(self.rows[0]) if re.search(r"\(\d+\)\s*$", head)]


class Students:
    """The students of a class, to be found by what a platform writes on their files.

    `column` is the name of the column with the ids, `at` its index; `names` are by id, "" if the
    list has none.
    """

    def __init__(self, table: Table, column: str = "") -> None:
        """`column` names the one with the ids to use; ValueError if there is none."""
        # Canvas calls the column of the names "Student".
        lasting = [name for name in LASTING if name != "student" or not table.assignments]
        # "ID" is best in a list of one's own, and Canvas's own number of a student. In Moodle's
        # worksheet it is a number for one assignment.
        if _of_canvas(table):
            lasting = [*lasting, "id"]
        elif not _of_moodle(table):
            lasting = ["id", *lasting]
        at = table.column(column.lower()) if column else table.column(*lasting)
        if at is None:
            heads = ", ".join(table.rows[0])
            raise ValueError(
                f"no column {column or 'with ids'!r} in the list of students, which has: {heads}; "
                "name the one that identifies a student in the whole course with --id"
            )
        self.at = at
        self.column = table.rows[0][at].strip()
        self.names: dict[str, str] = {}
        self._by_key: dict[str, set[str]] = {}
        name = table.column(*NAMES)
        about = min(table.assignments, default=len(table.rows[0]))  # marks identify nobody
        for row in table.rows[1:]:
            if at < len(row) and row[at].strip():
                named = row[name].strip() if name is not None and name < len(row) else ""
                self.names[row[at].strip()] = named
                for cell in row[:about]:
                    for key in keys(cell):
                        self._by_key.setdefault(key, set()).add(row[at].strip())
        self._words = {one: set(_bare_words(name)) for one, name in self.names.items()}

    def find(self, handed: Handed) -> str:
        """The student whose file it is.

        Raises:
            ValueError: Nobody on the list fits, or more than one does.
        """
        for wanted in (handed.id, handed.name):
            for key in keys(wanted):
                if found := self._by_key.get(key):
                    if len(found) == 1:
                        return student_id(next(iter(found)))
                    raise ValueError(f"{wanted!r} fits {', '.join(sorted(found))}")
        found = {one for word in words(handed.id) for one in self._by_key.get(word, ())}
        if not found:  # "Ada Lovelace 03": the whole of a name, and something else
            there = set(_bare_words(handed.id))
            found = {one for one, own in self._words.items() if len(own) > 1 and own <= there}
        if len(found) == 1:
            return student_id(next(iter(found)))
        if found:
            raise ValueError(f"{handed.id!r} fits {', '.join(sorted(found))}")
        told = " ".join(filter(None, (handed.id, handed.name)))
        raise ValueError(f"nobody on the list of students is called {told!r}")


def _of_canvas(table: Table) -> bool:
    return table.column("sis login id", "sis user id") is not None or bool(table.assignments)


def _of_moodle(table: Table) -> bool:
    """Whether this is Moodle's worksheet, whose first column has a number for one assignment:
    "Participant 4711", "Teilnehmer/in4711", "Teilnehmer*in4711"."""
    return all(re.fullmatch(r"\D*[\s/*:]\D*\d+", row[0]) for row in table.rows[1:])


def own_id(handed: Handed) -> str:
    """The student's id if there is no list: the platform's own.

    Raises:
        ValueError: It cannot be an id.
    """
    return student_id(handed.id)


def keys(cell: str) -> list[str]:
    """The forms in which a cell may be on a file: itself, an email without its domain, `bare`.

    Moodle's "Participant 4711", in any language, is 4711 on the file.
    """
    cell = cell.strip()
    found = [cell.lower(), bare(cell)]
    if "@" in cell:
        found.append(cell.partition("@")[0].lower())
    if number := re.fullmatch(r"\D*?[\s/]*(?:\w+ )?(\d+)", cell):
        found.append(number[1])
    if "," in cell:  # Canvas writes "Lovelace, Ada" as lovelaceada; Moodle "Ada Lovelace"
        last, _, first = cell.partition(",")
        found.append(bare(f"{first} {last}"))
    return [key for key in dict.fromkeys(found) if key]


def bare(text: str) -> str:
    """Only lower-case letters and digits, without accents."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in plain if c.isalnum())


def _bare_words(text: str) -> list[str]:
    return [bare(word) for word in re.split(r"[\W_]+", unicodedata.normalize("NFC", text)) if word]


def words(text: str) -> Iterable[str]:
    """The words of a file's name that may be an id; shorter ones may be an exercise's number."""
    return [word.lower() for word in re.split(r"[^\w@.]+|_", text) if len(word) > 2]
