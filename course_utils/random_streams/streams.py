"""Raw random numbers: one generator for each use of randomness, and draws for one or many seeds."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor

#: bits: 16 random bits as int16; integers: 64 random bits as int64; uniform, uniform64: float32 and
#: float64 in [0, 1); normal, normal64: float32 and float64, standard normal.
Kind = Literal["bits", "integers", "uniform", "uniform64", "normal", "normal64"]
Source = Callable[[Kind, tuple[int, ...]], Tensor]
#: The kind and the shape of a random tensor to draw.
Request = tuple[Kind, tuple[int, ...]]

_DTYPES: dict[Kind, torch.dtype] = {
    "bits": torch.int16,
    "integers": torch.int64,
    "uniform": torch.float32,
    "uniform64": torch.float64,
    "normal": torch.float32,
    "normal64": torch.float64,
}
#: The number of values that 16 bits can have.
LEVELS = 2**16
#: Random bits are drawn for several steps at once, up to this many numbers per draw.
_MOST_AT_ONCE = 2**20


def stream(name: str, seed: int) -> torch.Generator:
    """A generator for one use of randomness (`name`) in the run with this seed.

    Initial weights, the order of the batches and dropout masks each have a stream of their own.
    Generators that start from the same seed give the same raw numbers, so with one seed for all the
    dropped units would depend on which samples are in a batch.
    """
    return torch.Generator().manual_seed(stream_seed(name, seed))


def stream_seed(name: str, seed: int) -> int:
    """The seed of that stream's generator, in [0, 2**63): a hash of `name` and `seed`."""
    digest = hashlib.blake2b(f"{name}: {seed}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def draw(kind: Kind, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw a tensor [*shape] of random numbers on the CPU."""
    if kind == "bits":
        # A 64-bit draw gives four of 16 bits; a shorter remainder is drawn on its own.
        whole, tail = divmod(math.prod(shape), 4)
        bits = _integers((whole,), generator).view(torch.int16)
        if tail:
            last = empty("bits", [tail]).random_(-LEVELS // 2, LEVELS // 2, generator=generator)
            bits = torch.cat([bits, last])
        return bits.view(shape)
    if kind == "integers":
        return _integers(shape, generator)
    if kind in ("uniform", "uniform64"):
        return torch.rand(shape, dtype=_DTYPES[kind], device="cpu", generator=generator)
    return torch.randn(shape, dtype=_DTYPES[kind], device="cpu", generator=generator)


def _integers(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return empty("integers", shape).random_(-(2**63), None, generator=generator)


def empty(kind: Kind, shape: Iterable[int]) -> Tensor:
    """An uninitialized tensor [*shape] on the CPU, with the dtype of `kind`."""
    return torch.empty(tuple(shape), dtype=_DTYPES[kind], device="cpu")


def draw_for_seeds(
    requests: Sequence[Request],
    generators: Sequence[torch.Generator],
    device: torch.device | str = "cpu",
    *,
    steps: int = 1,
) -> Iterator[list[Tensor]]:
    """Yield, for each of `steps` steps, the draws of all seeds: [seeds, *shape] per request.

    These are the numbers that each seed would draw alone, one step and one request after the other.
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
    # One large draw gives the same 64-bit numbers as many small ones, with far fewer calls.
    at_once = max(1, _MOST_AT_ONCE // max(1, total * len(generators)))
    for first in range(0, steps, at_once):
        count = min(at_once, steps - first)
        bits = [draw("bits", (count, total), g) for g in generators]
        for step in torch.stack(bits, dim=1).to(device):
            parts = zip(step.split(sizes, dim=1), requests, strict=True)
            yield [part.unflatten(1, shape) for part, (_, shape) in parts]
