"""Read submissions as learning platforms pack them: files, with their owner and their time.

It reads Moodle's zip of all submissions, Canvas's zip, a folder of GitHub Classroom clones, and any
folder of loose files. Nothing is unpacked to disk: files are read as bytes.
"""

from __future__ import annotations

import lzma
import re
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from instructor.course.reading import MOST_BYTES

ANSWERS = (".ipynb", ".py")
PACKING = timedelta(seconds=10)  # if all times are within this, they are those of the packing

# FULLNAME_ID_assignsubmission_file_, as a folder or in front of the file's name.
MOODLE = re.compile(r"(?P<name>.*?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<file>.*)")
# sortablename[_late]_USERID_ATTACHMENTID_displayname
CANVAS = re.compile(
    r"(?:(?P<name>(?!\d+_)[^_]+)_)?(?:(?P<late>late|LATE)_)?"
    r"(?P<id>\d+)_(?P<order>\d{1,18})_(?P<file>.+)"
)
SPOILED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError,
           NotImplementedError, RuntimeError, OSError)  # fmt: skip


@dataclass(frozen=True)
class Handed:
    """One file of one student.

    `system` is "moodle", "canvas", "github" or "files", `id` the system's id of the student and
    `name` the student's name there, which may be empty. `where` is for messages. `reason` is why
    the file cannot be taken, and "" if it can; in the first case `data` is empty.

    `when` is None if the time is not known. Canvas writes the time of the download into its zip, so
    for its files only `late` is known. `told` is whether `when` is the platform's own time, and not
    that of a file.
    """

    system: str
    id: str
    name: str
    file: str
    where: str
    when: datetime | None
    order: int = 0
    data: bytes = b""
    reason: str = ""
    late: bool = False
    told: bool = False


def moment(clock: datetime, zone: ZoneInfo | None) -> datetime:
    """The time `clock` in `zone` (None for this computer's), converted to UTC."""
    return (clock.replace(tzinfo=zone) if zone else clock).astimezone(UTC)


def handed_in(source: Path, zone: ZoneInfo | None = None) -> Iterator[Handed]:
    """Every file of `source`, a zip, a folder or a single file, with the student it belongs to.

    The times in a zip are in `zone`, None for this computer's. If all are the same, they are those
    of the packing, and no time is known.

    Raises:
        ValueError: `source` is none of these.
    """
    if source.is_dir():
        yield from _of_folder(source)
    elif zipfile.is_zipfile(source):
        yield from _of_zip(source, zone)
    elif source.is_file() and source.suffix.lower() in ANSWERS:
        yield _file(source, source.parent, "files", source.stem)
    else:
        raise ValueError(
            f"{source} must be a zip, a folder, a notebook or a .py file; name what the learning "
            "platform gave you to download, or the folder with the files"
        )


def owner(path: PurePosixPath) -> tuple[str, str, str, str, int] | None:
    """The system, id, name, file and order in a path inside a zip; None if it has none."""
    for part in path.parts:
        if found := MOODLE.fullmatch(part.removeprefix("GROUP-")):
            file = found["file"] if part == path.name else path.name
            return "moodle", found["id"], found["name"].removeprefix("Participant"), file, 0
    if found := CANVAS.fullmatch(path.name):
        return "canvas", found["id"], found["name"] or "", found["file"], int(found["order"])
    return None


def _of_zip(source: Path, zone: ZoneInfo | None) -> Iterator[Handed]:
    with zipfile.ZipFile(source) as archive:
        clocks = [clock for item in archive.infolist() if (clock := _noted(item))]
        packed = len(clocks) > 1 and max(clocks) - min(clocks) < PACKING
        for item in archive.infolist():
            path = PurePosixPath(item.filename.replace("\\", "/"))
            if item.is_dir() or hidden(path):
                continue
            found = owner(path)
            system, name_id, name, file, order = found or ("files", _stem(path), "", path.name, 0)
            data, reason = b"", _refusal(PurePosixPath(file), item.file_size)
            if not reason:
                try:
                    with archive.open(item) as stream:
                        data = stream.read(MOST_BYTES + 1)
                except SPOILED as error:
                    reason = f"it cannot be unpacked ({error}); ask for it again"
            clock = None if packed or system == "canvas" else _noted(item)
            when = moment(clock, zone) if clock else None
            late = _is_late(system, path)
            where = f"{source.name}/{path}"
            yield Handed(system, name_id, name, file, where, when, order, data, reason, late)


def _noted(item: zipfile.ZipInfo) -> datetime | None:
    """When a file in a zip was changed, in an unknown time zone; None for a folder, and if there is
    no time or only the format's earliest, which means none."""
    try:
        clock = datetime(*item.date_time)
    except ValueError:
        return None
    return None if item.is_dir() or clock.year == 1980 else clock


def _is_late(system: str, path: PurePosixPath) -> bool:
    found = CANVAS.fullmatch(path.name) if system == "canvas" else None
    return bool(found and found["late"])


def _of_folder(source: Path) -> Iterator[Handed]:
    for path in sorted(source.rglob("*")):
        inside = PurePosixPath(path.relative_to(source).as_posix())
        if not path.is_file() or hidden(inside):
            continue
        if found := owner(inside):
            yield _file(path, source, *found[:3], file=found[3], order=found[4])
        elif len(inside.parts) > 1:
            first = source / inside.parts[0]
            system = "github" if (first / ".git").exists() else "files"
            yield _file(path, source, system, inside.parts[0])
        else:
            yield _file(path, source, "files", _stem(inside))


def _file(
    path: Path, source: Path, system: str, name_id: str, name: str = "", *, file: str = "",
    order: int = 0,
) -> Handed:  # fmt: skip
    data, reason = b"", _refusal(PurePosixPath(path.name), path.stat().st_size)
    if path.is_symlink():
        reason = "it is a link to another file, which is not followed"
    if not reason:
        data = path.read_bytes()
    when: datetime | None = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    if system == "github" and not reason:
        when = _committed(path) or when
    if system == "canvas":
        when = None
    late = _is_late(system, PurePosixPath(path.name))
    where = path.relative_to(source).as_posix()
    return Handed(system, name_id, name, file or path.name, where, when, order, data, reason, late)


def _committed(path: Path) -> datetime | None:
    """When a file of a clone was last committed; its time on this disk is that of the download."""
    # No hook and no setting of the clone may run a program here.
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "log", "-1"]
    try:
        told = subprocess.run(
            [*command, "--format=%cI", "--", path.name],
            cwd=path.parent, capture_output=True, text=True, timeout=30,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return datetime.fromisoformat(told).astimezone(UTC) if told else None


def _refusal(path: PurePosixPath, size: int) -> str:
    kind = path.suffix.lower()
    if kind == ".zip":
        return "it is a zip in a zip; unpack it, and collect the folder"
    if kind not in ANSWERS:
        return "it is neither a notebook nor a .py file"
    if size > MOST_BYTES:
        return f"it has {size >> 20} MB, and at most {MOST_BYTES >> 20} MB are read"
    return ""


def hidden(path: PurePosixPath) -> bool:
    """Whether a file is in a folder that Jupyter, git or another program uses for itself."""
    own = [part for part in path.parts if part != ".."]
    return any(part.startswith((".", "~")) or part == "__MACOSX" for part in own)


def _stem(path: PurePosixPath) -> str:
    return path.parts[0] if len(path.parts) > 1 else path.stem
