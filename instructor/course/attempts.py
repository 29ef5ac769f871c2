"""Keep all of a student's attempts at an exercise, in order, and choose the one that counts."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from instructor.course.handed_in import Handed
from instructor.course.late import LATE_MARK, STAMP
from instructor.course.records import replace

UNKNOWN = "00000000T000000"  # sorts before each time that is known
# "answer (1)" and "answer-1": what a platform or a browser appends to a second file of that name.
COUNTER = re.compile(r"(?:\((\d{1,4})\)|-(\d{1,2}))$")


@dataclass(frozen=True)
class Kept:
    """The attempt that counts now: the platform's name of its file ("" if it was collected
    earlier), the number of other attempts kept, whether its time is known, whether it is late."""

    counts: str
    others: int
    timed: bool
    late: bool


def counter(file: str) -> int:
    """The number that a platform appends to files of one name; 0 for the first."""
    found = COUNTER.search(PurePosixPath(file).stem.rstrip())
    return int(found[1] or found[2]) if found else 0


def keep(
    folder: Path, student: str, exercise: str, found: Sequence[Handed],
    notebook: Callable[[Path], bytes],
) -> Kept:  # fmt: skip
    """Keep all attempts in ``collected/``, and put the one that counts into ``submitted/``.

    Attempts are ordered by time; if times are equal or unknown, by the platform's own number, and
    then by the number appended to the file's name.
    """
    kept = folder / "collected" / student / exercise
    kept.mkdir(parents=True, exist_ok=True)
    names: dict[str, str] = {}
    for one in found:
        path = kept / _name(one)
        names[path.name] = one.file
        if one.told:  # the same file may have been collected before, by its time in a zip
            for other in kept.glob(f"*{path.name.removeprefix(path.name.split('-')[0])}"):
                os.replace(other, path)
        if not path.exists():
            partial = path.with_suffix(".partial")
            partial.write_bytes(one.data)
            os.replace(partial, path)
            origin = {"student": student, "exercise": exercise, "system": one.system, "id": one.id,
                      "name": one.name, "file": one.where, "attempt": path.name}  # fmt: skip
            with (folder / "origins.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(origin, ensure_ascii=False) + "\n")
    there = sorted(path for path in kept.iterdir() if path.suffix in (".ipynb", ".py"))
    newest = there[-1]
    target = folder / "submitted" / student / exercise / f"{exercise}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    partial.write_bytes(notebook(newest))
    os.replace(partial, target)
    late = newest.stem.endswith(".late")
    _note_time(target.parent, newest.name.split("-")[0], late=late)
    contents = {path.stem.removesuffix(".late").rpartition("-")[2] for path in there}
    timed = (target.parent / STAMP).is_file()
    return Kept(names.get(newest.name, ""), len(contents) - 1, timed, late)


def _name(one: Handed) -> str:
    digest = hashlib.sha256(one.data).hexdigest()[:8]
    when = f"{one.when:%Y%m%dT%H%M%S}" if one.when else UNKNOWN
    late = ".late" if one.late else ""
    number = f"{one.order:012d}-{counter(one.file):04d}"
    return f"{when}-{number}-{digest}{late}{Path(one.file).suffix.lower()}"


def _note_time(place: Path, stamp: str, *, late: bool) -> None:
    """Write the time for `late.py` to read. If none is known, a person's note of it is kept."""
    if stamp != UNKNOWN:
        day, clock = stamp.split("T")
        when = f"{day[:4]}-{day[4:6]}-{day[6:]} {clock[:2]}:{clock[2:4]}:{clock[4:]} UTC"
        replace(place / STAMP, when + "\n")  # nbgrader reads it
    if late:
        replace(place / LATE_MARK, "The platform calls it late, without a time.\n")
    else:
        (place / LATE_MARK).unlink(missing_ok=True)
