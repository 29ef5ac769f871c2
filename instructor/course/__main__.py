"""Run the subcommands of ``course``, here called words.

The console command is installed in the instructor's copy; ``python -m instructor.course`` is the
same.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence

# For each word, the module whose `main(arguments, prog)` runs it, and its line of help.
WORDS = {
    "handout": ("instructor.course.handout", "make the copy of the course that students get"),
    "release": ("instructor.generate", "write exercises and solutions anew from the tasks"),
    "collect": ("instructor.course.collect", "take what students handed in, from zips or folders"),
    "grade": ("instructor.course.grade", "mark a class: gradebook, records, what formgrader shows"),
    "regrade": ("instructor.course.regrade", "mark a task again after its check was corrected"),
    "feedback": ("instructor.course.feedback", "write a page for each student"),
    "report": ("instructor.course.report", "write a report on the class"),
    "export": ("instructor.course.export", "fill in the table of Moodle or Canvas"),
    "forget": ("instructor.course.forget", "delete everything that is kept about one student"),
    "try": ("instructor.course.tryout", "try one answer file against one task"),
}
HELP = "\n".join(
    [
        "usage: course WORD ...",
        "",
        "The instructor's side of the course.",
        "",
        *(f"  {word:<9} {text}" for word, (_, text) in WORDS.items()),
        "",
        "course WORD --help describes a word and its arguments.",
    ]
)

CLOSED = 141  # as a shell counts a program that SIGPIPE has ended


def main(argv: Sequence[str]) -> int:
    """Run the word on the command line; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # Windows' consoles
    if not argv or argv[0] in ("-h", "--help"):
        print(HELP)
        return 0 if argv else 2
    word, *rest = argv
    if word not in WORDS:
        print(f"course: there is no word {word!r}; the words are {', '.join(WORDS)}.")
        return 2
    module, _ = WORDS[word]
    try:
        return importlib.import_module(module).main(rest, f"course {word}")
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def run() -> int:
    """The console command."""
    # A command started in the background ignores Ctrl-C by default; this one always stops cleanly.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        try:
            code = main(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the lines has read enough, as `head` does. Python would try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = CLOSED
    # Python notes that a KeyboardInterrupt passed through an `exec` of text (SQLAlchemy and
    # dataclasses do that), and would then end by the signal, with whatever code: forget it.
    exec("")
    return code


if __name__ == "__main__":
    sys.exit(run())
