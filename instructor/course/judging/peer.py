"""One side of a conversation: it calls functions of the other side, and answers the other's calls.

At each call and return, all objects involved are made equal on both sides: the contents of the
arguments, modules with their gradients and modes, generators, and global random states.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from instructor.course.judging.draws import random_in, random_now, random_out
from instructor.course.judging.gradients import Gradients
from instructor.course.judging.known import Mail
from instructor.course.judging.stand_ins import StandIn
from instructor.course.judging.states import change_in, change_out, news, state
from instructor.course.judging.things import Things
from instructor.course.judging.wire import MALFORMED, Broken, Message, Wire

MOST_CALLS = 200_000  # that one side may ask for; a conversation has some hundreds


class Peer(Gradients):
    """A side: `side` is "j" for the judge, "p" for the player."""

    def __init__(self, side: str, wire: Wire) -> None:
        self.things = Things(
            side,
            stand_in=self._stand_in,
            remote=self._remote,
            rebuilt=side == "p",
            output=self.output,
            needs=self.needs,
            step=lambda key: lambda: self.call(self.things.get(key)),
        )
        self.wire = wire
        self._states: dict[str, Any] = {}
        self._play: list[dict[str, None]] = [{}]
        self._random: dict[str, Any] = {}
        self._served = 0
        #: For `sys.setprofile` while functions of this side run, and only then: it sees every call
        #: in Python, and a crossing has hundreds.
        self.profile: Any = None
        self.raised: dict[str, BaseException] = {}
        self.broken, self.why = False, ""

    def call(self, target: Any, *args: Any, **options: Any) -> Any:
        """Call `target`, a function of the other side, and return its result.

        Raises:
            Exception: The function raised it; it has the built-in class of that name.
            Broken: The other side is gone or breaks the rules.
        """
        self._play.append({})
        try:
            with self._watching(False):
                self._send(
                    {"op": "call", "grad": torch.is_grad_enabled()},
                    target=target,
                    args=args,
                    options=[*options.items()],
                )
                return self.answered()
        except Broken as error:
            self.give_up(error)
            raise
        finally:
            self._play.pop()

    def ask(self, op: str, **values: Any) -> Any:
        """The other side's answer to a request that is not a call; `values` are JSON."""
        self.wire.send(Message({"op": op, **values}))
        return self.answered()

    def serve(self, words: dict[str, Callable[[dict[str, Any]], Any]]) -> None:
        """Answer until the other side says "end"."""
        while True:
            message = self.wire.receive()
            if message.body.get("op") == "end":
                return
            self._answer(message, words)

    def answered(self) -> Any:
        try:
            return self._until_answered()
        except Broken as error:
            self.give_up(error)
            raise

    def give_up(self, error: Broken) -> None:
        """Record why the conversation is over; the first reason counts."""
        self.broken, self.why = True, self.why or str(error)

    def _until_answered(self) -> Any:
        while True:
            self.broken = True  # an interruption here leaves the two sides apart
            message = self.wire.receive()
            self.broken = False
            op = message.body.get("op")
            if op == "value":
                read = self._receive(message)
                if "value" not in read:
                    raise Broken("an answer without a value")
                return read["value"]
            if op == "slopes":
                return message
            if op == "error":
                self._receive(message)
                raise self.error(message.body)
            if op == "ended":
                raise Broken(str(message.body.get("why"))[:300])
            self._answer(message, {})

    def _answer(self, message: Message, words: dict[str, Callable[[dict[str, Any]], Any]]) -> None:
        self._served += 1
        if self._served > MOST_CALLS:
            raise Broken(f"more than {MOST_CALLS} calls")
        op = message.body.get("op")
        if op == "slopes of":
            with self._watching(True):
                self.take_slopes(message)
            return
        self._play.append({})
        try:
            try:
                if op in words:
                    value = words[op](message.body)
                elif op == "call":
                    value = self._called(self._receive(message), bool(message.body.get("grad")))
                else:
                    raise Broken(f"there is no word {op!r}")
            except Broken:
                raise
            except (Exception, SystemExit) as error:
                self._send(self.told(error))
            else:
                self._send_value(value)
        finally:
            self._play.pop()

    def _send_value(self, value: Any) -> None:
        try:
            self._send({"op": "value"}, value=value)
        except Broken:
            raise
        except Exception as error:  # a tensor without memory, a class that is not what it says
            text = f"what was returned cannot be read: {type(error).__name__}: {error}"
            self._send(self.told(TypeError(text)))

    def _called(self, asked: dict[str, Any], grad: bool) -> Any:
        target, args, options = asked["target"], asked["args"], dict(asked["options"])
        key = self.things.key(target) or ""
        if not key.startswith(self.things.side):
            raise Broken("only what is one's own can be called")
        with torch.set_grad_enabled(grad), self._watching(True):
            if isinstance(target, torch.optim.Optimizer):
                return target.step()
            if not callable(target):
                raise Broken("what is called is no function")
            return target(*args, **options)

    @contextlib.contextmanager
    def _watching(self, on: bool) -> Iterator[None]:
        """Let `profile` see the calls inside, or none of them."""
        if self.profile is None:
            yield
            return
        before = sys.getprofile()
        sys.setprofile(self.profile if on else None)
        try:
            yield
        finally:
            sys.setprofile(before)

    # Values with what has changed beside them.

    def _send(self, body: dict[str, Any], **values: Any) -> None:
        mail, play = Mail([]), self._play[-1]
        body["names"] = list(values)
        body["values"] = [self.things.out(value, mail) for value in values.values()]
        play.update(mail.keys)
        body["changes"] = changes = []
        done: set[str] = set()
        while todo := [key for frame in self._play for key in frame if key not in done]:
            for key in todo:
                done.add(key)
                thing = self.things.get(key)
                if key not in self._states:
                    self._states[key] = state(thing)
                    continue
                self._states[key], changed = news(thing, self._states[key])
                if changed:
                    changes.append([key, change_out(thing, self.things, mail)])
            play.update(mail.keys)
        # Whoever asks for hundreds of results passes hundreds of lists; those that are gone need no
        # look at the next crossing.
        for key in self.things.unheld(done):
            for frame in self._play:
                frame.pop(key, None)
        now = random_now()
        if now != self._random:
            body["random"] = random_out(now, self._random, mail.arrays)
            self._random = now
        self.wire.send(Message(body, mail.arrays))
        if len(self._play) > 2 and body["op"] == "value":
            self._play[-2].update(play)

    def _receive(self, message: Message) -> dict[str, Any]:
        body, mail, play = message.body, Mail(message.arrays), self._play[-1]
        try:
            names, values, changes = body.get("names", []), body["values"], body["changes"]
            read = dict(
                zip(names, [self.things.read(value, mail) for value in values], strict=True)
            )
            for key, written in changes:
                change_in(self.things.get(key), written, self.things, mail)
            if body.get("random"):
                self._random = self._random | random_in(body["random"], mail.arrays)
        except MALFORMED as error:
            raise Broken(f"a message that nobody writes: {error}") from error
        play.update(mail.keys)
        if len(self._play) > 2 and body["op"] == "value":
            self._play[-2].update(play)
        for key in {*mail.keys, *(key for key, _ in changes)}:
            self._states[key] = state(self.things.get(key))
        return read

    def _stand_in(self, key: str, mro: Any) -> Any:
        return StandIn(self, mro)

    def _remote(self, module: nn.Module, key: str) -> Callable[..., Any]:
        def forward(*args: Any, **options: Any) -> Any:
            return self.call(
                module if self.things.key(module) else self.things.get(key), *args, **options
            )

        return forward
