"""When a cell runs, as IPython tells it: nothing is drawn ahead beside one."""

import threading

import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_utils import live
from course_utils.live.idle import Idle
from tests.small_panels import WAIT, Bar

pytestmark = pytest.mark.usefixtures("closing")


class Told:
    """Holds nothing that a cell could make untrue."""

    def forget(self):
        pass


WATCH = Told()


@pytest.fixture
def shell(monkeypatch):
    """A shell without a front end, and an `Idle` that has begun to watch it outside of any cell."""
    shell, own = InteractiveShell(), Idle()
    monkeypatch.setattr("course_utils.live.idle.get_ipython", lambda: shell)
    shell.user_ns["allowed"] = lambda: allowed(own)
    yield shell, own
    shell.history_manager.end_session()


def allowed(own):
    with own.spare() as found:
        return found


def test_a_cell_that_runs_another_goes_on_after_it(shell):
    shell, own = shell
    shell.user_ns["watch"] = lambda: own.watch_cells(WATCH)
    shell.run_cell("watch(); inside = [allowed()]")
    assert (shell.user_ns["inside"], allowed(own)) == ([False], True)
    nested = "get_ipython().run_cell('inside = [allowed()]'); inside.append(allowed())"
    shell.run_cell(nested)
    assert (shell.user_ns["inside"], allowed(own)) == ([False, False], True)
    shell.run_cell("get_ipython().run_cell('  '); inside = [allowed()]")  # begins no cell
    assert (shell.user_ns["inside"], allowed(own)) == ([False], True)
    for ends_badly in ("1 / 0", "def", "raise KeyboardInterrupt", "raise SystemExit"):
        shell.run_cell(ends_badly)
        assert allowed(own)


def test_a_panel_that_is_made_between_two_cells_draws_ahead_after_the_next_one(shell):
    shell, own = shell
    own.watch_cells(WATCH)  # as in the callback of a button
    shell.run_cell("inside = allowed()")
    assert (shell.user_ns["inside"], allowed(own)) == (False, True)


def test_a_cell_on_another_thread_counts_too(shell):
    own = shell[1]
    own.begin_cell(None)
    elsewhere = threading.Thread(target=lambda: (own.begin_cell(None), own.end_cell(None)))
    elsewhere.start()
    elsewhere.join(WAIT)
    assert not allowed(own)
    own.end_cell(None)
    assert allowed(own)


def test_where_cells_cannot_be_noticed_nothing_is_drawn_ahead(shell, monkeypatch):
    controls = {"level": [0.1, 0.3]}
    assert live.explore(lambda level: level, Bar(), controls=controls).view.ahead
    monkeypatch.setattr("course_utils.live.idle.get_ipython", lambda: None)
    assert not live.explore(lambda level: level, Bar(), controls=controls).view.ahead


@pytest.mark.parametrize("code", ["ran = True", "await nothing(); ran = True", "def"])
def test_a_cell_that_is_interrupted_while_it_waits_does_not_run(shell, monkeypatch, capsys, code):
    """It would run beside what it waited for."""
    shell, own = shell
    own.watch_cells(WATCH)

    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(own, "_wait_for_spare", interrupted)
        result = shell.run_cell(code)
    assert not result.success
    assert "ran" not in shell.user_ns
    said = capsys.readouterr().out
    assert "Error in callback" not in said
    assert "KeyboardInterrupt: the cell was stopped before it began" in said or code == "def"
    assert "idle.py" not in said
    shell.run_cell("ran = True")
    assert shell.user_ns["ran"]
    assert allowed(own)
