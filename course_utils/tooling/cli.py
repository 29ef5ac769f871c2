"""The command line of `start.py`: its commands, and what each of them runs."""

import argparse
import difflib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import NoReturn

from course_utils.tooling.environment import ROOT, Environment, StartError, extras_known
from course_utils.tooling.installing import prepare
from course_utils.tooling.lab import open_lab
from course_utils.tooling.learner_copy import update
from course_utils.tooling.learner_folder import choose_folder
from course_utils.tooling.pip import say
from course_utils.tooling.torch_build import WISHES

CELL_TIMEOUT_S = 120
MOST_PROCESSES = 4  # of the tests; each holds a PyTorch of its own in memory

COMMANDS = {
    "learn": "set up, then open your own copy of the lessons and exercises in JupyterLab\n"
    "             (also without any command)",
    "lab": "set up, then open the course's own notebooks (for instructors and authors)",
    "setup": "set up only; with the extras named, if any: setup instructor bench",
    "test": "set up with the developers' tools, run every check and test;\n"
    "             what follows goes to pytest, which then runs alone: test -k fleet",
    "notebooks": "execute the notebooks in place (all, or those named: 02 03)",
    "exercises": "write exercises and solutions anew from the instructor's tasks",
    "bank": "try every known answer to the exercises (all, or those named: 02 03)",
    "bench": "run one benchmark: bench training, bench notebooks",
    "claims": "measure what the lessons claim (all, or those named: 02 03)",
    "site": "build the lessons as static pages with live panels (all, or those named: 02 03)",
    "api": "write a page of the package's functions and classes, from their docstrings",
    "fuzz": "train random networks as a fleet and alone, for long: fuzz --cases 5000",
}
#: Counting the lines that tests run takes 6% more time where Python does it, and 40% before that.
COUNTS_LINES = sys.version_info >= (3, 12)
EXTRAS = {
    "test": ["dev", "instructor", "cluster"],
    "notebooks": ["dev"],
    "exercises": ["instructor"],
    "bank": ["instructor"],
    "site": ["dev"],
    "api": ["dev"],
    "fuzz": ["dev"],
}  # what a command needs besides the course itself
MODULES = {
    "notebooks": "course_utils.tooling.notebooks",
    "exercises": "instructor.generate",
    "bank": "instructor.bank",
    "bench": "benchmarks",
    "claims": "claims",
    "site": "website",
    "fuzz": "tests.fuzzing",
}  # what a command runs, with what follows it


class Parser(argparse.ArgumentParser):
    """Argument errors in one sentence, with the nearest command."""

    def error(self, message: str) -> NoReturn:
        """Say what was wrong and where the help is."""
        self.exit(2, f"start.py: {message}\nAll commands and options: python3 start.py --help\n")


def parser() -> Parser:
    """The command line of start.py."""
    commands = "\n".join(f"  {word:<10} {text}" for word, text in COMMANDS.items())
    made = Parser(
        prog="start.py",
        usage="python3 start.py [OPTION ...] [COMMAND ...]",
        description="Set up the course in this folder, and open or test it.",
        epilog=f"commands:\n{commands}",
        formatter_class=argparse.RawTextHelpFormatter,
    )
    made.add_argument("word", nargs="?", default="learn", help=argparse.SUPPRESS)
    made.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    made.add_argument(
        "--torch",
        choices=WISHES,
        metavar="cpu|default",
        help="on Linux, which PyTorch to install: the small one (cpu), or the ordinary one\n"
        "(default; 6 GB, with what NVIDIA cards need). Not said: the small one where there\n"
        "is no such card, its index answers, and pip's settings name no other source",
    )
    made.add_argument(
        "--folder",
        metavar="FOLDER",
        help="where your own copy is, or is to be (my_course in this folder, if not said);\n"
        "the next start remembers it",
    )
    made.add_argument(
        "--no-browser", action="store_true", help="print JupyterLab's address, open no browser"
    )
    made.add_argument(
        "--skip-space-check", action="store_true", help="install even if the disk looks too small"
    )
    return made


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; some commands take what follows with its options."""
    made = parser()
    values = [i + 1 for i, item in enumerate(argv) if item in ("--torch", "--folder")]
    places = (i for i, item in enumerate(argv) if not item.startswith("-") and i not in values)
    place = next(places, len(argv))
    word = argv[place] if place < len(argv) else "learn"
    if word not in COMMANDS:
        near = difflib.get_close_matches(word, COMMANDS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"the commands are {', '.join(COMMANDS)}."
        made.error(f"there is no command '{word}'; {hint}")
    after = list(argv[place + 1 :])
    takes_options = word in ("test", "bank", "bench", "claims", "fuzz", "site")
    if takes_options and not {"-h", "--help"} & set(after[:1]):
        args = made.parse_args(argv[: place + 1])
        args.rest = after
    else:
        args = made.parse_intermixed_args(argv)  # options may stand between the arguments
    if word in ("learn", "lab") and args.rest:
        made.error(f"'{word}' takes no further arguments, got '{args.rest[0]}'.")
    if word != "learn" and args.folder is not None:
        made.error("--folder names the folder of your own copy; it goes without any command.")
    unknown = [name for name in args.rest if word == "setup" and name not in extras_known()]
    if unknown:
        made.error(f"there is no extra '{unknown[0]}'; they are {', '.join(extras_known())}.")
    if word == "bench" and not args.rest:
        made.error("say which benchmark: python3 start.py bench training, or bench notebooks.")
    return args


def main(argv: Sequence[str]) -> int:
    """Do what the command line asks; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # Windows' consoles
    # Being told to end is like Ctrl-C: pip and the tests must not go on alone.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args = parse(argv)
    env = Environment(ROOT)
    extras = args.rest if args.word == "setup" else EXTRAS.get(args.word, [])
    try:
        part = MODULES.get(args.word, "").partition(".")[0]
        if not (env.root / part).is_dir():  # students get a copy without it
            raise StartError(
                f"'{args.word}' needs the folder {part}/, and this copy of the course has "
                "none: it is a copy for students. Use the instructor's copy."
            )
        prepare(env, extras, torch=args.torch, check_space=not args.skip_space_check)
        if args.word == "learn":
            folder = choose_folder(env.root, args.folder)
            say(update(env.root, folder).told(folder))
            return open_lab(env, folder, browser=not args.no_browser)
        if args.word == "lab":
            return open_lab(env, env.root, browser=not args.no_browser)
        if args.word == "test":
            return run_checks(env, args.rest)
        if args.word == "api":
            return write_api(env)
        if args.word in MODULES:
            rest = args.rest or (["--cases", "5000"] if args.word == "fuzz" else [])
            return run(env, ["-m", MODULES[args.word], *rest])
        return 0
    except StartError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Run the same command again: it goes on where it stopped.")
        return 130


def run(env: Environment, arguments: Sequence[str]) -> int:
    """Run the Python of `.venv` in the course's folder; the exit code."""
    return subprocess.run(
        [str(env.python), *arguments], cwd=env.root, env=env.variables()
    ).returncode


def write_api(env: Environment) -> int:
    """Write the pages of the package into build/api, which git ignores; the exit code."""
    pages = env.root / "build" / "api"
    what = ["course_utils", "!course_utils.tooling"]  # tooling is for start.py alone
    code = run(env, ["-m", "pdoc", *what, "--docformat", "google", "-o", str(pages)])
    if code == 0:
        say(f"Written. Open {pages / 'course_utils.html'} in a browser.")
    return code


def checks(env: Environment) -> list[tuple[str, list[str], str]]:
    """Every check of the project but pytest: name, arguments for Python, how to mend it.

    A copy for students has no instructor's part, and nothing of it to check.
    """
    parts = ("course_utils", "benchmarks", "claims", "instructor", "website")
    typed = [part for part in parts if (env.root / part).is_dir()]
    found = [
        ("format", ["-m", "ruff", "format", "--check", "."], "ruff format ."),
        ("lint", ["-m", "ruff", "check", "."], "ruff check --fix ."),
        ("types", ["-m", "mypy", *typed], f"mypy {' '.join(typed)}"),
    ]
    if "instructor" in typed:
        arguments = ["-m", "instructor.generate", "--check"]
        found.append(("exercises", arguments, "python3 start.py exercises"))
    return found


def processes() -> int:
    """How many share the tests: one more than cores, for some tests wait for a browser."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min((cores or 1) + 1, MOST_PROCESSES)


def pytest_arguments(env: Environment) -> list[str]:
    """All tests, and every notebook executed as one.

    Where the instructor's part is there, its tests execute the exercises and solutions themselves.
    """
    folders = ["tests"] if (env.root / "tests").is_dir() else []
    notebooks = ["notebooks"] if (env.root / "instructor").is_dir() else ["notebooks", "exercises"]
    folders += [name for name in notebooks if any((env.root / name).rglob("*.ipynb"))]
    return [
        *("-m", "pytest", *folders),
        # A file, or a class in it, stays in one process: its tests share what they make. The order
        # is that of tests/longest_first.py. (pytest-xdist 3.8 ignores the marks of xdist_group
        # under pytest 9.2, without a word.)
        *("-n", str(processes()), "--dist", "loadscope", "--no-loadscope-reorder"),
        *(["--cov"] if COUNTS_LINES else []),  # of the package; the floor is in pyproject.toml
        *("--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT_S}"),
    ]


def run_checks(env: Environment, pytest_only: Sequence[str] = ()) -> int:
    """Run everything that CI runs, or pytest alone with the arguments given; the exit code."""
    if pytest_only:
        return run(env, ["-m", "pytest", *pytest_only])
    failed: list[str] = []
    for name, arguments, remedy in checks(env):
        say(f"\n== {name}: {' '.join(arguments[1:])}")
        if run(env, arguments):
            failed.append(f"{name} (to mend it, in .venv: {remedy})")
    say("\n== tests and notebooks: pytest")
    os.environ.setdefault("COVERAGE_CORE", "sysmon")
    if not COUNTS_LINES:
        say("(Python 3.12 or newer would also count which lines of the package the tests run.)")
    if run(env, pytest_arguments(env)):
        failed.append("tests")
    for text in failed:
        say(f"failed: {text}")
    return 1 if failed else 0
