"""Try one answer against one task: ``course try 03 choose_p answer.py``.

The file has the answer's function or class under the task's own name, as in the notebook; the
exercise's imports are already made. The command prints what a student would read, and as its last
line JSON: `exercise`, `task`, `marks`, `of`, `seconds`, `messages` (what a student reads, a text
for each failed check), `mistakes` (their ids, or "unnamed") and `failures`, a list of `check`,
`mistake` and `text`. The exit code is 0 for full marks, 1 for fewer, 2 for an error.

The answer is judged as a student's is, from outside: it runs in a process of its own, in a sandbox
if there is bubblewrap, and only data comes back. Without a sandbox the command warns. With
--in-process the answer runs in this process, as in a notebook, so that a debugger can be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from instructor.content import named, read


def tried(exercise: str, task: str, source: str, *, in_process: bool = False) -> dict[str, Any]:
    """Run the checks of `task` on the text of an answer; see the module for the result's keys.

    Args:
        exercise: The number of the exercise or its name: "03", "3" or "03_dropout".
        in_process: Whether the answer runs in this process.

    Raises:
        KeyError: There is no such exercise or task; the message names those there are.
    """
    import torch

    from instructor.course.judging.judge import Judge
    from instructor.trial import Trial

    torch.set_num_threads(1)  # as for a class; two that wait for each other count as work
    content = read(named(exercise))
    asked = content.task(task)
    if in_process:
        result = Trial(content).of_source(asked, source)
    else:
        with Judge(content) as judge:
            result = judge.marks(asked, [(task, source)])
    return {
        "exercise": content.name,
        "task": task,
        "marks": result.marks,
        "of": result.of,
        "seconds": round(result.seconds, 3),
        "messages": [failure.text for failure in result.failures],
        "mistakes": [failure.mistake for failure in result.failures],
        "failures": [asdict(failure) for failure in result.failures],
    }


def main(argv: Sequence[str], prog: str = "course try") -> int:
    """Try one answer; the exit code."""
    parser = argparse.ArgumentParser(prog, description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("exercise", help="its number, for example 03")
    parser.add_argument("task", help="its name, for example choose_p")
    parser.add_argument("answer", type=Path, help="a Python file")
    parser.add_argument("--in-process", action="store_true", help="run it in this process")
    given = parser.parse_args(argv)
    try:
        source = given.answer.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"cannot read {given.answer}: {error}")
    from instructor.course.judging.sandbox import UNPROTECTED, Unfit, bubblewrap

    if not given.in_process and bubblewrap() is None:
        print(UNPROTECTED, file=sys.stderr)
    try:
        told = tried(given.exercise, given.task, source, in_process=given.in_process)
    except KeyError as error:
        parser.error(str(error.args[0]))
    except Unfit as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    for text in dict.fromkeys(told["messages"]):
        print(text)
    print(f"{told['marks']:g} of {told['of']:g} marks")
    print(json.dumps(told), flush=True)
    return 0 if told["marks"] == told["of"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
