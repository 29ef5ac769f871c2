"""The journal of `course grade`: a file to which each finished submission adds one line.

A line is on the disk before anything else is written from it, so a run that was killed at any
moment can continue from here. Only one process at a time can write it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from course_utils.tooling.lock import try_lock
from instructor.course.records import Record, from_json


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of a class's journal; inside, no other process changes it.

    The lock is a file beside the journal, because `course forget` replaces the journal by a new
    file, and a process that had locked the old one would write to a file that nobody reads.

    Raises:
        RuntimeError: Another process holds it at this moment.
        OSError: The folder cannot be written.
    """
    with (folder / "journal.lock").open("ab") as file:
        if not try_lock(file):
            raise RuntimeError(
                f"another `course` command is at work in {folder}; wait until it is done"
            )
        yield


class Journal:
    """The journal of a class's folder; `with Journal(folder) as journal`.

    Args:
        seed: The run's; None for the one that the journal has, or a new one.

    Raises:
        RuntimeError: Another process writes it at this moment.
        OSError: It cannot be read or written.
    """

    def __init__(self, folder: Path, seed: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "journal.jsonl"
        self._open = ExitStack()
        try:
            self._open.enter_context(held(folder))
            self._file: BinaryIO = self._open.enter_context(path.open("a+b"))  # to read
            # To append to, without a buffer.
            self._end = self._open.enter_context(path.open("ab", 0))
            self._places: dict[str, int] = {}
            self._tried: set[str] = set()  # exercises and courses whose model answers were right
            last = self._read()
            given = seed if seed is not None else last
            self.seed: int = secrets.randbelow(2**31) if given is None else given
            if self.seed != last:
                self._add({"seed": self.seed})
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *raised: object) -> None:
        self._open.close()

    def _read(self) -> int | None:
        """Record where each submission's line is, and return the seed of the last run."""
        seed, place, line = None, 0, b""
        self._file.seek(0)
        for line in self._file:
            try:
                told = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                told = None  # a run was killed while it wrote this line
            if told and "seed" in told:
                seed = told["seed"]
            elif told and "tried" in told:
                self._tried.add(_text(told["tried"]))
            elif told:
                self._places[_text(told["key"])] = place
            place += len(line)
        if place and not line.endswith(b"\n"):
            self._end.write(b"\n")  # so that the next line is one of its own
        return seed

    def __contains__(self, key: Sequence[Any]) -> bool:
        return _text(key) in self._places

    def record(self, key: Sequence[Any]) -> Record:
        """The record of a finished submission."""
        self._file.seek(self._places[_text(key)])
        return from_json(json.loads(self._file.readline())["record"])

    def add(self, key: Sequence[Any], record: dict[str, Any]) -> None:
        """Record that a submission is finished; it is on the disk when this returns."""
        self._places[_text(key)] = self._add({"key": key, "record": record})

    def tried(self, exercise: str, course: str) -> bool:
        """Whether the exercise's model answers had full marks in this version of the course."""
        return _text([exercise, course]) in self._tried

    def note_tried(self, exercise: str, course: str) -> None:
        """Record that the exercise's model answers had full marks."""
        self._add({"tried": [exercise, course]})
        self._tried.add(_text([exercise, course]))

    def take_over(self, other: Journal) -> None:
        """Add all records of another journal."""
        for text in other._places:
            key = json.loads(text)
            self.add(key, other.record(key).as_json())

    def _add(self, told: dict[str, Any]) -> int:
        place = self._end.seek(0, os.SEEK_END)
        rest = json.dumps(told).encode() + b"\n"
        try:
            while rest:
                rest = rest[self._end.write(rest) :]
            os.fsync(self._end.fileno())
        except OSError:
            self._end.truncate(place)  # half a line of a full disk
            raise
        return place


def _text(key: Sequence[Any]) -> str:
    return json.dumps(list(key))
