"""Tracebacks in a notebook that show the learner's own lines and leave out the course's.

An error in a penalty that a learner wrote passes through thirty functions of the course on its way
to the cell. Shown are the cell, the learner's function and the sentence; `%tb` shows all.
"""

import linecache
import sys
import sysconfig
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from types import TracebackType
from typing import Any

COURSE = str(Path(__file__).resolve().parent)
# Where Python and installed packages are: no line there is the learner's either.
LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
MORE = "The error came up within the course's own lines, which are left out here; %tb shows them."


def install() -> None:
    """Shorten the tracebacks of this notebook from now on; nothing happens outside IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and not shell.custom_exceptions:
        shell.set_custom_exc((BaseException,), show)


def show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    tb: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    """Show an error as IPython does, with the learner's lines alone. IPython calls it."""
    if not passes_through_course(tb):
        shell.showtraceback((kind, error, tb), tb_offset=tb_offset)
        return
    if isinstance(error, KeyboardInterrupt):
        # Which line happened to run does not matter. And until this is shown, the cell has not
        # ended: Jupyter drops what is run meanwhile, so it must not take long.
        shell.showtraceback((kind, error, None))
        sys.last_traceback = tb
        return
    if not explained(tb) and MORE not in getattr(error, "__notes__", ()):
        error.add_note(MORE)
    whole = [
        (one, one.__traceback__, one.__cause__, one.__suppress_context__) for one in chain(error)
    ]
    try:
        for one, its, _, _ in whole:
            one.__traceback__ = shortened(its)
            behind = one.__cause__ or one.__context__
            if behind is not None and shortened(behind.__traceback__) is None:
                one.__cause__, one.__suppress_context__ = None, True
        shell.showtraceback((kind, error, shortened(tb)), tb_offset=0)
    finally:
        for one, its, cause, suppress in whole:
            one.__traceback__, one.__cause__ = its, cause
            one.__suppress_context__ = suppress  # setting a cause has changed it
    sys.last_traceback = tb  # for %tb


def shortened(tb: TracebackType | None) -> TracebackType | None:
    """The same traceback with the learner's frames alone; None if there is none of them."""
    rest: TracebackType | None = None
    for one in reversed(list(frames(tb))):
        if is_learners(one):
            rest = TracebackType(rest, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return rest


def frames(tb: TracebackType | None) -> Iterator[TracebackType]:
    """The entries of a traceback, outermost first."""
    while tb is not None:
        yield tb
        tb = tb.tb_next


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def is_learners(entry: TracebackType) -> bool:
    """Whether an entry's line is in no file of the course, of Python or of an installed package."""
    name = entry.tb_frame.f_code.co_filename
    return not name.startswith(("<frozen", COURSE, *LIBRARIES))


def is_courses(entry: TracebackType) -> bool:
    """Whether an entry's line is in a file of the course."""
    return entry.tb_frame.f_code.co_filename.startswith(COURSE)


def passes_through_course(tb: TracebackType | None) -> bool:
    """Whether any line of the course is in a traceback."""
    return any(is_courses(one) for one in frames(tb))


def explained(tb: TracebackType | None) -> bool:
    """Whether a learner can see why: a function of theirs failed, or the course says what is wrong.

    Otherwise it may be a mistake in the course, and whoever looks for it needs the whole traceback.
    """
    *_, last = inside = list(dropwhile(lambda one: not is_courses(one), frames(tb)))
    if any(is_learners(one) for one in inside):
        return True
    line = linecache.getline(last.tb_frame.f_code.co_filename, last.tb_lineno)
    return line.lstrip().startswith("raise")
