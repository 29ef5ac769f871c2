"""What is drawn ahead changes nothing outside, even where a computation or a cell is unkind."""

import logging
import random
import sys
import threading
import warnings

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from course_utils.live import ahead
from course_utils.live.idle import Idle, idle
from tests.small_panels import WAIT
from tests.test_live_ahead import Explored, held_at

pytestmark = pytest.mark.usefixtures("closing")


@pytest.fixture(autouse=True)
def own_idle(monkeypatch):
    """Nothing that this process does elsewhere counts."""
    monkeypatch.setattr(idle, "_in_cells", set())
    monkeypatch.setattr(ahead, "LONGEST", float("inf"))


@pytest.fixture
def usual():
    """Settings that a test changes are put back."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    plt.close("all")


def random_numbers():
    return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002


def test_random_numbers_go_on_as_if_nothing_had_been_drawn_ahead():
    def compute(level, half):
        random.seed(3)  # as a learner's search does, which is given a seed
        np.random.seed(3)  # noqa: NPY002
        torch.manual_seed(3)
        return level

    one = Explored(compute)
    random.seed(7), np.random.seed(7), torch.manual_seed(7)  # noqa: NPY002
    expected = random_numbers(), random_numbers()
    random.seed(7), np.random.seed(7), torch.manual_seed(7)  # noqa: NPY002
    first = random_numbers()
    one.near()
    one.rest()
    assert len(one.ahead) == 8
    assert (first, random_numbers()) == expected


def test_random_numbers_go_on_in_a_cell_that_has_waited():
    torch.manual_seed(7)
    expected = torch.rand(1)
    gate, reached = threading.Event(), threading.Event()

    def compute(level, half):
        if level == 0.4:
            reached.set()
            assert gate.wait(WAIT)
            torch.manual_seed(3)
        return level

    one = Explored(compute)
    torch.manual_seed(7)
    one.near()
    assert reached.wait(WAIT)
    cell = threading.Thread(target=idle.begin_cell, args=(None,))
    cell.start()
    cell.join(0.05)
    gate.set()
    cell.join(WAIT)
    assert torch.equal(torch.rand(1), expected)


def test_another_bit_generator_of_numpy_goes_on_too():
    before = np.random.get_bit_generator()
    one = Explored(lambda level, half: np.random.rand())  # noqa: NPY002
    try:
        np.random.set_bit_generator(np.random.PCG64(5))
        expected = np.random.Generator(np.random.PCG64(5)).random()
        one.near()
        one.rest()
        assert len(one.ahead) == 8
        assert np.random.rand() == expected  # noqa: NPY002
    finally:
        np.random.set_bit_generator(before)


def test_settings_of_libraries_stay_as_they_were(usual):
    def compute(level, half):
        torch.set_default_dtype(torch.float64)
        torch.use_deterministic_algorithms(True)
        matplotlib.rcParams["lines.linewidth"] = 9.0
        plt.figure()
        return level

    one = Explored(compute)
    torch.set_default_dtype(torch.float32)
    torch.use_deterministic_algorithms(False)
    matplotlib.rcParams["lines.linewidth"] = 1.5
    plt.close("all")
    mine, other = plt.figure(), plt.figure()
    plt.figure(mine.number)
    one.near()
    one.rest()
    assert len(one.ahead) == 8
    assert torch.get_default_dtype() is torch.float32
    assert not torch.are_deterministic_algorithms_enabled()
    assert matplotlib.rcParams["lines.linewidth"] == 1.5
    assert plt.get_fignums() == [mine.number, other.number]
    assert plt.gcf() is mine


def test_warnings_of_what_is_drawn_ahead_are_for_whoever_asks(recwarn):
    def compute(level, half):
        warnings.warn(f"the level is {level}", stacklevel=1)
        return level

    warnings.simplefilter("always")
    one = Explored(compute)
    recwarn.clear()
    filters = list(warnings.filters)
    one.near()
    one.rest()
    assert len(one.ahead) == 8
    assert (len(recwarn), warnings.filters) == (0, filters)
    one.panel.controls["level"].value = 0.5
    one.panel.wait(WAIT)
    assert [str(told.message) for told in recwarn][:1] == ["the level is 0.5"]


def test_an_error_in_what_is_drawn_ahead_can_be_read_in_the_log(caplog):
    def compute(level, half):
        if level == 0.4:
            raise ArithmeticError("the level is wrong")
        if level == 0.2:
            sys.exit("enough")
        return level

    one = Explored(compute)
    with caplog.at_level(logging.INFO, "course_utils.live"):
        one.near()
        one.rest()
    assert (one.panel.error, one.panel.view.error) == (None, "")
    assert one.ahead == [(0, 3), (0, 1), (0, 5), (0, 0), (0, 6), (1, 3)]
    assert [record.exc_info[1].args[0] for record in caplog.records] == [
        "enough", "the level is wrong",
    ]  # fmt: skip


def test_a_state_that_fails_slowly_ends_it_too(monkeypatch):
    def compute(level, half):
        if level != 0.3:
            raise ArithmeticError("the level is wrong")
        return level

    one = Explored(compute)
    monkeypatch.setattr(ahead, "LONGEST", -1.0)
    one.panel._ahead.near("level", 0)
    one.panel._ahead.begin(-2.0, rest=0.0)
    one.rest()
    assert one.computed == [(0.3, False)]
    monkeypatch.setattr(ahead, "LONGEST", 1e-9)
    one.panel._ahead._sent = {frozenset({"half": 0, "level": 3}.items())}
    one.panel._ahead.begin(0.0, rest=0.0)
    one.rest()
    assert one.computed == [(0.3, False), (0.2, False)]


def test_a_state_that_only_waits_is_slow_too(monkeypatch):
    """Its thread does not work meanwhile, but a cell would wait for it all the same."""
    one = Explored()
    seconds = iter([0.0, 0.0, 0.0, 5.0])
    clock = type("Clock", (), {})
    clock.thread_time, clock.perf_counter = (
        staticmethod(lambda: 0.0),
        staticmethod(lambda: next(seconds)),
    )
    monkeypatch.setattr(ahead, "LONGEST", 0.1)
    monkeypatch.setattr(ahead, "time", clock)
    one.panel._ahead.near("level", 0)
    one.panel._ahead.begin(0.0, rest=0.0)
    one.rest()
    assert one.ahead == [(0, 3), (0, 2)]


def test_a_panel_closed_while_it_computes_draws_nothing_ahead():
    began, gate = threading.Event(), threading.Event()

    def compute(level, half):
        if level == 0.5:
            began.set()
            assert gate.wait(WAIT)
        return level

    one = Explored(compute)
    one.panel._ahead.near("level", 0)
    one.panel.controls["level"].value = 0.5
    assert began.wait(WAIT)
    one.panel.close()
    gate.set()
    one.rest()
    assert one.computed == [(0.5, False)]
    one.near()  # a message that was under way
    one.rest()
    assert one.computed == [(0.5, False)]


def test_a_picture_that_becomes_untrue_while_it_is_drawn_is_never_shown():
    one, gate = held_at(0.4)
    one.panel._ahead.forget()
    gate.set()
    one.rest()
    assert [content["type"] for content, *_ in one.sent][-1] == "forget"
    assert {"half": 0, "level": 4} not in one.panel._ahead


def test_all_panels_forget_even_if_one_cannot():
    class Told:
        forgotten = 0

        def forget(self):
            self.forgotten += 1
            raise OSError("the connection is gone")

    own, told = Idle(), [Told() for _ in range(3)]
    for one in told:
        own.watch_cells(one)
    with pytest.raises(OSError, match="gone"):
        own.begin_cell(None)
    assert [one.forgotten for one in told] == [1, 1, 1]
