"""An explore draws ahead what is next to its settings, and disturbs nothing by it."""

import threading
from types import SimpleNamespace

import pytest

from course_utils import live
from course_utils.live import ahead, training_lock
from course_utils.live.idle import Idle, idle
from tests.small_panels import WAIT, Bar

LEVELS = [i / 10 for i in range(7)]


class Explored:
    """A panel over `LEVELS`, what it has computed, and what it has sent of pages drawn ahead."""

    def __init__(self, compute=lambda level, half: level / 2 if half else level):
        self.computed, self.sent = [], []

        def counted(level, half):
            self.computed.append((level, half))
            return compute(level, half)

        controls = {"half": [False, True], "level": live.slider(LEVELS, start=0.3)}
        self.panel = live.explore(counted, Bar(), controls=controls)
        self.panel.view.send = lambda content, buffers=(): self.sent.append((content, *buffers))
        self.computed.clear()

    def near(self, control="level", held=0):
        """Let the browser say that the pointer has come to a control."""
        content = {"type": "near", "name": control, "held": held}
        self.panel._receive(self.panel.view, content, [])

    def rest(self):
        """Wait until the panel has nothing left to do, not even ahead."""
        self.panel.wait(WAIT)
        assert self.panel._ahead.wait(WAIT)

    @property
    def ahead(self):
        """The settings whose pages were sent, in order."""
        return [tuple(sent[0]["indices"].values()) for sent in self.sent if len(sent) == 2]


@pytest.fixture(autouse=True)
def own_idle(closing, monkeypatch):
    """Nothing that this process does elsewhere counts."""
    monkeypatch.setattr(idle, "_in_cells", set())
    monkeypatch.setattr(ahead, "LONGEST", float("inf"))  # however slow the computer is


def test_settings_near_the_present_one_are_drawn_the_control_at_hand_first():
    one = Explored()
    one.rest()
    assert one.ahead == []  # nobody is near
    one.near()
    one.rest()
    assert one.ahead == [(0, 3), (0, 2), (0, 4), (0, 1), (0, 5), (0, 0), (0, 6), (1, 3)]
    one.near("half", held=8)
    one.rest()
    assert len(one.computed) == 8  # none twice


def test_a_page_drawn_ahead_is_what_an_answer_would_have_shown():
    one = Explored()
    before = one.panel.image, one.panel.text, one.panel.state
    one.near()
    one.rest()
    assert (one.panel.image, one.panel.text, one.panel.state) == before
    drawn = {sent[0]["indices"]["level"]: sent for sent in one.sent}
    one.panel.controls["level"].index = 5
    one.rest()
    assert one.panel.state == 0.5
    assert (drawn[5][1], drawn[5][0]["text"]) == (one.panel.image, one.panel.text)


def held_at(held):
    """A panel that computes this level ahead and does not end before the event is set."""
    gate, reached = threading.Event(), threading.Event()

    def compute(level, half):
        if level == held:
            reached.set()
            assert gate.wait(WAIT)
        return level

    one = Explored(compute)
    one.near()
    assert reached.wait(WAIT)
    return one, gate


def test_who_waits_for_the_panel_does_not_wait_for_what_is_drawn_ahead():
    one, gate = held_at(0.2)
    one.panel.wait(WAIT)
    one.panel.controls["level"].value = 0.6  # asked for: what comes next is given up
    gate.set()
    one.panel.wait(WAIT)
    assert one.computed == [(0.3, False), (0.2, False), (0.6, False)]
    assert one.panel.text == "level 0.60"
    one.rest()
    assert (0, 5) in one.ahead  # and it goes on from there


def test_an_error_is_shown_to_whoever_asks_for_the_setting():
    def compute(level, half):
        if level == 0.4:
            raise ArithmeticError("the level is wrong")
        return level

    one = Explored(compute)
    one.near()
    one.rest()
    assert (one.panel.error, one.panel.view.error) == (None, "")
    assert (0, 5) in one.ahead
    one.panel.controls["level"].value = 0.4
    with pytest.raises(ArithmeticError, match="the level is wrong"):
        one.panel.wait(WAIT)
    assert one.panel.view.error.startswith("ArithmeticError")


def test_what_is_slow_to_compute_is_not_drawn_ahead(monkeypatch):
    one = Explored()
    monkeypatch.setattr(ahead, "LONGEST", -1.0)  # the state on show took longer
    one.near()
    one.rest()
    assert one.computed == []
    seconds = iter([0.0, 0.04, 1.0, 1.2])  # before and after each state
    monkeypatch.setattr(ahead, "LONGEST", 0.1)
    monkeypatch.setattr(
        ahead, "time", SimpleNamespace(thread_time=lambda: next(seconds), perf_counter=lambda: 0.0)
    )
    one.panel._ahead.begin(0.0, rest=0.0)
    one.rest()
    assert one.ahead == [(0, 3), (0, 2)]


def test_nothing_is_drawn_ahead_while_a_cell_runs_or_a_training():
    one = Explored()
    idle.begin_cell(None)
    one.near()
    one.rest()
    idle.end_cell(None)
    assert one.computed == []
    for _ in training_lock.acquire_training_lock():
        pass
    one.near()
    one.rest()
    training_lock.release_training_lock()
    assert one.computed == []
    one.near()
    one.rest()
    assert len(one.computed) == 8


def test_a_cell_waits_for_the_page_in_progress_and_makes_all_untrue():
    one, gate = held_at(0.4)
    begun, ended = threading.Event(), threading.Event()

    def run():
        idle.begin_cell(None)
        begun.set()
        assert ended.wait(WAIT)
        idle.end_cell(None)

    cell = threading.Thread(target=run)
    cell.start()
    assert not begun.wait(0.05)
    gate.set()
    assert begun.wait(WAIT)
    one.rest()
    assert one.computed == [(0.3, False), (0.2, False), (0.4, False)]
    assert one.sent[-1] == ({"type": "forget", "kept": []},)
    ended.set()
    cell.join(WAIT)
    one.near(held=0)
    one.rest()
    assert one.ahead[3:] == [(0, 3), (0, 2), (0, 4), (0, 1), (0, 5), (0, 0), (0, 6), (1, 3)]


def test_the_browser_keeps_no_more_than_so_many(monkeypatch):
    monkeypatch.setattr(ahead, "MOST", 9)
    one = Explored()
    one.near()
    one.rest()
    for index in (4, 5, 6):
        one.panel.controls["level"].index = index
        one.rest()
    held, most = [], 0
    for content, *_ in one.sent:
        if content["type"] == "forget":
            held = [indices for indices in held if indices in content["kept"]]
        else:
            held.append(content["indices"])
        most = max(most, len(held))
    assert most <= 9
    # Those of the slider that moves stay, with the neighbor of each place in the other control.
    assert one.ahead == [
        *[(0, 3), (0, 2), (0, 4), (0, 1), (0, 5), (0, 0), (0, 6)],
        *[(1, 3), (1, 4), (1, 5), (1, 6)],
    ]  # fmt: skip
    one.near(held=0)  # a page that was loaded again has none
    one.rest()
    assert one.ahead[-1] == (1, 6)


def test_a_panel_whose_cell_ran_again_draws_nothing_ahead():
    one = Explored()
    one.near()
    one.panel.discard()
    sent = len(one.sent)
    assert one.panel._ahead.wait(WAIT)
    assert len(one.sent) == sent


def test_cells_are_noticed_in_ipython(monkeypatch):
    class Events(dict):
        def register(self, event, function):
            self[event] = function

    class Shell:
        events, ast_transformers = Events(), []

    class Told:
        forgotten = 0

        def forget(self):
            self.forgotten += 1

    own, shell, told = Idle(), Shell(), Told()
    monkeypatch.setattr("course_utils.live.idle.get_ipython", lambda: shell)
    own.watch_cells(told)

    def allowed():
        with own.spare() as found:
            return found

    assert not allowed()  # panels are made in a cell
    shell.events["post_run_cell"]("result")
    assert allowed()
    with own.asked():
        assert not allowed()
    assert allowed()
    shell.events["pre_run_cell"]("info")
    assert not allowed()
    assert told.forgotten == 1
