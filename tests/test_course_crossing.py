"""Objects that judge and player both know stay equal, whoever still holds them, and cost little."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator

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


@pytest.mark.parametrize(
    "made",
    [
        lambda: (n * n for n in range(4)),
        lambda: filter(lambda n: n % 2, range(6)),
        lambda: map(abs, [-1, 2]),
        lambda: zip("ab", [1.0, np.float32(2.0)], strict=True),
        lambda: itertools.chain([1], [2, 3]),
        lambda: iter([[], [1.5]]),
    ],
)
def test_iterators_cross_as_what_is_left_of_them(made):
    started = made()
    next(started)
    with conversation(lambda: [{"all": made()}, started]) as (_, answer):
        all_of_it, rest = answer()
        assert list(all_of_it["all"]) == list(made())
        assert list(rest) == list(made())[1:]
        assert list(rest) == []


def test_views_of_a_dict_cross():
    numbers = {"a": 1.5, "b": np.ones(2)}
    with conversation(lambda: (numbers.keys(), numbers.values())) as (_, answer):
        keys, values = answer()
        assert [*keys] == ["a", "b"]
        assert values[0] == 1.5
        assert values[1].tolist() == [1.0, 1.0]


def test_an_iterator_without_an_end_does_not_cross():
    with conversation(lambda: itertools.count()) as (_, answer):
        assert not isinstance(answer(), Iterator)


def test_an_error_of_an_iterator_is_one_of_the_answer():
    def broken():
        yield 1
        raise ZeroDivisionError("on the way")

    with conversation(broken) as (_, answer), pytest.raises(TypeError, match="on the way"):
        answer()
