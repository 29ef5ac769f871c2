"""How an exercise looks at one answer: reporting to a learner, raising for the autograder."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from course_utils.checks.report import Check, CheckFailed, checking


def grading() -> bool:
    """Whether nbgrader runs the notebook, for which an answer that is not right must raise."""
    return bool(os.environ.get("NBGRADER_EXECUTION"))


@contextmanager
def attempt(
    task: str, answer: Callable[..., Any], *, by_hand: Iterable[Callable[..., Any]] = ()
) -> Iterator[Check]:
    """Check the learner's `answer` to `task` in the body, and report what comes of it.

    Prints one line when everything holds, the explanation of a `CheckFailed`, the place of an error
    in the answer's own lines, or "not attempted yet" for a `NotImplementedError`.

    Args:
        by_hand: Library functions that do the task's work; an answer that calls one is not right.

    Raises:
        CheckFailed: Under nbgrader only, with the same explanation; the cell then has no marks.
    """
    try:
        with checking(task) as check, _watching(answer, by_hand) as used:
            yield check
        if used:
            check.that(
                False,
                "written by hand",
                on="the calls that your code makes",
                expected="an answer of your own lines",
                got=f"a call of {', '.join(sorted(used))}",
                hint="the library's version does the whole task; here you write what it does",
            )
    except NotImplementedError:
        _report(f"○ {task}: not attempted yet")
    except CheckFailed as failed:
        _report(f"✗ {failed}")
    except Exception as error:
        _report(f"✗ {task}: {_what_happened(error, answer)}", error)
    else:
        print(repr(check.passed()))


def _report(text: str, error: Exception | None = None) -> None:
    if grading():
        raise CheckFailed(text) from error
    print(text)


def _what_happened(error: Exception, answer: Callable[..., Any]) -> str:
    """An error in the learner's terms: where in their lines, and what Python said."""
    files = {code.co_filename for code in _codes(answer)}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    where = f"line {frames[-1].lineno}, `{frames[-1].line}`" if frames else "calling it"
    return (
        f"your code raised an error\n"
        f"  in:       {where}\n"
        f"  got:      {type(error).__name__}: {error}\n"
        f"  hint:     run that line alone in a cell of your own, and look at the shapes and types"
    )


@contextmanager
def _watching(
    answer: Callable[..., Any], forbidden: Iterable[Callable[..., Any]]
) -> Iterator[set[str]]:
    """Collect the names of `forbidden` functions that are called from the answer's own lines."""
    used: set[str] = set()
    names = {f: f.__qualname__ for f in forbidden}
    if not names:
        yield used
        return
    if _unwrapped(answer) in names:
        used.add(names[_unwrapped(answer)])
    by_code = {code: name for f, name in names.items() for code in _codes(f)}
    files = {code.co_filename for code in _codes(answer)}

    def look(frame: FrameType, event: str, called: Any) -> None:
        name = by_code.get(frame.f_code) if event == "call" else None
        if event == "c_call":
            name = next((names[f] for f in names if f == called), None)
        if name and _called_from(files, frame):
            used.add(name)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield used
    finally:
        sys.setprofile(before)


def _called_from(files: set[str], frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename in files:
            return True
        frame = frame.f_back
    return False


def _unwrapped(answer: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(answer, functools.partial):
        answer = answer.func
    return answer


def _codes(answer: Callable[..., Any]) -> list[CodeType]:
    """Compiled lines of a function, or of all methods of a class or of an object."""
    answer = _unwrapped(answer)
    if hasattr(answer, "__code__"):
        return [answer.__code__]
    owner = answer if isinstance(answer, type) else type(answer)
    return [method.__code__ for method in vars(owner).values() if hasattr(method, "__code__")]
