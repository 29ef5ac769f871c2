"""The instructor's command ``course``, as ``python -m course_utils.grading``.

The command itself is in the folder instructor/, with all that students must not see; a copy of the
course that was handed out has neither, and says so.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ABSENT = (
    "Grading needs the folder instructor/, and this copy of the course has none: it is a copy for "
    "students. Use the instructor's copy."
)


def main(arguments: Sequence[str]) -> int:
    """Do what `course` does with these arguments; the exit code, 2 in a copy for students."""
    if not (ROOT / "instructor" / "course").is_dir():
        print(ABSENT, file=sys.stderr)
        return 2
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    if importlib.util.find_spec("nbgrader") is None:
        print(
            "Grading needs nbgrader, which is not installed; python3 start.py setup instructor "
            "brings it.",
            file=sys.stderr,
        )
        return 2
    return importlib.import_module("instructor.course.__main__").main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
