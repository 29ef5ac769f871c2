"""What a learner reads when their own function fails within the course, or the course itself."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from course_utils import tracebacks
from course_utils.live import Painter
from course_utils.plots import Board, best_epoch


def caught(run):
    try:
        run()
    except BaseException as error:  # noqa: BLE001, RUF100 (KeyboardInterrupt as well)
        return error
    raise AssertionError("nothing was raised")


def shown(error):
    """What IPython would be asked to show: the functions of the traceback, and the offset."""
    asked = {}

    def showtraceback(exc, tb_offset=None):
        asked["functions"] = names(exc[2])
        asked["offset"] = tb_offset
        asked["causes"] = [names(one.__traceback__) for one in tracebacks.chain(exc[1])][1:]
        asked["suppressed"] = exc[1].__suppress_context__

    tracebacks.show(
        SimpleNamespace(showtraceback=showtraceback), type(error), error, error.__traceback__, 1
    )
    return asked


def names(tb):
    return [one.tb_frame.f_code.co_name for one in tracebacks.frames(tb)]


class Mine(Board):
    def update(self, state):
        raise KeyError("no such curve")


def test_between_the_call_and_the_learners_own_function_nothing_is_shown():
    error = caught(lambda: Painter(Mine()).paint(1))
    before = names(error.__traceback__)
    assert before == ["caught", "<lambda>", "paint", "update"]
    assert shown(error) == {
        "functions": ["caught", "<lambda>", "update"], "offset": 0, "causes": [],
        "suppressed": False,
    }  # fmt: skip
    assert names(error.__traceback__) == before  # for `%tb`
    assert not hasattr(error, "__notes__")


def test_what_the_course_refuses_ends_with_the_learners_line():
    error = caught(lambda: Board().describe(1))
    assert names(error.__traceback__)[-1] == "describe"
    assert shown(error)["functions"] == ["caught", "<lambda>"]
    assert not hasattr(error, "__notes__")


def test_a_mistake_within_the_course_says_that_there_is_more():
    error = caught(lambda: best_epoch(object()))
    assert shown(error)["functions"] == ["caught", "<lambda>"]
    assert error.__notes__ == [tracebacks.MORE]
    shown(error)
    assert error.__notes__ == [tracebacks.MORE]


def test_an_interrupt_is_its_sentence_alone():
    class Long(Board):
        def update(self, state):
            raise KeyboardInterrupt("stopped at epoch 6 of 80; run the cell again")

    error = caught(lambda: Painter(Long()).paint(1))
    assert shown(error)["functions"] == []


def test_an_error_without_the_course_is_left_as_it_is():
    error = caught(lambda: re.compile("("))
    found = shown(error)
    assert found["functions"] == names(error.__traceback__)
    assert found["offset"] == 1


def test_causes_are_shortened_and_those_within_the_course_alone_are_not_shown():
    class Twice(Board):
        def update(self, state):
            try:
                Mine().picture(1)
            except KeyError as error:
                raise ValueError("again") from error

    error = caught(lambda: Painter(Twice()).paint(1))
    assert shown(error)["causes"] == [["update", "update"]]

    hidden = caught(lambda: Board().describe(1))
    hidden.__traceback__ = hidden.__traceback__.tb_next.tb_next  # raised and caught in the course
    error.__cause__ = error.__context__ = hidden
    assert shown(error)["suppressed"]
    assert error.__cause__ is hidden


SCRIPT = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell('''
from torch import optim
from course_utils.data import digits
from course_utils.models import MLP
from course_utils.training import fit
model = MLP(64, (8,), 10)
def rewards(model):
    return -sum(w.square().sum() for w in model.parameters())
def fails(model):
    return model.no_such_thing
''')
for penalty in ("rewards", "fails"):
    print(f"=== {penalty}")
    shell.run_cell(f"fit(model, digits(), optimizer=optim.SGD(model.parameters(), lr=0.1),\\n"
                   f"    epochs=2, penalty={penalty})")
print("=== all")
shell.run_cell("%tb")
"""


@pytest.mark.slow
def test_in_a_notebook_the_learner_reads_a_few_lines():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, encoding="utf-8", timeout=120
    )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    _, rewards, fails, whole = re.split(r"=== \w+\n", plain)
    assert "penalty(model) must be 0 or more" in rewards
    assert len(rewards.strip().splitlines()) <= 8
    assert "course_utils" not in rewards
    assert "return model.no_such_thing" in fails
    assert "course_utils" not in fails
    assert len(fails.strip().splitlines()) <= 16
    assert "train_epoch" in whole  # `%tb` hides nothing
