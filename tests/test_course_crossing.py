"""Objects that judge and player both know stay equal, whoever still holds them, and cost little."""

import contextlib
import socket
import threading

import numpy as np
import pytest

from instructor.course.judging.peer import Peer
from instructor.course.judging.wire import Message, Wire


@contextlib.contextmanager
def conversation(answer):
    """The judge's side of a conversation, and there the stand-in for a player's `answer`."""
    ours, theirs = socket.socketpair()
    with ours, theirs, contextlib.ExitStack() as wires:
        player = Peer("p", Wire.of(theirs))
        wires.callback(player.wire.close)
        words = {"answer": lambda asked: answer}
        serving = threading.Thread(target=player.serve, args=(words,), daemon=True)
        serving.start()
        judge = Peer("j", Wire.of(ours))
        wires.callback(judge.wire.close)
        yield judge, judge.ask("answer")
        judge.wire.send(Message({"op": "end"}))
        serving.join(10)
        assert not serving.is_alive()


@pytest.mark.parametrize("kind", [list, np.array, lambda numbers: dict(enumerate(numbers))])
def test_what_nobody_holds_any_more_is_not_looked_at_again(kind):
    looked_at = []

    def asks_often(rule):
        return sum(rule(kind([1.0, float(n)])) for n in range(50))

    with conversation(asks_often) as (judge, answer):

        def rule(losses):
            looked_at.append(sum(map(len, judge._play)))
            return len(losses)

        assert answer(rule) == sum(len(kind([1.0, 2.0])) for _ in range(50))
    assert len(looked_at) == 50
    assert max(looked_at) <= 10


def test_a_list_that_the_judge_keeps_follows_its_owner():
    def goes_on(rule):
        losses = [3.0]
        rule(losses)
        losses.append(2.0)
        rule([0.0])
        losses.append(1.0)
        del losses
        return rule([0.0])

    kept = []
    with conversation(goes_on) as (_, answer):
        answer(lambda losses: [kept.append(losses), *kept[0]])
        assert kept[0] == [3.0, 2.0, 1.0]


def test_an_array_that_the_player_keeps_follows_the_judge():
    seen = []

    def looks(fill):
        x, view = np.zeros(3), np.zeros(3)[:2]
        fill(x)
        fill(view)
        seen.append(x.tolist())
        fill(np.ones(1))
        seen.append((x.tolist(), view.tolist()))
        return x.sum()

    first = []

    def fill(x):
        first.append(x)
        for one in first:
            one += 1

    with conversation(looks) as (_, answer):
        assert answer(fill) == 9.0
    assert seen == [[2.0, 2.0, 2.0], ([3.0, 3.0, 3.0], [2.0, 2.0])]
