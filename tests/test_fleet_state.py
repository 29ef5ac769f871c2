"""What a run remembers outside of tensors: it trains alone, and the world stays as it was.

Each member of each fleet here is compared with the same run by `fit`.
"""

import itertools
from collections import deque

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.fleet import Run
from course_utils.regularizers import l2_penalty
from tests.fleets import BATCH, DATA, compared, mlp, sgd

pytestmark = pytest.mark.usefixtures("float64")


def nonlocal_number():
    n = 0

    def count():
        nonlocal n
        n += 1
        return n

    return count


def default_argument():
    def count(n=[0]):  # noqa: B006  # it is the trap
        n[0] += 1
        return n[0]

    return count


def class_attribute():
    class Count:
        n = 0

        def __call__(self):
            Count.n += 1
            return Count.n

    return Count()


def function_attribute():
    def count():
        count.n += 1
        return count.n

    count.n = 0
    return count


def attribute():
    class Count:
        n = 0

        def __call__(self):
            self.n += 1
            return self.n

    return Count().__call__


def ends_of_a_queue():
    queue = deque([0], maxlen=1)
    return lambda: queue.append(queue[0] + 1) or queue[0]


def growing(container, add):
    return lambda: add(container, len(container)) or len(container)


def an_array():
    n = np.zeros(1)

    def count():
        n[0] += 1
        return n[0]

    return count


def a_generator():
    def numbers():
        yield from itertools.count()

    n = numbers()
    return lambda: next(n)


def next_of(iterator):
    return lambda: next(iterator)


CHANGES = "changes from step to step or from run to run, and is no weight and no buffer"
COUNTERS = {
    "nonlocal": (nonlocal_number, f"`n` {CHANGES}"),
    "default": (default_argument, rf"`count's default 0\[0\]` {CHANGES}"),
    "class attribute": (class_attribute, f"`Count.n` {CHANGES}"),
    "function attribute": (function_attribute, f"`count.n` {CHANGES}"),
    "attribute": (attribute, f"`Count.n` {CHANGES}"),
    "deque": (ends_of_a_queue, rf"`queue\[0\]` {CHANGES}"),
    "list": (lambda: growing([], list.append), f"`container` {CHANGES}"),
    "dict": (lambda: growing({}, lambda d, n: d.update({n: n})), f"`container` {CHANGES}"),
    "set": (lambda: growing(set(), set.add), f"`container` {CHANGES}"),
    "array": (an_array, f"`n` {CHANGES}"),
    "iterator": (lambda: next_of(iter(range(10**6))), "a range_iterator, and what that remembers"),
    "itertools": (lambda: next_of(itertools.count()), "a count, and what that remembers"),
    "generator": (a_generator, "a generator, and what that remembers"),
}


@pytest.mark.parametrize("of", ["penalty", "augmentation"])
@pytest.mark.parametrize(("counter", "why"), COUNTERS.values(), ids=COUNTERS.keys())
def test_what_counts_its_steps_trains_alone(counter, why, of):
    def build(lam):
        model, count = mlp(), counter()
        if of == "augmentation":
            return Run(model, sgd(model), augment=lambda x: x.flip(-1) if count() > 4 else x)
        return Run(model, sgd(model), penalty=lambda m: lam * (count() > 4) * l2_penalty(m))

    compared(build, [0.1], why)


@pytest.mark.parametrize("n", [16, 28])
@pytest.mark.parametrize("period", [2, 3])
@pytest.mark.parametrize("seeds", [1, 2])
def test_what_comes_back_to_where_it_was_trains_alone(period, n, seeds):
    def build(value):
        model, turn = mlp(), [0]

        def augment(x):
            turn[0] = (turn[0] + 1) % period
            return x if turn[0] else x.flip(-1)

        return Run(model, sgd(model), augment=augment)

    compared(build, [0], f"turn.*{CHANGES}", data=DATA.subset(n), seeds=seeds, epochs=6)


def test_what_counts_short_batches_only():
    def build(value):
        model, short = mlp(), []

        def augment(x):
            if len(x) < BATCH:
                short.append(1)
            return x * (1 + 0.1 * len(short))

        return Run(model, sgd(model), augment=augment)

    compared(build, [0], "")


def test_a_count_that_hangs_on_a_weight():
    def build(lam):
        model = mlp()

        def penalty(m):
            weight = m.layers[1].weight
            weight.count = getattr(weight, "count", 0) + 1
            return lam * (weight.count > 12) * l2_penalty(m)

        return Run(model, sgd(model), penalty=penalty)

    compared(build, [0.1], "", epochs=12)


class Warms(nn.Module):
    """An augmentation with a buffer of its own, which is none of the model's."""

    def __init__(self):
        super().__init__()
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, x):
        self.steps = self.steps + 1
        return x * (1 + 0.1 * (self.steps > 4))


def test_buffers_of_other_modules_than_the_model():
    def build(value):
        model = mlp()
        return Run(model, sgd(model), augment=Warms())

    compared(build, [0], "", epochs=6)
