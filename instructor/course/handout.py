"""Make the copy of the course for students: ``course handout FOLDER``.

The copy has the lessons, the exercises without their solutions, the package behind them and a
README for students that explains what to hand in. It works alone: `python3 start.py` in it opens
lesson 1, and `python3 start.py test` checks the copy.

It is put together from a list of what students get, without git's history, and is searched before
it appears, so that it contains no hidden checks, model answers, known answers or guides. The
exercises are generated from their tasks, not copied from exercises/. FOLDER must be new or empty.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from instructor.content import ROOT
from instructor.course.hidden import leaks

FOLDERS = ("course_utils", "notebooks")
FILES = (
    *("start.py", "pyproject.toml", "environment.yml", "LICENSE", "CITATION.cff"),
    *(".gitignore", ".gitattributes"),
)
LEFT_BY_TOOLS = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "*.partial")
ONLY, ALL = "<!-- only for instructors -->", "<!-- for all -->"  # around a part of README.md
HANDING_IN = """\
## What you hand in

The notebook of each exercise, `exercises/NN_name/NN_name.ipynb`, as one file, under its own name.
Nothing else is needed: no data, no package, no zip of the course.

- Write in the cells that ask for an answer, and keep the names of the functions. You may add cells
  to try things out.
- Leave the other cells where they are. The cells that check an answer are replaced by new ones for
  grading, and further checks run then.
- Each task is marked alone. A task that you do not attempt costs its own marks and no others.
- Before you hand in: **Run > Restart Kernel and Run All Cells**, then save. Code that works only
  because of a cell that you have deleted will not work when it is graded.
- Hand in the file that Jupyter has saved. A notebook saved by another editor may lose the
  information that connects its cells with their tasks.

"""


def handout(folder: Path, root: Path = ROOT) -> int:
    """Make the copy in `folder`, and return its number of files.

    Raises:
        ValueError: `folder` is not empty, or is inside a folder that is copied; or something hidden
            would have been handed out. Nothing was written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is not empty; name a new folder, or empty this one")
    inside = [name for name in FOLDERS if folder.resolve().is_relative_to(root / name)]
    if inside:
        raise ValueError(f"{folder} lies in {inside[0]}/, which is copied; name a folder elsewhere")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".handout-") as scratch:
        made = Path(scratch) / "course"
        _fill(made, root)
        found = leaks(made)
        if found:
            raise ValueError("\n".join(["something hidden would be handed out:", *found]))
        if folder.exists():
            folder.rmdir()
        count = sum(path.is_file() for path in made.rglob("*"))
        made.rename(folder)
    return count


def _fill(made: Path, root: Path) -> None:
    from instructor.generate import made as generated  # needs nbgrader, of which --help has no need

    for name in FOLDERS:
        shutil.copytree(root / name, made / name, ignore=LEFT_BY_TOOLS)
    for name in FILES:
        shutil.copy(root / name, made / name)
    for name, text in generated().items():
        if name.startswith("exercises/"):
            _write(made / name, text)
    _write(made / "README.md", readme((root / "README.md").read_text(encoding="utf-8")))
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    _write(made / "pyproject.toml", without_command(project))


def readme(text: str) -> str:
    """The students' README: the course's, up to its chapter for instructors and without passages
    marked as only for them, then what to hand in, and the license.

    Raises:
        ValueError: README.md has no chapter of the expected name.
    """
    text = re.sub(f"{ONLY}.*?{ALL}\\n+", "", text, flags=re.DOTALL)
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    heads = [part.partition("\n")[0] for part in parts]
    for head in ("## For instructors", "## License"):
        if head not in heads:
            raise ValueError(f"README.md has no chapter {head!r}; the students' README needs it")
    first, *rest = parts[: heads.index("## For instructors")]
    return "".join([first, HANDING_IN, *rest, parts[heads.index("## License")]])


def without_command(project: str) -> str:
    """pyproject.toml without the console command, whose code students do not have."""
    found, count = re.subn(r"^\[project\.scripts\]\n(?:[^\[\n].*\n)*\n", "", project, flags=re.M)
    if count != 1:
        raise ValueError("pyproject.toml has no table [project.scripts] to leave out")
    return found


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def main(argv: Sequence[str], prog: str = "course handout") -> int:
    """Make the copy; the exit code."""
    parser = argparse.ArgumentParser(prog, description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, help="where to; a new or an empty folder")
    folder = parser.parse_args(argv).folder
    try:
        count = handout(folder)
    except (OSError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 1
    print(f"{folder}: {count} files, nothing hidden among them. Hand out this folder as it is.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
