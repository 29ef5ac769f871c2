"""Find the submissions of a class: the notebooks, with their student and their exercise."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from instructor.content import exercise_names
from instructor.course.reading import MOST_BYTES, Unreadable
from instructor.course.records import student_id

SUFFIXES = (".ipynb", ".py")


@dataclass(frozen=True)
class Found:
    """A notebook as it was handed in, or a folder that should contain one."""

    student: str
    exercise: str
    path: Path

    def data(self) -> tuple[bytes, list[str]]:
        """The bytes of the notebook, and what was repaired to find it.

        Raises:
            Unreadable: There is no notebook, or none that may be read.
        """
        path, notes = self.path, []
        if path.is_dir():
            path = self._in(path)
            if path.name != f"{self.exercise}.ipynb":
                notes.append(f"the file is called {path.name}; read as {self.exercise}.ipynb")
        # A link could lead to any file that the instructor can read, and a pipe never ends.
        if path.is_symlink() or not stat.S_ISREG(path.lstat().st_mode):
            raise Unreadable(
                "it is a link to another file, or no file; hand in the notebook itself"
            )
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1), notes

    def _in(self, folder: Path) -> Path:
        """The notebook in an exercise's folder: the one of the right name, or the only one."""
        exact = folder / f"{self.exercise}.ipynb"
        if exact.exists() or exact.is_symlink():
            return exact
        there = [p for p in sorted(folder.rglob("*")) if not hidden(p.relative_to(folder))]
        for suffix in SUFFIXES:
            some = [path for path in there if path.suffix.lower() == suffix and not path.is_dir()]
            if len(some) == 1:
                return some[0]
            if some:
                raise Unreadable(
                    f"{len(some)} notebooks and none is called {exact.name}; hand in one of them "
                    "under that name"
                )
        raise Unreadable(f"there is no notebook among what was handed in; hand in {exact.name}")


def submitted(
    folder: Path, students: Sequence[str] = (), exercises: Sequence[str] = ()
) -> tuple[list[Found], list[str]]:
    """The submissions in a class's folder `submitted/STUDENT/EXERCISE/`, and messages about others.

    Raises:
        ValueError: There is no such folder, or none of these students is in it.
    """
    home = folder / "submitted"
    if not home.is_dir():
        raise ValueError(
            f"there is no folder {home}; put what was handed in there, as "
            "submitted/STUDENT/EXERCISE/EXERCISE.ipynb, or name a plain folder with --notebooks"
        )
    found: list[Found] = []
    odd: list[str] = []
    for place in _folders(home, odd):
        try:
            student = student_id(place.name)
        except ValueError as error:
            odd.append(str(error))
            continue
        if students and student not in students:
            continue
        for inner in _folders(place, odd):
            if inner.name not in exercise_names():
                odd.append(f"{inner}: no exercise is called {inner.name}; rename the folder")
            elif not exercises or inner.name in exercises:
                found.append(Found(student, inner.name, inner))
    missing = sorted(set(students) - {one.student for one in found})
    if missing:
        raise ValueError(f"there is nothing of {', '.join(missing)} in {home}")
    return sorted(found, key=lambda one: (one.exercise, one.student)), odd


def loose(
    folder: Path, exercise: str, students: Sequence[str] = ()
) -> tuple[list[Found], list[str]]:
    """Notebooks in a plain folder, one per student and named after the student.

    Raises:
        ValueError: There is no notebook.
    """
    paths = [p for p in sorted(folder.rglob("*")) if not hidden(p.relative_to(folder))]
    found: list[Found] = []
    odd: list[str] = []
    for path in (p for p in paths if p.suffix.lower() in SUFFIXES and not p.is_dir()):
        name = "-".join(path.relative_to(folder).with_suffix("").parts)
        try:
            found.append(Found(student_id(name), exercise, path))
        except ValueError as error:
            odd.append(str(error))
    counts = Counter(one.student for one in found)
    twice = [name for name, count in counts.items() if count > 1]
    odd += [f"{name}: there is more than one file of that name; rename them" for name in twice]
    found = [one for one in found if one.student not in twice]
    if students:
        found = [one for one in found if one.student in students]
    if not found:
        raise ValueError(f"there is no notebook in {folder}; name the folder that holds them")
    return found, odd


def _folders(home: Path, odd: list[str]) -> Iterator[Path]:
    for path in sorted(home.iterdir()):
        if path.name.startswith((".", "__")):
            continue
        if path.is_symlink() or not path.is_dir():
            odd.append(f"{path}: is no folder; what was handed in lies in one")
        else:
            yield path


def hidden(path: Path) -> bool:
    """Whether a file is in a folder that Jupyter or another program uses for itself."""
    return any(part.startswith((".", "__")) for part in path.parts)
