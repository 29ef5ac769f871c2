"""Run the check of one task, and report its result: printed for a learner, raised under nbgrader.

Errors in the answer are reported in the learner's own lines, and calls of library functions that
do the task's work are recorded with a profile function.
"""

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

NOT_ATTEMPTED = "not attempted yet"  # what the stub of an exercise raises
MOST_SHOWN = 12  # a tensor with more numbers than this is shown by its shape


def grading() -> bool:
    """Whether nbgrader runs the notebook; a wrong answer must then raise."""
    return bool(os.environ.get("NBGRADER_EXECUTION"))


@contextmanager
def attempt(
    task: str, answer: Callable[..., Any], *, by_hand: Iterable[Callable[..., Any]] = ()
) -> Iterator[Check]:
    """Report the result of the checks in the `with` body, which call the learner's `answer`.

    Prints one line if all of them pass; else the explanation of a `CheckFailed`, the place of an
    error in the answer's own lines, or "not attempted yet" for the stub's `NotImplementedError`.

    Args:
        task: The name that the report begins with.
        answer: The learner's function or class.
        by_hand: Library functions that do the task's work; an answer that calls one of them fails.

    Raises:
        CheckFailed: Under nbgrader only, with the same explanation; the cell then has no marks.
    """
    try:
        with checking(task) as check, _recorded_calls(answer, by_hand) as used:
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
    except CheckFailed as failed:
        what = str(failed).partition(": ")[2]  # without the name of a lesson's check
        _report(f"✗ {task}: {what}", failed.mistake)
    except Exception as error:
        # PyTorch raises this error too, where an operator or a module's forward is missing.
        if isinstance(error, NotImplementedError) and str(error) in ("", NOT_ATTEMPTED):
            _report(f"○ {task}: {NOT_ATTEMPTED}")
            return
        known = Common.of_error(error)
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
    """Describe an error in the learner's terms: the input, the line of the answer, the message."""
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
    """The present values of a function's parameters, which it may have reassigned."""
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
def _recorded_calls(
    answer: Callable[..., Any], forbidden: Iterable[Callable[..., Any]]
) -> Iterator[set[str]]:
    """Collect the names of `forbidden` functions that the answer's own lines call."""
    used: set[str] = set()
    names = {f: f.__qualname__ for f in forbidden}
    if not names:
        yield used
        return
    if _unwrapped(answer) in names:
        used.add(names[_unwrapped(answer)])
    by_code = {code: name for f, name in names.items() for code in _codes(f)}
    code_names = {code.co_name for code in by_code}  # comparing names first is faster
    files = {code.co_filename for code in _codes(answer)}
    check_frame = _frame_of_check(sys._getframe())

    def profile(frame: FrameType, event: str, called: Any) -> None:
        name = None
        if event == "c_call":
            name = names.get(called)
        elif event == "call" and frame.f_code.co_name in code_names:
            name = by_code.get(frame.f_code)
        if name and _called_from(files, frame, check_frame):
            used.add(name)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield used
    finally:
        sys.setprofile(before)


def _frame_of_check(frame: FrameType | None) -> FrameType | None:
    """The frame of the check, in whose `with` body the answer is called: the first one outside."""
    while frame is not None and frame.f_code.co_filename in (__file__, contextlib.__file__):
        frame = frame.f_back
    return frame


def _called_from(files: set[str], frame: FrameType | None, check_frame: FrameType | None) -> bool:
    """Whether a function defined in `files` is among the callers of `frame`, inside the check.

    Frames outside the check do not count, because the learner's lines call the check itself. Nor do
    calls that the check makes on its own, to compare with the library.
    """
    while frame is not None and frame is not check_frame:
        if frame.f_code.co_filename in files and frame.f_code.co_name != "<module>":
            return True
        frame = frame.f_back
    return False


def _unwrapped(answer: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(answer, functools.partial):
        answer = answer.func
    return answer


def _codes(answer: Callable[..., Any]) -> list[CodeType]:
    """The code objects of a function, or of all methods of a class or of an object's class."""
    answer = _unwrapped(answer)
    if hasattr(answer, "__code__"):
        return [answer.__code__]
    owner = answer if isinstance(answer, type) else type(answer)
    return [method.__code__ for method in vars(owner).values() if hasattr(method, "__code__")]
