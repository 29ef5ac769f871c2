"""Try one answer against one task: ``course try 03 choose_p answer.py``.

The file holds the answer's function or class under the task's own name, as it would stand in the
notebook; the exercise's imports are there already. Prints what a student would read, and as its
last line JSON: `exercise`, `task`, `marks`, `of`, `seconds` and `failures`, a list of `check`,
`mistake` (an id, or "unnamed") and `text`. The exit code is 0 for full marks, 1 for fewer.

The answer runs in this process, with all its rights: for answers of your own. With --apart it is
judged as a student's is, from outside: it runs in a process of its own, in a sandbox where
bubblewrap is installed, and only data comes back. Where there is no sandbox, that is said.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from instructor.content import exercise_names, read
from instructor.course.judging.judge import Judge
from instructor.course.judging.sandbox import UNPROTECTED, bubblewrap
from instructor.trial import Trial


def tried(exercise: str, task: str, source: str, *, apart: bool = False) -> dict[str, Any]:
    """What the checks of `task` say of the text of an answer; see the module for the keys.

    Args:
        exercise: The number of the exercise or its name, "03" or "03_dropout".
        apart: Whether the answer runs in a process of its own, and the mark is decided here.

    Raises:
        KeyError: There is no such exercise or task; the message names those there are.
    """
    names = [
        name for name in exercise_names() if exercise in (name, name[:2], name[:2].lstrip("0"))
    ]
    if not names:
        raise KeyError(
            f"there is no exercise {exercise!r}; there are {', '.join(exercise_names())}"
        )
    content = read(names[0])
    asked = content.task(task)
    if apart:
        with Judge(content) as judge:
            result = judge.marks(asked, [(task, source)])
    else:
        result = Trial(content).of_source(asked, source)
    return {
        "exercise": names[0],
        "task": task,
        "marks": result.marks,
        "of": result.of,
        "seconds": round(result.seconds, 3),
        "failures": [asdict(failure) for failure in result.failures],
    }


def main(argv: Sequence[str], prog: str = "python -m instructor.try") -> int:
    """Try one answer; the exit code."""
    parser = argparse.ArgumentParser(prog, description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("exercise", help="its number, for example 03")
    parser.add_argument("task", help="its name, for example choose_p")
    parser.add_argument("answer", type=Path, help="a Python file")
    parser.add_argument("--apart", action="store_true", help="run it in a process of its own")
    given = parser.parse_args(argv)
    if given.apart and bubblewrap() is None:
        print(UNPROTECTED, file=sys.stderr)
    try:
        source = given.answer.read_text(encoding="utf-8-sig")
        told = tried(given.exercise, given.task, source, apart=given.apart)
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"cannot read {given.answer}: {error}")
    except KeyError as error:
        parser.error(str(error.args[0]))
    for failure in told["failures"]:
        print(failure["text"])
    print(f"{told['marks']:g} of {told['of']:g} marks")
    print(json.dumps(told), flush=True)
    return 0 if told["marks"] == told["of"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
