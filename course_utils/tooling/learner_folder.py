"""Which folder holds the learner's own copy of the course."""

from pathlib import Path

from course_utils.tooling.environment import StartError
from course_utils.tooling.pip import say

NAME = "my_course"
COPIED = ("notebooks", "exercises")  # the folders of the course that a copy holds
REMEMBERED = ".my_course_folder"  # in the course's folder: where --folder has put the copy
OWN = ".course"  # in the copy: what the course needs there for itself


def choose_folder(root: Path, given: str | None) -> Path:
    """Where the copy is: as `given` now, as given before, or `my_course` in the course's folder.

    Where the course's folder cannot be written, it is `my_course` in the home folder.

    Raises:
        StartError: `given` cannot be written, or is a part of the course itself.
    """
    remembered = root / REMEMBERED
    if given is None and remembered.is_file():
        given = remembered.read_text(encoding="utf-8").strip()
    if not given:
        for folder in (root / NAME, Path.home() / NAME):
            if _can_write(folder):
                return folder
        raise StartError(
            f"Neither {root} nor {Path.home()} can be written.\n"
            "Name a folder for your copy of the course with --folder."
        )
    folder = Path(given).expanduser().resolve()
    parts = [root / name for name in (*COPIED, "course_utils", "solutions", ".venv")]
    if root.is_relative_to(folder) or any(folder.is_relative_to(part) for part in parts):
        raise StartError(
            f"--folder must name a folder of your own, and {folder} belongs to the course.\n"
            f"Take another one, such as {root / NAME}."
        )
    if not _can_write(folder):
        raise StartError(
            f"The folder {folder} cannot be written. Name another one with --folder, such as\n"
            f"{Path.home() / NAME}."
        )
    try:
        remembered.write_text(f"{folder}\n", encoding="utf-8")
    except OSError:
        say("The course's folder cannot be written: give --folder at the next start too.")
    return folder


def _can_write(folder: Path) -> bool:
    try:
        (folder / OWN).mkdir(parents=True, exist_ok=True)
        (folder / OWN / "lock").open("ab").close()
    except OSError:
        return False
    return True
