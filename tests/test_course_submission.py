"""What has happened to an honest notebook costs no marks; what cannot be read has a reason."""

import ast
import json

import pytest

from instructor.course.judging.cells import definitions
from instructor.course.submission import MOST_PIECES, Unreadable, is_stub, read
from tests.damaged import DAMAGED, NAME, UNREADABLE, cell, code, solution
from tests.exercises import exercise

TASKS = [task.name for task in exercise(NAME).tasks]
(PROSE,) = exercise(NAME).prose
WHOLE = read(json.dumps(solution()).encode(), exercise(NAME))


def test_nothing_is_said_of_a_notebook_that_is_whole() -> None:
    assert WHOLE.notes == ()
    assert all(WHOLE.answer(task).notes == () for task in exercise(NAME).tasks)
    assert [source.partition("(")[0] for _, source in WHOLE.own()] == [f"def {t}" for t in TASKS]


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_happened_to_it_costs_nothing(kind: str) -> None:
    submission = read(DAMAGED[kind](), exercise(NAME))
    for task in exercise(NAME).tasks:
        wanted, got = WHOLE.answer(task).text, submission.answer(task).text
        assert ast.dump(ast.parse(got)) == ast.dump(ast.parse(wanted)), task.name
    if kind == "a Python file":
        return  # which has no text, and no cells of a known kind
    assert not any("check." in source for _, source in submission.own())
    assert submission.prose(PROSE).text == WHOLE.prose(PROSE).text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("a byte order mark", "a mark in front"),
        ("UTF-16", "UTF-16"),
        ("nbformat 3", "format 3"),
        ("no metadata and no ids, as from Colab", "found by name"),
        ("an answer there twice", "there 2 times"),
        ("an answer in a scratch cell", "not in its own cell"),
        ("an answer turned to Markdown", "no code cell"),
        ("an answer split after its head", "put together"),
        ("a Python file", "a Python file"),
    ],
)
def test_what_was_repaired_is_said(kind: str, said: str) -> None:
    submission = read(DAMAGED[kind](), exercise(NAME))
    answer = submission.answer(exercise(NAME).task("dropout"))
    assert said in "; ".join([*submission.notes, *answer.notes])


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_has_a_reason(kind: str) -> None:
    raw, said = UNREADABLE[kind]
    with pytest.raises(Unreadable, match=said):
        read(raw, exercise(NAME))


def test_prose_in_a_cell_of_its_own_is_found() -> None:
    book = solution()
    cell(book, "explain")["source"] = "*Your answer, in place of this line.*"
    empty = read(json.dumps(book).encode(), exercise(NAME))
    assert empty.prose(PROSE).text == ""
    book["cells"].append({**code("It samples masks."), "cell_type": "markdown"})
    answer = read(json.dumps(book).encode(), exercise(NAME)).prose(PROSE)
    assert answer.text == "It samples masks."
    assert "not in its own cell" in answer.notes[0]


def test_many_pieces_of_an_answer_are_not_put_together() -> None:
    """Each piece is parsed again with each further one: of a few, not of two thousand."""
    task = exercise(NAME).task("dropout")
    for pieces, found in ((MOST_PIECES - 2, True), (MOST_PIECES, False)):
        book = solution()
        head = cell(book, "dropout")
        head["source"] = "dropout = ("
        at = book["cells"].index(head) + 1
        book["cells"][at:at] = [*(code("1,") for _ in range(pieces)), code(")")]
        answer = read(json.dumps(book).encode(), exercise(NAME)).answer(task)
        assert bool(answer.text) == found


def test_a_cell_too_deep_to_be_written_again_is_left_out() -> None:
    deep = "def g():\n    return 1" + "+1" * 2500
    assert definitions([("deep", deep), ("cell", "def f():\n    pass")]) == [
        ("cell", "def f():\n    pass")
    ]


def test_a_stub_is_known_by_what_it_does() -> None:
    assert is_stub('def f():\n    """Text."""\n    raise NotImplementedError("x")', "f")
    assert not is_stub("def f():\n    return 1", "f")
    assert not is_stub("def g():\n    raise NotImplementedError", "f")
