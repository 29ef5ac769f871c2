"""Contexts in which a stream serves PyTorch's random functions."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from types import FrameType, FunctionType
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import checkpoint

from course_utils.random_streams.functions import FUNCTIONS, Serve
from course_utils.random_streams.in_place import IN_PLACE
from course_utils.random_streams.layers import LAYERS
from course_utils.random_streams.streams import Kind, Source, draw, stream, stream_seed

_SERVED = FUNCTIONS | IN_PLACE | LAYERS
#: PyTorch's functions written in Python that draw inside, in layers or in gradient hooks.
_FOLLOWED = {
    F.dropout1d,
    F.dropout2d,
    F.dropout3d,
    F.alpha_dropout,
    F.feature_alpha_dropout,
    F.rrelu,
    F.gumbel_softmax,
    F.multi_head_attention_forward,
    Tensor.backward,
    torch.autograd.backward,
    torch.autograd.grad,
}
#: Arguments of random functions, and the values with which they change nothing.
_USUAL: dict[str, tuple[Any, ...]] = {
    "generator": (None,),
    "out": (None,),
    "names": (None,),
    "layout": (None, torch.strided),
    "memory_format": (None, torch.preserve_format),
    "pin_memory": (None, False),
    "requires_grad": (None, False),
}
#: Arguments that have another name in this package, because `from` is a reserved word in Python.
_RENAMED = {"from": "low", "to": "high"}


class SeededDraws:
    """A context, to be entered as often as needed, in which random draws depend on `seed` alone.

    Each entry continues where the last one ended, and the global random state outside stays
    untouched. Draws are made on the CPU and moved to `device`, so that every device gets the same
    numbers. A backward pass belongs inside too: gradient hooks may draw.
    """

    def __init__(
        self, seed: int, device: torch.device | str = "cpu", source: Source | None = None
    ) -> None:
        """Make the context; nothing is drawn yet.

        Args:
            seed: decides all draws, unless there is a `source`, which then makes the served ones.
            device: where the drawn tensors are put.
            source: where served draws come from, instead of the seed's own stream.
        """
        generator = stream("draws", seed)

        def own(kind: Kind, shape: tuple[int, ...]) -> Tensor:
            return draw(kind, shape, generator).to(device)

        self._stream = RandomStream(source or own)
        # Draws that RandomStream leaves to PyTorch (a learner's torch.multinomial, say) use this
        # state.
        self._device = torch.device(device)
        start = stream_seed("other draws", seed)
        self._states = [
            torch.Generator(d).manual_seed(start).get_state() for d in _generating(self._device)
        ]
        self._starts = list(self._states)
        self._outer: list[list[Tensor]] = []

    @property
    def left_some_to_pytorch(self) -> bool:
        """Whether draws inside have used PyTorch's global state, because they are not served."""
        return not all(map(torch.equal, self._states, self._starts))

    def __enter__(self) -> None:
        self._outer.append(_exchange(self._device, self._states))
        self._stream.__enter__()

    def __exit__(self, *exception: Any) -> None:
        self._stream.__exit__(*exception)
        self._states = _exchange(self._device, self._outer.pop())


def _generating(device: torch.device) -> list[torch.device]:
    """The devices whose global random state a run on `device` may use."""
    return [torch.device("cpu"), *([device] if device.type == "cuda" else [])]


def _exchange(device: torch.device, states: list[Tensor]) -> list[Tensor]:
    """Set the global random states to `states`, and return the ones before."""
    before = [torch.get_rng_state()]
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        before.append(torch.cuda.get_rng_state(device))
        torch.cuda.set_rng_state(states[1], device)
    return before


class RandomStream(TorchFunctionMode):
    """While active, serves PyTorch's random functions from `source` (see the package).

    These calls are left to PyTorch as a whole:

    - a call that names where its numbers come from or go to (``generator=``, ``out=``), and one
      that `functions`, `in_place` and `layers` do not serve. It draws from PyTorch's global state,
      or raises under `torch.func.vmap`, which by default allows no random operations;
    - a draw within a `vmap` that was entered after the stream, because it may need different
      numbers for each sample;
    - a draw within `torch.utils.checkpoint`, which repeats the computation in the backward pass and
      restores PyTorch's state, but no other, to get the same numbers.

    ``torch.manual_seed`` changes the global state, and nothing that the stream serves.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self._vmaps: list[int] = []

    def __enter__(self) -> Self:
        self._vmaps.append(_active_vmaps())
        super().__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)
        self._vmaps.pop()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        serve = _SERVED.get(func)
        if serve is not None and _active_vmaps() == self._vmaps[0] and not _is_checkpointed():
            served = self._serve(serve, args, kwargs)
            return func(*args, **kwargs) if served is NotImplemented else served
        if func in _FOLLOWED:
            with self:
                return _body(func)(*args, **kwargs)
        return func(*args, **kwargs)

    def _serve(self, serve: Serve, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        named = {}
        for name, value in kwargs.items():
            if name not in _USUAL:
                named[_RENAMED.get(name, name)] = value
            elif not any(value is usual for usual in _USUAL[name]):
                return NotImplemented
        try:
            return serve(self.source, *args, **named)
        except TypeError as error:
            traceback = error.__traceback__
            if traceback is not None and traceback.tb_next is not None:
                raise
            return NotImplemented  # `serve` was not even entered: it takes no such arguments


def _active_vmaps() -> int:
    active = torch._C._functorch.get_interpreter_stack() or ()
    return sum(each.key() == torch._C._functorch.TransformType.Vmap for each in active)


def _is_checkpointed() -> bool:
    """Whether `torch.utils.checkpoint` is among the callers, forward or backward."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_globals is vars(checkpoint):
            return True
        frame = frame.f_back
    return False


@functools.cache
def _body(func: FunctionType) -> FunctionType:
    """A copy of `func` that does not look for an active mode.

    PyTorch's functions in Python first pass themselves to the active mode, which is then switched
    off while they run. This copy skips that, so the mode can stay on for the calls inside.
    """

    def none_active(*args: Any) -> bool:
        return False

    checks = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
    names = func.__globals__ | dict.fromkeys(checks, none_active)
    copy = FunctionType(func.__code__, names, func.__name__, func.__defaults__, func.__closure__)
    copy.__kwdefaults__ = func.__kwdefaults__
    return copy
