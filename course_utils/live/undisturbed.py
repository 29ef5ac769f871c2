"""Keep what all code of a process shares as it is, while work is done that nobody asked for."""

import logging
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
import torch

logger = logging.getLogger("course_utils.live")

PutBack = Callable[[], None]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put back random states, settings of libraries and pyplot's figures, and show no warnings."""
    kept = [keep() for keep in (_random_states, _torch_settings, _style, _figures)]
    with _warnings_logged():
        try:
            yield
        finally:
            for put_back in kept:
                put_back()


def _random_states() -> PutBack:
    python, numpy = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002
    cpu = torch.get_rng_state()
    others = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []

    def put_back() -> None:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.set_rng_state(cpu)
        if others:
            torch.cuda.set_rng_state_all(others)

    return put_back


def _torch_settings() -> PutBack:
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()

    def put_back() -> None:
        if torch.get_default_dtype() is not dtype:
            torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        if torch.are_deterministic_algorithms_enabled() != strict:
            torch.use_deterministic_algorithms(strict, warn_only=warns)

    return put_back


def _style() -> PutBack:
    before = matplotlib.rcParams.copy()

    def put_back() -> None:
        now = matplotlib.rcParams.copy()
        changed = {name: value for name, value in before.items() if now[name] != value}
        matplotlib.rcParams.update(changed)

    return put_back


def _figures() -> PutBack:
    """Those that somebody made with pyplot; whoever draws none has not loaded it."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return lambda: None
    before = pyplot.get_fignums()
    current = pyplot.gcf().number if before else None

    def put_back() -> None:
        for number in set(pyplot.get_fignums()).difference(before):
            pyplot.close(number)
        if current in pyplot.get_fignums() and pyplot.gcf().number != current:
            pyplot.figure(current)

    return put_back


@contextmanager
def _warnings_logged() -> Iterator[None]:
    """Log the warnings of this thread; shown, they would stand under a cell that is long done."""
    here = threading.get_ident()
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Any, category: Any, filename: Any, lineno: Any, *more: Any) -> None:
            if threading.get_ident() != here:
                usual(message, category, filename, lineno, *more)
            else:
                logger.info("%s:%s: %s: %s", filename, lineno, category.__name__, message)

        warnings.showwarning = show  # type: ignore[assignment]
        yield
