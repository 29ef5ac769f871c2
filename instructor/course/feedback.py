"""Write each student's page: ``course feedback``.

A page is one file: marks, the messages of the checks, the marks and comments that a person gave in
formgrader, and the student's own answers. It contains no code of hidden checks. The student's text
is escaped, or made harmless by nh3, so that no page can run a script or load anything.

With --moodle, the pages of those whose files came from Moodle are also put into
feedback/EXERCISE-moodle.zip, which Moodle takes under "Upload multiple feedback files in a zip"
(the assignment must have the feedback type "Feedback files").
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import nh3
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbconvert.filters.markdown import markdown2html

from instructor.course.arguments import NOTHING, chosen_exercise, counted, parser_of
from instructor.course.export import origins
from instructor.course.late import listed
from instructor.course.marks import Marked, marked, warn
from instructor.course.records import WAITS, Task, replace

TEMPLATES = Path(__file__).parent / "templates"
MOST_CHARACTERS = 20_000  # of one answer or message on a page
# Nothing that leads or loads from elsewhere: a page is read with a student's trust.
TAGS = {"p", "em", "strong", "ul", "ol", "li", "code", "pre", "blockquote", "br", "hr", "h1", "h2",
        "h3", "h4", "table", "thead", "tbody", "tr", "th", "td", "sub", "sup", "del"}  # fmt: skip


def environment() -> Environment:
    """The Jinja environment of the templates; texts are escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )


def page(one: Marked, name: str = "") -> str:
    """The page of one submission; `name` is the student's, if the list of the class had it."""
    record = one.record
    return (
        environment()
        .get_template("feedback.html")
        .render(
            record=record,
            name=name,
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
    """The messages of a task's checks, each text once, since several checks may give the same."""
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


def for_moodle(folder: Path, exercise: str, pages: Mapping[str, Path]) -> Path | None:
    """Zip the pages of an exercise, so that Moodle recognizes whose each page is.

    Moodle reads the participant's number, which differs between assignments, from the name of a
    folder (https://github.com/moodle/moodle, mod/assign/feedback/file/importziplib.php).

    Returns:
        The path of the zip; None if no page belongs to a file from Moodle.
    """
    known = origins(folder, exercise).items()
    numbers = {student: id_ for (system, id_), student in known if system == "moodle"}
    if not numbers.keys() & pages.keys():
        return None
    out = folder / "feedback" / f"{exercise}-moodle.zip"
    partial = out.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as file:
        for student in sorted(numbers.keys() & pages.keys()):
            name = student.replace("_", "-")  # Moodle splits at the underscores
            place = f"{name}_{numbers[student]}_assignfeedback_file_"
            file.write(pages[student], f"{place}/{pages[student].name}")
    partial.replace(out)
    return out


def main(argv: Sequence[str], prog: str = "course feedback") -> int:
    """Write the pages; the exit code."""
    parser = parser_of(prog, __doc__)
    parser.add_argument("--exercise", default="", help="its number; by default all")
    parser.add_argument("--student", default="", help="only this one")
    parser.add_argument("--moodle", action="store_true", help="also a zip to upload to Moodle")
    given = parser.parse_args(argv)
    exercise = chosen_exercise(parser, given.exercise)
    pages: dict[str, dict[str, Path]] = {}  # by exercise and student
    try:
        warn(given.folder)
        names = listed(given.folder)
        for one in marked(given.folder, given.db, student=given.student, exercise=exercise):
            name, student = one.record.exercise, one.record.student
            path = given.folder / "feedback" / student / f"{name}.html"
            replace(path, page(one, names.get(student, "")))
            pages.setdefault(name, {})[student] = path
        asked = pages.items() if given.moodle else ()
        zips = {name: for_moodle(given.folder, name, of) for name, of in asked}
    except (OSError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    count = sum(map(len, pages.values()))
    if not count:
        print(f"{prog}: {NOTHING.format(given.folder)}", file=sys.stderr)
        return 2
    print(f"{given.folder / 'feedback'}: {counted(count, 'page')}.")
    for name, out in zips.items():
        print(out or f"{name}: no file came from Moodle, so there is no zip for it.")
    print(json.dumps({"pages": count}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
