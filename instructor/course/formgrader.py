"""Write the notebooks that formgrader shows: a student's answers, with the messages of the checks.

They are made from the exercise and the record, not from the student's file, so that they contain
nothing from the student but the text of the answers, and no output that a browser would run.
"""

from __future__ import annotations

import copy
import functools
import html
from pathlib import Path

import nbformat

from instructor.content import Exercise, read
from instructor.course.records import Record, Task, replace
from instructor.notebooks import as_text, released, solution

CONFIG = """\
# Written by `course grade`. It tells nbgrader where things are; formgrader is in JupyterLab's
# menu nbgrader, once JupyterLab is started in this folder.
c = get_config()  # noqa: F821
c.CourseDirectory.root = {root!r}
c.CourseDirectory.db_url = {url!r}
c.CourseDirectory.source_directory = "source"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "nbgrader_feedback"
c.HTMLExporter.sanitize_html = True  # students' texts must not run anything
"""


def path_of(folder: Path, student: str, exercise: str) -> Path:
    """Where formgrader looks for a submission."""
    return folder / "autograded" / student / exercise / f"{exercise}.ipynb"


def write(folder: Path, exercise: Exercise, record: Record) -> None:
    """Write the notebook that formgrader shows for a submission."""
    notebook = copy.deepcopy(_released(exercise.name))
    tasks = {task.name: task for task in record.tasks}
    for cell in notebook.cells:
        grade_id = cell.metadata.nbgrader.grade_id
        task = tasks.get(grade_id.partition("-")[0])
        if task is None:
            continue
        if grade_id == task.name:
            cell.source = _answer(record, task)
        elif cell.cell_type == "code":
            said = [c.text or "All properties hold." for c in task.checks if c.name == grade_id]
            cell.outputs = [
                nbformat.v4.new_output("stream", name="stdout", text=text) for text in said
            ]
    replace(path_of(folder, record.student, exercise.name), as_text(notebook))


def write_source(folder: Path, exercise: str) -> None:
    """Write the notebook as students got it, which formgrader needs to list the exercise."""
    path = folder / "source" / exercise / f"{exercise}.ipynb"
    replace(path, as_text(_released(exercise)))


@functools.cache
def _released(exercise: str) -> nbformat.NotebookNode:
    return released(solution(read(exercise)))


def _answer(record: Record, task: Task) -> str:
    """The student's text: code as it is, prose without HTML."""
    if not task.answer:
        return f"({record.reason or '; '.join(task.notes) or 'No answer was found.'})"
    text = task.answer.encode(errors="replace").decode()
    if task.kind == "code":
        return text
    return html.escape(text, quote=False).replace("&gt;", ">")  # > begins a quotation


def configure(folder: Path, url: str) -> None:
    """Write nbgrader's configuration with the class's folders, unless there is one already."""
    path = folder / "nbgrader_config.py"
    if not path.exists():
        replace(path, CONFIG.format(root=str(folder.resolve()), url=url))
