"""Counters that all builds share, and that each build starts anew."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable

from tests.fuzzing.traps.signals import Count


class Shared:
    calls = 0


def class_attribute() -> Count:
    Shared.calls = 0  # a build starts it anew, so that a run alone is well defined

    def count() -> int:
        Shared.calls += 1
        return Shared.calls

    return count


_calls = 0


def global_variable() -> Count:
    global _calls
    _calls = 0

    def count() -> int:
        global _calls
        _calls += 1
        return _calls

    return count


def environment_variable() -> Count:
    os.environ["FUZZED_CALLS"] = "0"

    def count() -> int:
        os.environ["FUZZED_CALLS"] = str(int(os.environ["FUZZED_CALLS"]) + 1)
        return int(os.environ["FUZZED_CALLS"])

    return count


_variable: contextvars.ContextVar[int] = contextvars.ContextVar("calls", default=0)


def context_variable() -> Count:
    _variable.set(0)

    def count() -> int:
        _variable.set(_variable.get() + 1)
        return _variable.get()

    return count


_local = threading.local()


def thread_local() -> Count:
    _local.calls = 0

    def count() -> int:
        _local.calls += 1
        return _local.calls

    return count


#: By name.
SHARED: dict[str, Callable[[], Count]] = {
    "class attribute": class_attribute,
    "global variable": global_variable,
    "environment variable": environment_variable,
    "context variable": context_variable,
    "thread-local": thread_local,
}
