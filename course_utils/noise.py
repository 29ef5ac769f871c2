"""One stream of random numbers per seed, the same for a run alone and for that run in a fleet.

Two runs can be compared as a *pair* when everything but the thing under study is equal: the initial
weights, the batches and the dropout masks (common random numbers). While a `NoiseStream` is active,
every random draw that a model or an augmentation makes with the usual PyTorch calls is served by
the stream's source: ``F.dropout`` (so ``nn.Dropout`` too), ``torch.rand_like``, ``torch.bernoulli``
and so on. `fit` plugs in a seeded generator (`SeededDraws`), the fleet plugs in tensors that hold
the draws of many seeds at once.

It is also faster: a dropout mask made of 16 random bits per unit costs a tenth of ``F.dropout``'s.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

#: bits: 16 random bits as int16; uniform: float32 in [0, 1); normal: float32, standard normal.
Kind = Literal["bits", "uniform", "normal"]
Source = Callable[[Kind, tuple[int, ...]], Tensor]
#: A random tensor to draw: its kind and its shape.
Request = tuple[Kind, tuple[int, ...]]

_LEVELS = 2**16
#: Random bits are drawn for as many steps as make no more numbers than this.
_MOST_AT_ONCE = 2**20


def stream(name: str, seed: int) -> torch.Generator:
    """A generator for one use of randomness (`name`) in the run with this seed.

    First weights, the order of the batches and dropout masks each have a stream of their own:
    generators that start from the same seed give the same raw numbers, and then which samples meet
    in a batch would say something about which units are dropped.
    """
    digest = hashlib.blake2b(f"{name}: {seed}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)


def draw(kind: Kind, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """A tensor of fresh random numbers on the CPU."""
    if kind == "uniform":
        return torch.rand(shape, generator=generator)
    if kind == "normal":
        return torch.randn(shape, generator=generator)
    # One 64-bit draw is four 16-bit ones; a tail shorter than that is drawn on its own.
    whole, tail = divmod(math.prod(shape), 4)
    bits = torch.empty(whole, dtype=torch.int64).random_(-(2**63), None, generator=generator)
    bits = bits.view(torch.int16)
    if tail:
        last = empty("bits", [tail]).random_(-_LEVELS // 2, _LEVELS // 2, generator=generator)
        bits = torch.cat([bits, last])
    return bits.view(shape)


def empty(kind: Kind, shape: Iterable[int]) -> Tensor:
    """An uninitialized tensor of the dtype that `kind` is drawn in."""
    return torch.empty(tuple(shape), dtype=torch.int16 if kind == "bits" else torch.float32)


def draw_for_seeds(
    requests: Sequence[Request],
    generators: Sequence[torch.Generator],
    device: torch.device | str = "cpu",
    *,
    steps: int = 1,
) -> Iterator[list[Tensor]]:
    """In each of `steps` steps: for each request in turn the draws of all seeds, [seeds, *shape].

    They are the numbers that each seed would draw alone, one step and one request after the other.
    """
    sizes = [math.prod(shape) for _, shape in requests]
    total = sum(sizes)
    if not requests or any(k != "bits" for k, _ in requests) or any(n % 4 for n in sizes):
        for _ in range(steps):
            yield [
                torch.stack([draw(kind, shape, g) for g in generators]).to(device)
                for kind, shape in requests
            ]
        return
    # Whole 64-bit draws are the same numbers when many are drawn at once, for a fraction of the
    # calls.
    at_once = max(1, _MOST_AT_ONCE // max(1, total * len(generators)))
    for first in range(0, steps, at_once):
        count = min(at_once, steps - first)
        bits = [draw("bits", (count, total), g) for g in generators]
        for step in torch.stack(bits, dim=1).to(device):
            parts = zip(step.split(sizes, dim=1), requests, strict=True)
            yield [part.unflatten(1, shape) for part, (_, shape) in parts]


class SeededDraws:
    """A context, to be entered as often as needed, in which random draws depend on `seed` alone.

    It goes on where it was left, and the global random state outside stays untouched. Draws are
    made on the CPU and moved to `device`, so that every device meets the same numbers.
    """

    def __init__(
        self, seed: int, device: torch.device | str = "cpu", source: Source | None = None
    ) -> None:
        """`source`: where the draws come from, if not from the seed's own stream."""
        generator = stream("draws", seed)
        own = lambda kind, shape: draw(kind, shape, generator).to(device)  # noqa: E731
        self._noise = NoiseStream(source or own)
        # What NoiseStream does not know (a learner's torch.multinomial, say) meets this state.
        self._state = stream("other draws", seed).get_state()
        self._outer: list[Tensor] = []

    def __enter__(self) -> None:
        self._outer.append(torch.get_rng_state())
        torch.set_rng_state(self._state)
        self._noise.__enter__()

    def __exit__(self, *exception: Any) -> None:
        self._noise.__exit__(*exception)
        self._state = torch.get_rng_state()
        torch.set_rng_state(self._outer.pop())


class NoiseStream(TorchFunctionMode):
    """While active, serves PyTorch's random functions from `source` (see the module)."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        replacement = _REPLACEMENTS.get(func)
        kwargs = kwargs or {}
        # A call with a generator of its own has said where its numbers come from: leave it alone.
        if replacement is None or kwargs.get("generator") is not None:
            return func(*args, **kwargs)
        kwargs.pop("generator", None)
        return replacement(self.source, *args, **kwargs)


def _keep_mask(source: Source, shape: tuple[int, ...], p: float, like: Tensor) -> Tensor:
    """Inverted-dropout multipliers: 0 with probability p, else 1/(1-p)."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability must be in [0, 1], got {p}; p is the share dropped")
    bits = source("bits", shape)
    if p == 1.0:
        return torch.zeros(shape, dtype=like.dtype, device=like.device)
    # Keep where bits >= dropped. Whole numbers make that a clamp to exactly 0 or 1, which costs a
    # third of a comparison and its conversion from bool.
    dropped = round(p * _LEVELS) - _LEVELS // 2
    keep = (bits.to(torch.float32) - (dropped - 1)).clamp(0.0, 1.0)
    return keep.to(like.dtype) * (1.0 / (1.0 - p))


def _dropout(
    source: Source, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    if not training:
        return input
    mask = _keep_mask(source, tuple(input.shape), p, input)
    return input.mul_(mask) if inplace else input * mask


def _channel_dropout(unbatched_ndim: int | None) -> Callable[..., Tensor]:
    """Dropout of whole channels (dropout1d to dropout3d): one draw for each [sample, channel], or
    for each [channel] of an input that has no sample dimension."""

    def dropout(
        source: Source, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if not training:
            return input
        kept = 1 if input.ndim == unbatched_ndim else 2
        shape = tuple(input.shape[:kept]) + (1,) * (input.ndim - kept)
        mask = _keep_mask(source, shape, p, input)
        return input.mul_(mask) if inplace else input * mask

    return dropout


def _size(size: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], tuple | list) else size


def _rand(source: Source, *size: Any, **options: Any) -> Tensor:
    size = size or (options["size"],)
    return _placed(source("uniform", _size(size)), options)


def _randn(source: Source, *size: Any, **options: Any) -> Tensor:
    size = size or (options["size"],)
    return _placed(source("normal", _size(size)), options)


def _rand_like(source: Source, input: Tensor, **options: Any) -> Tensor:
    return _rand(source, input.shape, **{"dtype": input.dtype, "device": input.device, **options})


def _randn_like(source: Source, input: Tensor, **options: Any) -> Tensor:
    return _randn(source, input.shape, **{"dtype": input.dtype, "device": input.device, **options})


def _placed(drawn: Tensor, options: dict[str, Any], dtype: torch.dtype | None = None) -> Tensor:
    """`drawn` with the dtype and device asked for, else with `dtype` where it is."""
    asked = {k: options[k] for k in ("dtype", "device") if options.get(k) is not None}
    placed = drawn.to(**{"dtype": dtype or drawn.dtype, **asked})
    return placed.requires_grad_() if options.get("requires_grad") else placed


def _bernoulli(source: Source, input: Tensor, p: float | None = None) -> Tensor:
    chance = input if p is None else p
    return (source("uniform", tuple(input.shape)).to(input.device) < chance).to(input.dtype)


def _bernoulli_(source: Source, input: Tensor, p: float | Tensor = 0.5) -> Tensor:
    drawn = source("uniform", tuple(input.shape)).to(input.device) < p
    return input.copy_(drawn)


def _uniform_(source: Source, input: Tensor, *bounds: float, **named: float) -> Tensor:
    low = named.get("from", bounds[0] if bounds else 0.0)
    high = named.get("to", bounds[1] if len(bounds) > 1 else 1.0)
    return input.copy_(source("uniform", tuple(input.shape)) * (high - low) + low)


def _normal_(source: Source, input: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    return input.copy_(source("normal", tuple(input.shape)) * std + mean)


def _randint(source: Source, *args: Any, **options: Any) -> Tensor:
    numbers = list(args)
    size = options["size"] if "size" in options else numbers.pop()
    high: int = options["high"] if "high" in options else numbers.pop()
    low: int = options.get("low", numbers[0] if numbers else 0)
    uniform = source("uniform", tuple(size))
    drawn = (uniform * (high - low) + low).floor().clamp(max=high - 1)
    return _placed(drawn, options, torch.int64)


def _randperm(source: Source, n: int, **options: Any) -> Tensor:
    return _placed(source("uniform", (n,)).argsort(), options)


_REPLACEMENTS: dict[Any, Callable[..., Tensor]] = {
    F.dropout: _dropout,
    F.dropout1d: _channel_dropout(2),
    F.dropout2d: _channel_dropout(None),
    F.dropout3d: _channel_dropout(4),
    torch.dropout: _dropout,
    torch.rand: _rand,
    torch.randn: _randn,
    torch.rand_like: _rand_like,
    torch.randn_like: _randn_like,
    torch.bernoulli: _bernoulli,
    Tensor.bernoulli: _bernoulli,
    Tensor.bernoulli_: _bernoulli_,
    Tensor.uniform_: _uniform_,
    Tensor.normal_: _normal_,
    torch.randint: _randint,
    torch.randperm: _randperm,
}
