"""How an exercise looks at one answer: reporting to a learner, raising for the autograder."""

from __future__ import annotations

import contextlib
import functools
import linecache
import math
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np
from torch import Tensor, nn

from course_utils.checks.mistakes import Common
from course_utils.checks.report import Check, CheckFailed, checking, shown

MOST_SHOWN = 12  # numbers of an argument; of more, the shape says enough


def grading() -> bool:
    """Whether nbgrader runs the notebook, for which an answer that is not right must raise."""
    return bool(os.environ.get("NBGRADER_EXECUTION"))


@contextmanager
def attempt(
    task: str, answer: Callable[..., Any], *, by_hand: Iterable[Callable[..., Any]] = ()
) -> Iterator[Check]:
    """Check the learner's `answer` to `task` in the body, and report what comes of it.

    Prints one line when everything holds, which says that more is checked later; else the
    explanation of a `CheckFailed`, the place of an error in the answer's own lines, or "not
    attempted yet" for a `NotImplementedError`.

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
                hint=Common.LIBRARY_USED,
            )
    except NotImplementedError:
        _report(f"○ {task}: not attempted yet")
    except CheckFailed as failed:
        what = str(failed).partition(": ")[2]  # without the name of a lesson's check
        _report(f"✗ {task}: {what}", failed.mistake)
    except Exception as error:
        known = Common.UNKNOWN_NAME if isinstance(error, NameError) else Common.RAISED
        _report(f"✗ {task}: {what_happened(error, answer, known)}", known.id, error)
    else:
        print(_passed(task, len(check.passed().properties)))


def _passed(task: str, count: int) -> str:
    hold = "property holds" if count == 1 else "properties hold"
    return f"✓ {task}: {count} visible {hold}; more are checked when it is graded"


def _report(text: str, mistake: str = "", error: Exception | None = None) -> None:
    if grading():
        raise CheckFailed(text, mistake) from error
    print(text)


def what_happened(error: Exception, answer: Callable[..., Any], hint: str) -> str:
    """An error in the learner's terms: on which input, where in their lines, what Python said."""
    codes = _codes(answer)
    files = {code.co_filename for code in codes}
    frames = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename in files and frame.f_code.co_name != "<module>"
    ]
    on, where = "the first call", "calling it"
    if frames:
        on = next((_arguments(frame) for frame, _ in frames if frame.f_code in codes), on)
        last, line = frames[-1]
        source = linecache.getline(last.f_code.co_filename, line).strip()
        where = f"line {line}, `{source}`"
    return (
        f"your code raised an error\n"
        f"  on:       {on}\n"
        f"  in:       {where}\n"
        f"  got:      {type(error).__name__}: {error}\n"
        f"  hint:     {hint}"
    )


def _arguments(frame: FrameType) -> str:
    """What a function was called with, as far as its names still hold it."""
    code = frame.f_code
    names = [n for n in code.co_varnames[: code.co_argcount] if n != "self"]
    values = {name: frame.f_locals[name] for name in names if name in frame.f_locals}
    said = [f"{name} = {_short(value)}" for name, value in values.items()]
    owner = frame.f_locals.get("self")
    if code.co_name == "forward" and isinstance(owner, nn.Module):
        said.append(f"in {'training' if owner.training else 'evaluation'} mode")
    return ", ".join(said)


def _short(value: object) -> str:
    if isinstance(value, Tensor | np.ndarray) and math.prod(value.shape) > MOST_SHOWN:
        return f"numbers of shape {tuple(value.shape)}"
    if isinstance(value, Tensor | np.ndarray | int | float | str | list | tuple | dict):
        text = shown(value)
        return text if len(text) <= 60 else f"{text[:57]}..."
    return getattr(value, "__name__", type(value).__name__)


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
    called_so = {code.co_name for code in by_code}  # a name is compared sooner than a code
    files = {code.co_filename for code in _codes(answer)}
    asking = _outside(sys._getframe())

    def look(frame: FrameType, event: str, called: Any) -> None:
        name = None
        if event == "c_call":
            name = names.get(called)
        elif event == "call" and frame.f_code.co_name in called_so:
            name = by_code.get(frame.f_code)
        if name and _called_from(files, frame, asking):
            used.add(name)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield used
    finally:
        sys.setprofile(before)


def _outside(frame: FrameType | None) -> FrameType | None:
    """The frame of the check, in whose `with` block the answer is called."""
    while frame is not None and frame.f_code.co_filename in (__file__, contextlib.__file__):
        frame = frame.f_back
    return frame


def _called_from(files: set[str], frame: FrameType | None, asking: FrameType | None) -> bool:
    """Whether a function of `files` is on the way from the check, `asking`, to a call. The check
    may itself be called by the learner's lines, and it may call the library to compare."""
    while frame is not None and frame is not asking:
        if frame.f_code.co_filename in files and frame.f_code.co_name != "<module>":
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
