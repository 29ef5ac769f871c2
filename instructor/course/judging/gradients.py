"""Compute gradients through the other side: a result that needs a gradient requests it there."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

from instructor.course.judging.errors import Errors
from instructor.course.judging.numbers import tensor_in, tensor_out
from instructor.course.judging.things import Things
from instructor.course.judging.wire import MALFORMED, Broken, Message, Wire


class Gradients(Errors):
    """The part of a peer that computes gradients for the other side, and requests them from it."""

    things: Things
    wire: Wire

    @abstractmethod
    def answered(self) -> Any:
        """The other side's answer to a request."""

    @abstractmethod
    def give_up(self, error: Broken) -> None:
        """Record why the conversation is over."""

    def needs(self, value: Tensor) -> list[str]:
        """The keys of what the gradient of `value` reaches first."""
        known = {
            (id(t) if t.is_leaf else t.grad_fn): key
            for key, t in self.things.by_key.items()
            if isinstance(t, Tensor) and t.requires_grad and t is not value
        }
        found: dict[str, None] = {}
        todo, seen = [value.grad_fn], set()
        while todo:
            node = todo.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            key = known.get(node) or known.get(id(getattr(node, "variable", None)))
            if key:
                found[key] = None
            else:
                todo += [after for after, _ in node.next_functions]
        return list(found)

    def output(self, key: str, value: Tensor, needs: list[str]) -> Tensor:
        inputs = [self.things.get(name) for name in needs]
        if not all(isinstance(t, Tensor) for t in inputs) or not value.is_floating_point():
            raise Broken("a gradient that nobody can take")
        kept = [(n, t) for n, t in zip(needs, inputs, strict=True) if t.requires_grad]
        start = torch.zeros((), requires_grad=True)
        names, tensors = [n for n, _ in kept], [t for _, t in kept]
        with torch.enable_grad():
            return _Elsewhere.apply(self, key, names, value, start, *tensors)

    def slopes(self, key: str, needs: list[str], slope: Tensor) -> list[Tensor | None]:
        """The gradient for each of `needs`, computed on the other side from its tensor `key`."""
        arrays: list[bytes] = []
        written = tensor_out(slope, arrays)
        self.wire.send(
            Message({"op": "slopes of", "key": key, "for": needs, "slope": written}, arrays)
        )
        message = self.answered()
        found = message.body.get("slopes") if isinstance(message, Message) else None
        if not isinstance(found, list) or len(found) != len(needs):
            raise Broken("other gradients than were asked for")
        try:
            return [None if s is None else tensor_in(s, message.arrays) for s in found]
        except MALFORMED as error:
            raise Broken(f"gradients that nobody writes: {error}") from error

    def take_slopes(self, message: Message) -> None:
        body = message.body
        arrays: list[bytes] = []
        try:
            inputs = [self.things.get(key) for key in body["for"]]
            result = self.things.get(body["key"])
            slope = tensor_in(body["slope"], message.arrays)
        except MALFORMED as error:
            raise Broken(f"a gradient that nobody asks for: {error}") from error
        if not all(isinstance(thing, Tensor) for thing in (result, *inputs)):
            raise Broken("a gradient of what is no tensor")
        try:
            options = {"retain_graph": True, "allow_unused": True}
            found = torch.autograd.grad(result, inputs, slope, **options) if inputs else ()
        except RuntimeError as error:
            self.wire.send(Message({**self.told(error), "values": [], "changes": []}))
            return
        written = [None if s is None else tensor_out(s, arrays) for s in found]
        self.wire.send(Message({"op": "slopes", "slopes": written}, arrays))


class _Elsewhere(torch.autograd.Function):
    """A tensor whose graph is on the other side."""

    @staticmethod
    def forward(
        ctx: Any, peer: Gradients, key: str, needs: list[str], value: Tensor, *inputs: Tensor
    ) -> Tensor:
        ctx.peer, ctx.key, ctx.needs = peer, key, needs
        return value

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        try:
            found = ctx.peer.slopes(ctx.key, ctx.needs, slope)
        except Broken as error:
            ctx.peer.give_up(error)
            raise
        return None, None, None, None, torch.zeros(()), *found
