"""A learner's own copy of the lessons and exercises, without outputs, that no update overwrites.

`.course/taken.json` in the copy remembers, for every file, which version of the course was last
put there. A file that still is that version is the course's, and is replaced by a newer one. Any
other is the learner's, and a newer version is placed beside it. Every file is written whole or not
at all, so an interrupted start is simply done again.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils.tooling.environment import ROOT, StartError
from course_utils.tooling.learner_folder import COPIED, OWN, choose_folder
from course_utils.tooling.lock import setup_lock
from course_utils.tooling.pip import say

README = Path(__file__).with_name("learner_readme.md")


@dataclass
class Update:
    """What one start did to a copy; the names are relative to it, with forward slashes."""

    first: bool = False
    added: list[str] = field(default_factory=list)  # new in the course
    again: list[str] = field(default_factory=list)  # was missing from the copy
    replaced: list[str] = field(default_factory=list)  # changed in the course, untouched here
    beside: list[tuple[str, str]] = field(default_factory=list)  # (the learner's, the new one)
    gone: list[str] = field(default_factory=list)  # no longer part of the course

    def told(self, folder: Path) -> str:
        """The update in words, for the one who has just started the course."""
        lines = [f"Your own copy of the lessons and exercises is in\n    {folder}"]
        if self.first:
            hand_in = Path("exercises", "01_overfitting", "01_overfitting.ipynb")
            lines.append(
                "Work there: an update of the course never changes what you have changed. What\n"
                f"you hand in is the saved notebook of an exercise, such as {hand_in}."
            )
        elif self.added:
            lines.append(f"New in the course: {', '.join(self.added)}.")
        if self.replaced:
            lines.append(
                f"Changed in the course, and replaced here because you had not changed them: "
                f"{', '.join(self.replaced)}."
            )
        for yours, new in self.beside:
            lines.append(
                f"{yours} is another one in the course now. Yours stays as it is, and the\n"
                f"    course's lies beside it: {new}."
            )
        if self.again:
            lines.append(f"Missing here, so a fresh copy was made: {', '.join(self.again)}.")
        if self.gone:
            lines.append(f"No longer part of the course; yours stays: {', '.join(self.gone)}.")
        return "\n".join(lines)


def update(root: Path, folder: Path) -> Update:
    """Bring the copy in `folder` up to the course in `root`, and leave what is the learner's.

    Raises:
        StartError: A file of the course is not readable, or one of the copy is not writable.
    """
    course = dict(_course_files(root))  # all of it is read before anything is written
    (folder / OWN).mkdir(parents=True, exist_ok=True)
    with setup_lock(folder / OWN / "lock"):
        return _Copy(folder).update(course)


class _Copy:
    """The files of one copy, and the record of what the course has put there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder / OWN / "taken.json"
        try:
            self.taken: dict[str, str] = dict(json.loads(self.record.read_text(encoding="utf-8")))
        except FileNotFoundError:
            self.taken = {}
        except (ValueError, TypeError):
            # Without a record everything counts as the learner's: nothing of theirs can be lost.
            say(f"{self.record} is damaged; files that differ are taken for yours.")
            self.taken = {}

    def update(self, course: dict[str, bytes]) -> Update:
        done = Update(first=not self.taken)
        for name, content in course.items():
            known, now = self.taken.get(name), _digest(name, content)
            here = self._here(name)
            if here is None:
                (done.again if known else done.added).append(name)
                self._place(name, content)
            elif here != now and here == known:
                done.replaced.append(name)
                self._place(name, content)
            elif here != now and now != known:
                beside = self._free_name(name, known, now)
                done.beside.append((name, beside))
                self._place(beside, content)
            if known != now:
                self.taken[name] = now
                self._write(self.record, json.dumps(self.taken, indent=1).encode())
        done.gone = [name for name in self.taken if name not in course]
        for name in done.gone:
            del self.taken[name]
        if done.gone:
            self._write(self.record, json.dumps(self.taken, indent=1).encode())
        done.gone = [name for name in done.gone if self._here(name)]
        return done

    def _here(self, name: str) -> str | None:
        """The digest of a file, "" for something that is no file, None where there is nothing."""
        path = self.folder / name
        if path.is_file():
            return _digest(name, path.read_bytes())
        return "" if path.exists() else None

    def _free_name(self, name: str, known: str | None, now: str) -> str:
        """`name (new)`, or with a number where the learner has worked in that one already."""
        path = Path(name)
        for count in range(1, 100):
            mark = "new" if count == 1 else f"new {count}"
            beside = path.with_name(f"{path.stem} ({mark}){path.suffix}").as_posix()
            if self._here(beside) in (None, known, now):
                return beside
        raise StartError(f"{self.folder / name} has a hundred newer versions beside it.")

    def _place(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(path, content)

    def _write(self, path: Path, content: bytes) -> None:
        partial = self.folder / OWN / "partial"
        try:
            partial.write_bytes(content)
            os.replace(partial, path)
        except OSError as error:
            raise StartError(
                f"{path} could not be written ({error}).\n"
                "Close it wherever it is open, and run the same command again."
            ) from error


def _course_files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of a fresh copy, notebooks without outputs."""
    yield "README.md", README.read_bytes()
    for folder in COPIED:
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            left = any(part.startswith(".") or part == "__pycache__" for part in parts)
            if left or path.suffix == ".partial" or not path.is_file():
                continue
            content = path.read_bytes()
            if path.suffix == ".ipynb":
                content = without_outputs(content, path)
            yield "/".join(parts), content


def without_outputs(content: bytes, path: Path) -> bytes:
    """The notebook, its code cells as they are before their first run.

    Raises:
        StartError: `content`, read from `path`, is no notebook.
    """
    try:
        notebook: dict[str, Any] = json.loads(content)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
    except (ValueError, KeyError, TypeError) as error:
        raise StartError(
            f"{path} is not a notebook ({type(error).__name__}: {error}).\n"
            "Restore it (git restore), or download the course again."
        ) from error
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _digest(name: str, content: bytes) -> str:
    """A digest of what a reader can have changed in a file.

    In a notebook these are its cells and outputs: Jupyter writes the rest anew when it saves one
    that was only opened.
    """
    if name.endswith(".ipynb"):
        try:
            cells = [
                [
                    cell["cell_type"],
                    "".join(cell["source"]),
                    cell.get("outputs", []),
                    cell.get("attachments"),
                    cell["metadata"].get("nbgrader"),
                ]
                for cell in json.loads(content)["cells"]
            ]
            content = json.dumps(cells).encode()
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # no notebook, whatever its name says: its bytes count
    return hashlib.sha256(content).hexdigest()


def main(arguments: list[str]) -> int:
    """Make or update the copy where the course was installed without start.py (conda)."""
    try:
        folder = choose_folder(ROOT, arguments[0] if arguments else None)
        say(update(ROOT, folder).told(folder))
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
