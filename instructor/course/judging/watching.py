"""The judge's changes around a check: forbidden calls are looked for, and draws are seeded."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import numpy as np
import torch

from instructor.course.judging.stand_ins import StandIn
from instructor.course.judging.wire import Broken

LONGEST, MOST_TEXTS = 500, 20  # of what a player says of its cells

importlib.import_module("course_utils.exercises.attempt")
ATTEMPT = sys.modules["course_utils.exercises.attempt"]  # the function of that name hides it


def watched_there() -> AbstractContextManager[Any]:
    """While a check runs, let the player look for calls that an answer must not make."""
    return mock.patch.object(ATTEMPT, "_recorded_calls", _recorded_calls)


def derived(seed: int, purpose: str) -> int:
    """A seed for one purpose. An answer can see the random states and so find out this seed, but
    neither `seed` nor any other seed derived from it."""
    return int.from_bytes(hashlib.sha256(f"{purpose}/{seed}".encode()).digest()[:8], "big")


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed all global generators inside, so that a check always draws the same numbers.

    `torch.manual_seed` seeds the processor's generator alone, where all checks run: PyTorch's own
    asks for every other device, and notes who called it, each time.
    """
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.default_generator.manual_seed(seed)
    try:
        with mock.patch.object(torch, "manual_seed", _seed):
            yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_rng_state(before[2])


def _seed(seed: int) -> torch.Generator:
    return torch.default_generator.manual_seed(int(seed))


@contextlib.contextmanager
def _recorded_calls(answer: Any, forbidden: Iterable[Any]) -> Iterator[set[str]]:
    """Let the player look for calls of `forbidden` functions in the answer's own lines."""
    used: set[str] = set()
    functions = [place for function in forbidden for place in [_place(function)] if place]
    if not functions or not isinstance(answer, StandIn):
        yield used
        return
    # Looked for where the code runs, by what the code may have changed: it tells honest students
    # what they must not use, and is a hint for a person where somebody evades it.
    peer = answer.peer
    peer.ask("watch", functions=functions)
    yield used
    if not peer.broken:
        used.update(texts(peer.ask("watched")))


def texts(value: Any) -> list[str]:
    """A list of texts from the player, shortened to what a person would read."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise Broken("something else than a list of texts came back")
    return [text[:LONGEST] for text in value[:MOST_TEXTS]]


def _place(function: Any) -> list[str] | None:
    """The module and the name under which a function is found."""
    named = (getattr(function, "__module__", None), getattr(function, "__qualname__", ""))
    homes = ("torch", "torch.nn.functional", "torch._C._nn")
    # PyTorch's own are "_VariableFunctionsClass.dropout", and found as `torch.dropout`.
    names = dict.fromkeys((named[1], named[1].rpartition(".")[2]))
    places = [named, *((home, name) for home in homes for name in names)]
    for home, name in places:
        thing: Any = sys.modules.get(home or "")
        for part in name.split("."):
            thing = getattr(thing, part, None)
        if thing is function:
            return [str(home), name]
    return None
