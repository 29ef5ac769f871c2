"""Explore without a browser: several controls, and no work that nobody waits for."""

import threading

import pytest

from course_utils import live
from tests.small_panels import WAIT, Bar


def test_explore_follows_several_controls(closing):
    panel = live.explore(
        lambda level, half: level / 2 if half else level, Bar(),
        controls={"level": [0.2, 0.4, 0.8], "half": [False, True]},
    )  # fmt: skip
    assert panel.text == "level 0.20"
    panel.controls["level"].value = 0.8
    panel.controls["half"].value = True
    panel.wait(WAIT)
    assert panel.text == "level 0.40"
    assert panel.state == 0.4


def test_explore_skips_what_nobody_waits_for_any_more(closing):
    gate, began, computed = threading.Event(), threading.Event(), []

    def compute(level):
        computed.append(level)
        if level == 0.1:
            began.set()
            assert gate.wait(WAIT)
        return level

    levels = [i / 100 for i in range(0, 100, 2)] + [0.1]
    panel = live.explore(compute, Bar(), controls={"level": sorted(set(levels))})
    panel.controls["level"].value = 0.1
    assert began.wait(WAIT)
    for level in (0.2, 0.3, 0.4, 0.5, 0.6):
        panel.controls["level"].value = level
    gate.set()
    panel.wait(WAIT)
    assert computed == [0.0, 0.1, 0.6]
    assert panel.text == "level 0.60"


def test_a_steady_drag_is_drawn_as_it_goes(closing):
    panel = None
    texts = []

    def compute(level):
        # Each value arrives while the one before it is being computed, as in a drag.
        if panel is not None and level < 0.8:
            texts.append(panel.text)
            panel.controls["level"].index += 1
        return level

    panel = live.explore(compute, Bar(), controls={"level": [i / 10 for i in range(9)]})
    panel.controls["level"].index = 1
    panel.wait(WAIT)
    assert texts == [f"level 0.{i}0" for i in range(7)]
    assert panel.text == "level 0.80"


def test_explore_shows_an_error_and_recovers(closing):
    panel = live.explore(lambda level: 1 / level, Bar(), controls={"level": [2, 0, 4]})
    panel.controls["level"].value = 0
    with pytest.raises(ZeroDivisionError):
        panel.wait(WAIT)
    assert panel.view.error.startswith("ZeroDivisionError")
    assert panel.text == "level 0.50"
    panel.controls["level"].value = 4
    panel.wait(WAIT)
    assert (panel.text, panel.view.error, panel.error) == ("level 0.25", "", None)
