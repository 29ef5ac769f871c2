"""Messages of a browser that the kernel handles in another order than they were sent in."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from course_utils.live.view import View

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def message(sent_ms: float, session: str = "a browser", **state: object) -> dict:
    """What a front end sends when traits of its view change."""
    header = {"session": session, "date": BEGUN + timedelta(milliseconds=sent_ms)}
    data = {"method": "update", "state": state, "buffer_paths": []}
    return {"header": header, "content": {"data": data}, "buffers": []}


def handled_elsewhere(view: View, msg: dict) -> None:
    """Let another thread handle a message, as ipykernel does while a cell runs."""
    thread = threading.Thread(target=view._handle_msg, args=(msg,))
    thread.start()
    thread.join()


@pytest.fixture
def view() -> View:
    return View(indices={"p": 0, "noise": 0})


def test_an_overtaken_position_of_the_sliders_is_not_taken(view: View) -> None:
    view._handle_msg(message(1, indices={"p": 0, "noise": 1}, asked=1))
    view._handle_msg(message(3, indices={"p": 1, "noise": 2}, asked=2))
    turned_before = message(2, indices={"p": 1, "noise": 1})
    handled_elsewhere(view, turned_before)
    assert view.indices == {"p": 1, "noise": 2}
    assert view.asked == view.heard == 2


def test_of_an_overtaken_message_counts_what_no_later_one_has_set(view: View) -> None:
    view._handle_msg(message(2, indices={"p": 1, "noise": 0}))
    handled_elsewhere(view, message(1, indices={"p": 0, "noise": 3}, asked=1))
    assert view.indices == {"p": 1, "noise": 0}
    assert view.asked == 1


def test_messages_of_the_same_moment_and_of_another_browser_count(view: View) -> None:
    view._handle_msg(message(5, indices={"p": 0, "noise": 1}))
    handled_elsewhere(view, message(5, indices={"p": 0, "noise": 2}))
    assert view.indices == {"p": 0, "noise": 2}
    handled_elsewhere(view, message(1, "one whose clock is slow", indices={"p": 1, "noise": 3}))
    assert view.indices == {"p": 1, "noise": 3}


def test_a_clock_that_was_put_back_stops_no_slider(view: View) -> None:
    for sent, noise in ((9, 1), (3, 2), (4, 3)):
        view._handle_msg(message(sent, indices={"p": 0, "noise": noise}))
        assert view.indices == {"p": 0, "noise": noise}


def test_a_message_without_a_time_counts(view: View) -> None:
    untimed = message(1, indices={"p": 1, "noise": 4})
    del untimed["header"]
    view._handle_msg(untimed)
    assert view.indices == {"p": 1, "noise": 4}
