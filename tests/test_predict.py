"""The question before a cell, and the guess beside its result."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

from course_utils.live import predict
from course_utils.live.predict import WAITING, Prediction
from course_utils.tooling.notebooks import WIDGET_VIEW, execute

QUESTION, OPTIONS = "The validation loss ...", ["rises", "falls & stays"]


def test_where_nobody_can_answer_the_answer_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    predict(QUESTION, OPTIONS).reveal("it rises by 0.4", answer=0)
    assert capsys.readouterr().out.splitlines() == [
        "The answer:  rises",
        "As measured: it rises by 0.4",
    ]


def test_who_sees_the_question_answers_before_anything_is_given_away(
    capsys: pytest.CaptureFixture[str],
) -> None:
    guess = predict(QUESTION, OPTIONS)
    guess.view.set_state({"drawn": True})
    guess.reveal("by 0.4", answer=0)
    assert capsys.readouterr().out == f"{WAITING}\n"
    guess.view.set_state({"chosen": 0})
    guess.reveal("by 0.4", answer=0)
    assert "That is right." in capsys.readouterr().out


def test_the_reveal_says_whether_the_guess_was_right(capsys: pytest.CaptureFixture[str]) -> None:
    guess = predict(QUESTION, OPTIONS)
    for chosen, answer, verdict in [
        ("rises", 0, "Your guess:  rises. That is right."),
        ("rises", "falls & stays", "Your guess:  rises. In fact: falls & stays."),
        ("falls & stays", "rises", "Your guess:  falls & stays. In fact: rises."),
    ]:
        guess.choose(chosen)
        guess.reveal("it rises by 0.4", answer=answer)
        assert capsys.readouterr().out.splitlines() == [verdict, "As measured: it rises by 0.4"]


@pytest.mark.parametrize("answer", [2, -1, "flies"])
def test_an_answer_that_is_no_option_is_refused(answer: Any) -> None:
    guess = predict(QUESTION, OPTIONS)
    with pytest.raises(ValueError, match=r"answer must be an option or its index \(0: rises, 1:"):
        guess.reveal("it rises", answer=answer)


def test_a_click_in_the_browser_is_the_guess() -> None:
    guess = predict(QUESTION, OPTIONS)
    assert guess.guess is None
    guess.view.set_state({"chosen": 0})
    assert guess.guess == "rises"
    guess.view.set_state({"chosen": 1})
    assert guess.guess == "falls & stays"
    assert "falls & stays" in repr(guess)


@pytest.mark.parametrize("options", ["rises", [], ["rises"], ["rises", "rises"]])
def test_options_that_leave_no_choice_are_refused(options: Any) -> None:
    with pytest.raises(ValueError, match="at least two different answers"):
        predict(QUESTION, options)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValueError, match="must be one of rises, falls & stays, got 'flies'"):
        predict(QUESTION, OPTIONS).choose("flies")


def test_where_no_widget_runs_the_question_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    kernel = SimpleNamespace(kernel=object())
    module = Prediction.show.__globals__  # the package's `predict` is the function
    monkeypatch.setitem(module, "get_ipython", lambda: kernel)
    monkeypatch.setitem(module, "display", lambda data, **_: shown.append(data))
    predict(QUESTION, OPTIONS)
    (bundle,) = shown
    assert "falls &amp; stays" in bundle["text/html"]
    assert QUESTION in bundle["text/plain"]
    assert WIDGET_VIEW in bundle


@pytest.mark.slow
def test_a_notebook_that_is_executed_does_not_wait_and_keeps_the_question(tmp_path: Path) -> None:
    source = (
        "from course_utils.live import predict\n"
        f"guess = predict({QUESTION!r}, {OPTIONS!r})\n"
        "guess.reveal('it rises', answer=0)"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id="ask")])
    path = tmp_path / "ask.ipynb"
    nbformat.write(notebook, path)
    execute(path)
    question, answer = nbformat.read(path, as_version=4).cells[0].outputs
    assert set(question.data) == {"text/html"}
    assert answer.text == "The answer:  rises\nAs measured: it rises\n"
