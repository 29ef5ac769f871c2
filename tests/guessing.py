"""Cells that guess at `exposes_leak` of exercise 01, which is answered with yes or no."""

#: None of these may earn a mark for exposes_leak.
GUESSING = {
    "yes first, then no": """
calls = []

def exposes_leak(split):
    calls.append(split)
    return len(calls) == 1
""",
    "yes and no by turns": """
calls = []

def exposes_leak(split):
    calls.append(split)
    return len(calls) % 2 == 1
""",
    "a coin": """
import random

def exposes_leak(split):
    return random.SystemRandom().random() < 0.5
""",
    "yes to whom it knows": """
seen = []

def exposes_leak(split):
    known = any(split is other for other in seen)
    seen.append(split)
    return known
""",
    "by the number under which it came": """
import gc
from instructor.course.judging.peer import Peer

def exposes_leak(split):
    (peer,) = [thing for thing in gc.get_objects() if isinstance(thing, Peer)][:1]
    return int(peer.things.key(split)[1:]) % 2 == 0
""",
    "by the order that the seeds would give": """
import random
import numpy as np
import torch

order = None

def exposes_leak(split):
    global order
    if order is None:
        seed = int(np.random.get_state()[1][0])
        order = random.Random(seed)
    return order.random() < 0.5
""",
    "asks with what no split takes": """
import torch

def exposes_leak(split):
    for given in (range(10**6), [[]] * 1000, torch.empty(0, 1), {}, split, float("nan")):
        try:
            split(given, given)
        except Exception as error:
            told = str(error)
    return told
""",
    "asks without end": """
import torch

def exposes_leak(split):
    x = torch.zeros(1_000_000, 1)
    while True:
        split(x, torch.zeros(1_000_000, dtype=torch.long))
""",
    "an answer to compare with": """
class Yes(int):
    __eq__ = __bool__ = lambda *args: True
    __hash__ = None

def exposes_leak(split):
    return Yes(1)
""",
}
