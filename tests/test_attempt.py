"""How an attempt at a task is reported: to a learner, and to the autograder."""

from typing import Any

import pytest
import torch

from course_utils import checks
from course_utils.exercises import attempt


def double(x: Any) -> Any:
    return 2 * x


def untouched(x: Any) -> Any:
    raise NotImplementedError("not attempted yet")


def broken(x: Any) -> Any:
    return x + torch.ones(3)


def judge(answer: Any, **options: Any) -> None:
    with attempt("double", answer, **options) as check:
        check.close("doubles", answer(torch.ones(2)), torch.full((2,), 2.0), on="ones", hint="2 x")


def test_a_learner_reads_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    judge(double)
    assert (
        capsys.readouterr().out
        == "✓ double: 1 visible property holds; more are checked when it is graded\n"
    )
    judge(untouched)
    assert capsys.readouterr().out == "○ double: not attempted yet\n"
    judge(lambda x: x)
    said = capsys.readouterr().out
    for part in ("✗ double", "on:       ones", "expected: [2, 2]", "got:      [1, 1]", "2 x"):
        assert part in said


def test_an_error_is_told_with_its_input_and_the_learners_own_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    judge(broken)
    said = capsys.readouterr().out
    assert "on:       x = [1, 1]" in said
    assert "`return x + torch.ones(3)`" in said
    assert "RuntimeError: The size of tensor" in said
    judge(lambda x: undefined * x)  # noqa: F821
    assert "misspelled" in capsys.readouterr().out


def test_an_error_of_pytorch_is_no_stub(capsys: pytest.CaptureFixture[str]) -> None:
    judge(torch.nn.Module())
    said = capsys.readouterr().out
    assert "✗ double: your code raised an error" in said
    assert 'missing the required "forward" function' in said


def test_an_error_of_a_module_is_told_with_its_mode(capsys: pytest.CaptureFixture[str]) -> None:
    class Picky(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("one sample")

    for training, mode in ((True, "training"), (False, "evaluation")):
        with attempt("Picky", Picky):
            Picky().train(training)(torch.ones(2))
        assert f"on:       x = [1, 1], in {mode} mode" in capsys.readouterr().out


def test_a_message_names_the_task_and_not_a_lessons_check(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with attempt("forget", double) as check:
        check.include(checks.dropout(lambda x, p, training: x))
    assert capsys.readouterr().out.startswith("✗ forget: this does not hold")


def test_answer_and_check_may_stand_in_one_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """The check's own calls of the library are not the answer's."""
    cell = """
def relu(x):
    return x * (x > 0)

with attempt("relu", relu, by_hand=[F.relu]) as check:
    check.close("relu", relu(x), F.relu(x), on="", hint="")
"""
    exec(cell, {"attempt": attempt, "F": torch.nn.functional, "x": torch.arange(-2.0, 3.0)})
    assert capsys.readouterr().out.startswith("✓ relu")


def test_a_function_of_the_same_cell_may_call_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    cell = """
def relu(x):
    return x * (x > 0)

def look():
    with attempt("relu", relu, by_hand=[F.relu]) as check:
        check_relu(check, relu)

look()
"""

    def check_relu(check: Any, answer: Any) -> None:
        x = torch.arange(-2.0, 3.0)
        check.close("relu", answer(x), torch.nn.functional.relu(x), on="", hint="")

    names = {"attempt": attempt, "check_relu": check_relu, "F": torch.nn.functional}
    exec(cell, names)
    assert capsys.readouterr().out.startswith("✓ relu")
    exec(cell.replace("x * (x > 0)", "F.relu(x)"), names)
    assert "a call of relu" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [untouched, broken, lambda x: x])
def test_nbgrader_sees_an_error(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="double"):
        judge(answer)
    judge(double)


class Doubler:
    def __call__(self, x: Any) -> Any:
        return double(x)


@pytest.mark.parametrize("answer", [double, lambda x: double(x), Doubler()])
def test_a_call_of_the_library_is_seen(answer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    judge(answer, by_hand=[double])
    assert "a call of double" in capsys.readouterr().out


def test_the_check_itself_may_call_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    def by_hand(x: Any) -> Any:
        return x + x

    with attempt("relu", torch.nn.ReLU, by_hand=[torch.nn.functional.relu]) as check:
        torch.nn.functional.relu(torch.ones(1))
        check.close("doubles", by_hand(1.0), 2.0, on="1", hint="")
    assert "✓" in capsys.readouterr().out
