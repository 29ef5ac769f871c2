"""Command-line arguments that the commands for a class have in common."""

from __future__ import annotations

import argparse
from pathlib import Path

from instructor.content import ROOT, named

NOTHING = "nothing is graded in {}; run `course grade` first"


def parser_of(
    prog: str, description: str | None, *, gradebook: bool = True
) -> argparse.ArgumentParser:
    """A parser with the class's folder and, unless it is not asked for, its gradebook."""
    made = argparse.ArgumentParser(prog, description=description)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--folder", type=Path, default=ROOT / "grading", help="of the class")
    if gradebook:
        made.add_argument("--db", default="", help="the gradebook's URL, if it is elsewhere")
    return made


def chosen_exercise(parser: argparse.ArgumentParser, text: str) -> str:
    """The name of the exercise `text`, "" for "". An unknown exercise ends the command."""
    try:
        return named(text) if text else ""
    except KeyError as error:
        parser.error(error.args[0])


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 page, 2 pages."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
