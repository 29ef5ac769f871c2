"""A notebook that was handed in as a .py file: its code is found, and its prose is never lost."""

import json

import nbformat
import pytest
from nbconvert import PythonExporter

from instructor.course import marking, records
from instructor.course.collect import as_notebook
from instructor.course.jobs import Job, digest, record_of
from instructor.course.scripts import script_cells
from instructor.course.submission import read
from instructor.notebooks import TEXT_STUB
from tests.damaged import DAMAGED, NAME, cell, solution
from tests.exercises import exercise

CONTENT = exercise(NAME)
(PROSE,) = CONTENT.prose
ANSWER = "The masks differ,\n\nso the *mean* does too:\n\n- one\n- two\n\n```python\nx = 1\n```"


def by_nbconvert(text: str) -> bytes:
    book = solution()
    cell(book, PROSE.name)["source"] = text
    script, _ = PythonExporter().from_notebook_node(nbformat.reads(json.dumps(book), as_version=4))
    return script.encode()


def prose_of(script: bytes) -> records.Task:
    return marking._prose(read(as_notebook(script), CONTENT), PROSE)


@pytest.mark.parametrize("stripped", [False, True])
def test_what_nbconvert_makes_of_an_answer_is_read_as_prose(stripped: bool) -> None:
    script = by_nbconvert(ANSWER)
    if stripped:  # as many editors do when they save
        script = b"\n".join(line.rstrip() for line in script.splitlines())
    task = prose_of(script)
    assert (task.state, task.marks) == (records.WAITS, None)
    assert task.answer == ANSWER
    loose = marking._prose(read(script, CONTENT), PROSE)  # `course grade --notebooks`
    assert (loose.state, loose.answer) == (records.WAITS, ANSWER)


@pytest.mark.parametrize(
    "script",
    [
        by_nbconvert(TEXT_STUB),
        DAMAGED["a Python file"](),
        b'def dropout(x, p, training):\n    return x\n\n"""It samples masks."""\n',
        b"# It samples masks.\ndef dropout(x, p, training):\n    return x\n",
    ],
)
def test_a_script_without_prose_that_is_recognized_waits_for_a_person(script: bytes) -> None:
    for data in (script, as_notebook(script)):
        task = marking._prose(read(data, CONTENT), PROSE)
        assert (task.state, task.marks, task.answer) == (records.WAITS, None, "")
        assert "a person reads the file" in task.notes[0]


def test_code_is_whole_and_comments_within_it_stay() -> None:
    script = by_nbconvert(ANSWER)
    for data in (script, as_notebook(script)):
        submission = read(data, CONTENT)
        for task in CONTENT.tasks:
            assert submission.answer(task).text.endswith(task.model_answer.strip()), task.name
    text = "def f(x):\n\n# why\n\n    return x\n# right below\n\n"
    text += "# %% [markdown]\n# # Words\n#\n# and more\n"
    assert script_cells(text) == [
        {"cell_type": "code", "source": "def f(x):\n\n# why\n\n    return x\n# right below"},
        {"cell_type": "markdown", "source": "# Words\n\nand more"},
    ]


def test_heads_of_scripts_are_no_prose() -> None:
    head = "#!/usr/bin/env python\n# coding: utf-8\n\n# ---\n# jupyter:\n#   x: 1\n# ---\n\n"
    head += "# %%\nx = 1"
    assert script_cells(head) == [{"cell_type": "code", "source": "# %%\nx = 1"}]


def test_the_record_of_a_script_has_no_final_mark_before_a_person_read_it() -> None:
    book = json.loads(as_notebook(DAMAGED["a Python file"]()))
    assert read(json.dumps(book).encode(), CONTENT).script
    data = as_notebook(DAMAGED["a Python file"]())
    job = Job("ada", NAME, data, digest(NAME), 1, False)
    task = marking._prose(read(data, CONTENT), PROSE)
    record = record_of(job, (task,))
    assert record.state == records.WAITS
