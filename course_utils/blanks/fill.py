"""Which lines a lesson goes on with: the learner's where they hold, else the course's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from html import escape
from types import CodeType
from typing import Any, TypeVar

from IPython import get_ipython
from IPython.display import display

from course_utils.blanks import solutions
from course_utils.checks.mistakes import Common
from course_utils.checks.report import CheckFailed, Passed
from course_utils.exercises.attempt import what_happened

Answer = TypeVar("Answer", bound=Callable[..., Any])


class Blank:
    """What stands where lines are still to be written; it can do nothing."""

    def __repr__(self) -> str:
        return "____ (a blank, to be filled)"


____ = Blank()


def yours_or_ours(answer: Answer, check: Callable[[Answer], Passed]) -> Answer:
    """The learner's function or class if it passes `check`, else the course's own of that name.

    Says in words which of the two it is, and why. With the course's own comes a line to click that
    shows its source.

    Raises:
        ValueError: The course has no lines of its own for this name.
    """
    name = answer.__name__
    ours: Answer | None = vars(solutions).get(name)
    if ours is None or getattr(ours, "__module__", "") != solutions.__name__:
        raise ValueError(
            f"there are no lines of the course for {name!r}; has the function been renamed?"
        )
    if answer is ours:
        print(f"○ {name}: this is the course's own. Run the cell with your lines, then this one.")
        return ours
    if any("____" in code.co_names for code in _codes(answer)):
        print(f"○ {name}: there are blanks (____) left. Until yours is complete, the course's own")
        print("  is used from here on.")
    else:
        try:
            print(check(answer))
            return answer
        except CheckFailed as failed:
            print(f"✗ {failed}")
        except Exception as error:
            print(f"✗ {name}: {what_happened(error, answer, Common.of_error(error))}")
        print("Until yours holds, the course's own is used from here on.")
    _offer(name, inspect.getsource(ours))
    return ours


def _codes(answer: Callable[..., Any]) -> Iterator[CodeType]:
    """The compiled lines of a function or of a class's methods, and of what is defined in them."""
    methods = vars(answer).values() if isinstance(answer, type) else [answer]
    waiting = [method.__code__ for method in methods if hasattr(method, "__code__")]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _offer(name: str, source: str) -> None:
    """A closed line that opens on a click, in the running cell; nothing outside a notebook."""
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return
    html = f"<details><summary>Show solution</summary><pre>{escape(source)}</pre></details>"
    plain = f"the course's own {name}, in course_utils/blanks/solutions.py"
    display({"text/html": html, "text/plain": plain}, raw=True)
