"""Write each student's page: ``course feedback``.

A page stands alone: marks, what the checks said, the marks and comments that a person gave in
formgrader, and the student's own answers. No hidden check's code is in it. What a student wrote is
text, or made harmless by nh3; no page may run a script or load anything.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import nh3
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbconvert.filters.markdown import markdown2html

from instructor.course.arguments import NOTHING, chosen_exercise, counted, parser_of
from instructor.course.marks import Marked, marked, warn
from instructor.course.records import WAITS, Task, replace

TEMPLATES = Path(__file__).parent / "templates"
MOST_CHARACTERS = 20_000  # of one answer or message on a page
# Nothing that leads or loads from elsewhere: a page is read with a student's trust.
TAGS = {"p", "em", "strong", "ul", "ol", "li", "code", "pre", "blockquote", "br", "hr", "h1", "h2",
        "h3", "h4", "table", "thead", "tbody", "tr", "th", "td", "sub", "sup", "del"}  # fmt: skip


def environment() -> Environment:
    """What fills in a template; texts are escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )


def page(one: Marked) -> str:
    """The page of one submission."""
    record = one.record
    return (
        environment()
        .get_template("feedback.html")
        .render(
            record=record,
            given={task.name: one.given.get(task.name) for task in record.tasks},
            one=one,
            open=[task.title for task in record.tasks if task.state == WAITS],
            style=(TEMPLATES / "page.css").read_text(encoding="utf-8"),
            number=number,
            cut=cut,
            said=said,
            prose=prose,
        )
    )


def said(task: Task) -> list[str]:
    """What the checks of a task said, each text once; several checks may find the same."""
    texts = [*(check.text for check in task.checks), task.text if not task.checks else ""]
    return list(dict.fromkeys(text for text in texts if text))


def number(value: float) -> str:
    """Marks as a person writes them."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def cut(text: str) -> str:
    """A text, or its beginning if it is far too long."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}\n... ({len(text) - MOST_CHARACTERS:,} more characters)"


def prose(markdown: str) -> str:
    """Markdown as harmless HTML."""
    return nh3.clean(markdown2html(cut(markdown)), tags=TAGS, attributes={})


def main(argv: Sequence[str], prog: str = "course feedback") -> int:
    """Write the pages; the exit code."""
    parser = parser_of(prog, __doc__)
    parser.add_argument("--exercise", default="", help="its number; left out, all")
    parser.add_argument("--student", default="", help="this one alone")
    given = parser.parse_args(argv)
    exercise = chosen_exercise(parser, given.exercise)
    count = 0
    try:
        warn(given.folder)
        for one in marked(given.folder, given.db, student=given.student, exercise=exercise):
            path = given.folder / "feedback" / one.record.student / f"{one.record.exercise}.html"
            replace(path, page(one))
            count += 1
    except (OSError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    if not count:
        print(f"{prog}: {NOTHING.format(given.folder)}", file=sys.stderr)
        return 2
    print(f"{given.folder / 'feedback'}: {counted(count, 'page')}.")
    print(json.dumps({"pages": count}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
