"""Read times of submissions: the class's time zone, and the times in Moodle's worksheet."""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from instructor.course.handed_in import moment
from instructor.course.students import Table, bare

# The beginnings of the months' names in English, German, French, Spanish, Italian, Portuguese and
# Dutch, without accents. No beginning stands for two months.
MONTHS = (
    ("jan", "ene", "gen"), ("feb", "fev"), ("mar", "maa", "mrz"), ("apr", "avr", "abr"),
    ("may", "mai", "mag", "mei"), ("jun", "juin", "giu"), ("jul", "juil", "lug"),
    ("aug", "aou", "ago"), ("sep", "set"), ("oct", "okt", "ott", "out"), ("nov",),
    ("dec", "dez", "dic"),
)  # fmt: skip
CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\s*([ap])\.?\s*m\b)?", re.I)
BY_YEAR = re.compile(r"(\d{4})\D{1,3}(\d{1,2})\D{1,3}(\d{1,2})(?!\d)")


def zone_of(folder: Path) -> ZoneInfo | None:
    """The time zone named in a class's `class.toml`; None for that of this computer.

    Raises:
        ValueError: The zone is not known here, or the file is not TOML.
    """
    path = folder / "class.toml"
    if not path.is_file():
        return None
    try:
        name = tomllib.loads(path.read_text(encoding="utf-8")).get("timezone")
    except ValueError as error:
        raise ValueError(f"{path} is no TOML: {error}") from None
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValueError(
            f"{path}: timezone must be a name such as Europe/Berlin, got {name!r}; where no name "
            "is known (Windows), install tzdata with pip"
        ) from None


def clock_of(text: str) -> datetime | None:
    """A date with a time of day as Moodle writes it in many languages; None for anything else."""
    time = CLOCK.search(text)
    if time is None:
        return None
    hour, minute, second = (int(part or 0) for part in time.groups()[:3])
    if half := (time[4] or "").lower():
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half == "p")
    rest = text[: time.start()] + " " + text[time.end() :]
    if found := BY_YEAR.search(rest):  # 2026-11-20, 2026年11月20日
        year, month, day = (int(part) for part in found.groups())
    else:
        years, days = re.findall(r"\b\d{4}\b", rest), re.findall(r"\b\d{1,2}(?!\d)", rest)
        months = {
            at
            for word in re.findall(r"[^\W\d_]+", rest)
            for at, starts in enumerate(MONTHS, start=1)
            if len(bare(word)) > 2 and bare(word).startswith(starts) and not _weekday(word)
        }
        if len(years) != 1 or len(days) != 1 or len(months) != 1:
            return None
        year, month, day = int(years[0]), months.pop(), int(days[0])
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _weekday(word: str) -> bool:
    """Whether a word that begins like a month is a day: mardi, martes, martedì."""
    return bare(word) in ("mardi", "martes", "martedi")


def handed_in_times(table: Table, at: int, zone: ZoneInfo | None) -> dict[str, datetime]:
    """The times of the last change to each submission in Moodle's worksheet, by the cell in column
    `at`; empty for another table.

    They are in the column "Last modified (submission)"; in another language in the first column
    with nothing but times and "-", because that of the mark's time comes later.

    Raises:
        ValueError: The column has entries that are not times.
    """
    rows = [row for row in table.rows[1:] if len(row) == len(table.rows[0])]
    if not rows or not all(re.fullmatch(r"\D*\d+", row[0]) for row in rows):
        return {}
    column = table.column("last modified (submission)")
    if column is None:
        column = next((i for i in range(1, len(rows[0])) if _only_times(rows, i)), None)
    if column is None:
        return {}
    found = {}
    for row in rows:
        if row[column].strip(" -–"):
            clock = clock_of(row[column])
            if clock is None:
                raise ValueError(
                    f"{row[column]!r} under {table.rows[0][column]!r} is no time that is "
                    "understood; download the worksheet in English"
                )
            found[row[at].strip()] = moment(clock, zone)
    return found


def _only_times(rows: list[list[str]], at: int) -> bool:
    cells = [row[at] for row in rows if row[at].strip(" -–")]
    return bool(cells) and all(clock_of(cell) for cell in cells)
