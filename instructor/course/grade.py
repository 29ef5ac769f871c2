"""Grade a class: ``course grade``, or ``course grade FOLDER``.

FOLDER is the class's folder, `grading` unless another is named. It holds what was handed in, as
submitted/STUDENT/EXERCISE/EXERCISE.ipynb (`course collect` puts it there). Beside that it gets:

  gradebook.db     nbgrader's gradebook: marks and comments; --db URL for another database
  grades/          a record of each submission in JSON, from which feedback and report are made
  autograded/      what formgrader shows for marking prose: start JupyterLab in FOLDER
  journal.jsonl    what has been done; the same command continues after it

To grade a plain folder of notebooks, one per student and named after the student:

  course grade --notebooks DOWNLOADS --exercise 03

Each mark is decided outside the student's process (see instructor/README.md). Only submissions that
have changed since are graded anew; after a change of the checks or the course, all are. Marks that
a person gave are kept. The students' files are not changed. Stop with Ctrl-C.

With --scheduler ADDRESS a Dask cluster marks (`python3 start.py setup instructor cluster` installs
Dask); each of its workers needs a copy of this course, but not the class's folder.

Without bubblewrap the command explains what is not protected, and requires --unprotected. The last
line is JSON, with counts. The exit code is 0; 1 if something could not be read; 2 for an error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

from instructor.content import ROOT, named
from instructor.course import finding, late, records
from instructor.course.arguments import counted as number_of
from instructor.course.judging.sandbox import UNPROTECTED, bubblewrap
from instructor.course.workers import processes

if TYPE_CHECKING:
    from instructor.course.running import Run

AGAIN = "Nothing that was done is lost; the same command continues from there"


def main(argv: Sequence[str], prog: str = "course grade") -> int:
    """Grade a class; the exit code."""
    parser = _parser(prog)
    given = parser.parse_args(argv)
    given.folder = given.folder or given.named or ROOT / "grading"
    from instructor.course.running import grade  # needs nbgrader and PyTorch, and --help does not

    # On a cluster each worker looks for its own sandbox.
    protected = not given.no_sandbox and (bool(given.scheduler) or bubblewrap() is not None)
    if not protected and not (given.unprotected or given.no_sandbox):
        print(UNPROTECTED, "To grade all the same: --unprotected", sep=".\n", file=sys.stderr)
        return 2
    try:
        exercises = [named(text) for text in given.exercise]
        if given.notebooks is None:
            found, odd = finding.submitted(given.folder, given.student, exercises)
        elif len(exercises) == 1:
            found, odd = finding.loose(given.notebooks, exercises[0], given.student)
        else:
            parser.error("--notebooks needs one --exercise: which one are they?")
        extensions = late.unknown_extensions(given.folder, late.Terms.read(given.folder))
        make, workers = _workers(given)
        run = grade(
            given.folder,
            found,
            protected=protected,
            workers=workers,
            url=given.db or "",
            seed=given.seed,
            make=make,
        )
    except KeyboardInterrupt:
        print(f"{AGAIN}.", file=sys.stderr)
        raise
    except KeyError as error:
        parser.error(str(error.args[0]))
    except ValueError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    except (OSError, RuntimeError) as error:
        print(f"{prog}: {error}. {AGAIN}", file=sys.stderr)
        return 2
    return _tell(run, odd, given.folder, extensions)


def _workers(given: argparse.Namespace) -> tuple[Callable[[int], Executor], int]:
    """The function that makes the workers, and their number."""
    if not given.scheduler:
        return processes, given.workers
    from instructor.course.scheduler import Cluster

    cluster = Cluster(given.scheduler)
    return lambda _: cluster, cluster.threads


def _tell(run: Run, odd: Sequence[str], folder: Path, extensions: Sequence[str]) -> int:
    for line in (*odd, *run.unread, *extensions):
        print(f"to look at: {records.plain(line)}")
    total = run.states.total()
    counted = ", ".join(f"{s}: {run.states[s]}" for s in records.STATES if run.states[s])
    print(f"{number_of(total, 'submission')}, {run.fresh} of them graded now. {counted}".rstrip())
    if run.states[records.WAITS]:
        print(f"To mark prose: start JupyterLab in {folder}, and choose Formgrader in its menu.")
    states = {state.replace(" ", "_"): run.states[state] for state in records.STATES}
    told = {"submissions": total, "graded_now": run.fresh, "seed": run.seed, "odd": len(odd)}
    print(json.dumps({**told, **states}), flush=True)
    return 1 if run.states[records.NOT_READ] or odd else 0


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog, description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    # The other commands name the folder with --folder, so that is taken too.
    where = parser.add_mutually_exclusive_group().add_argument
    where("folder", type=Path, nargs="?", help="of the class; default: grading")
    where("--folder", type=Path, dest="named", metavar="FOLDER", help="the same")
    add("--exercise", action="append", default=[], metavar="03", help="only this one; may repeat")
    add("--student", action="append", default=[], metavar="ID", help="only this one; may repeat")
    add("--notebooks", type=Path, metavar="FOLDER", help="a plain folder of notebooks to grade")
    add("--workers", type=_positive, default=os.cpu_count(), help="processes; default: the cores")
    add("--scheduler", metavar="ADDRESS", help="of a Dask cluster to mark on: tcp://HOST:8786")
    add("--db", metavar="URL", help="of the gradebook, as SQLAlchemy writes it")
    add("--seed", type=int, help="of the checks' draws; default: that of the last run here")
    add("--unprotected", action="store_true", help="grade even if there is no sandbox")
    add("--no-sandbox", action="store_true", help="do not use the sandbox")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
