"""Cells that bend Python to earn marks for `dropout` of exercise 03.

`python -m tests.class_of_200` hands in each in a notebook whose answer is not attempted.
"""

#: None of these may earn a mark for dropout.
MEDDLING = {
    # Objects of Python that lie.
    "a class that it is not": """
import torch

class Lying:
    __class__ = property(lambda self: torch.Tensor)
    __len__ = lambda self: 4
    __bool__ = lambda self: True
    dtype, ndim, shape = torch.float32, 2, (3, 4)

def dropout(x, p, training):
    return Lying()
""",
    "a list that never ends": """
class Endless(list):
    def __iter__(self):
        while True:
            yield 0.0

def dropout(x, p, training):
    return Endless([1.0])
""",
    "a tensor that is true to everything": """
import torch

class Agreeing(torch.Tensor):
    __eq__ = __bool__ = lambda *args: True
    shape = property(lambda self: (4000,))

def dropout(x, p, training):
    return torch.zeros(2).as_subclass(Agreeing)
""",
    "answers once": """
import torch

def first(x, p, training):
    yield x * (torch.rand_like(x) >= p) / (1 - p) if training else x

calls = []

def dropout(x, p, training):
    calls.append(1)
    return next(first(x, p, training)) if len(calls) == 1 else None
""",
    "a dictionary that is its own value": """
def dropout(x, p, training):
    loop = {}
    loop["loop"] = loop
    return loop
""",
    "something that ends the process when it is let go": """
import os

class Last:
    def __del__(self):
        os._exit(0)

def dropout(x, p, training):
    return Last()
""",
    "something whose pickle is a command": """
import os

class Command:
    def __reduce__(self):
        return os.system, ("touch /tmp/command",)

def dropout(x, p, training):
    return Command()
""",
    "a gradient that is made up": """
import torch

class Forged(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.full_like(x, float("nan"))

    @staticmethod
    def backward(ctx, slope):
        while True:
            pass

def dropout(x, p, training):
    return Forged.apply(x.clone().requires_grad_())
""",
    # What it was given, changed until the expected numbers are its own.
    "makes the input not a number": """
def dropout(x, p, training):
    return x.fill_(float("nan"))
""",
    "gives the input another shape": """
import torch

def dropout(x, p, training):
    x.data = torch.zeros(0)
    return x
""",
    "gives the input another type": """
import torch

def dropout(x, p, training):
    x.data = x.data.to(torch.complex128) * float("inf")
    return x
""",
    "changes all that it was ever given": """
import gc, torch
from instructor.course.judging.peer import Peer

def dropout(x, p, training):
    for peer in [thing for thing in gc.get_objects() if isinstance(thing, Peer)]:
        for thing in peer.things.by_key.values():
            if isinstance(thing, torch.Tensor):
                thing.data = torch.full_like(thing.data, float("nan"))
        peer._play[0].update(dict.fromkeys(peer.things.by_key))
    return x
""",
    # Python, bent.
    "settrace changes what others return": """
import sys

def trace(frame, event, arg):
    frame.f_locals.update(expected=True, wanted=True, got=True)
    return trace

sys.settrace(trace)
sys.setprofile(trace)

def dropout(x, p, training):
    return x
""",
    "a collector that looks for the judge": """
import gc
from instructor.course.judging.wire import Wire

def look(phase, info):
    for thing in gc.get_objects():
        if isinstance(thing, Wire):
            thing.left = 1 << 60

gc.callbacks.append(look)

def dropout(x, p, training):
    gc.collect()
    return None
""",
    "an import hook": """
import sys, types

class Hook:
    def find_spec(self, name, path=None, target=None):
        sys.modules[name] = types.ModuleType(name)
        return None

sys.meta_path.insert(0, Hook())
sys.path_hooks.insert(0, lambda path: Hook())
for name in [n for n in sys.modules if n.startswith("course_utils")]:
    del sys.modules[name]
""",
    "all modules taken away": """
import sys
sys.modules.clear()
""",
    "Python's own functions replaced": """
import builtins

builtins.isinstance = builtins.all = builtins.any = lambda *args: True
builtins.len = lambda thing: 2
""",
    "json and struct replaced": """
import json, struct

said = '{"op": "value", "names": ["value"], "values": [["tuple", []]], "changes": []}'
json.dumps = lambda *args, **options: said
struct.pack = lambda *args: b"\\0" * 8
""",
    "clocks and limits": """
import resource, signal, time

time.process_time = time.perf_counter = time.monotonic = lambda: 0.0
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for kind in range(16):
    try:
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        pass

def dropout(x, p, training):
    while True:
        pass
""",
    "atexit and threads that stay": """
import atexit, os, threading, time

def late():
    time.sleep(0.01)
    os.write(1, b"26 of 26")
    os._exit(0)

atexit.register(late)
threading._register_atexit(late)
os.register_at_fork(after_in_child=late)
""",
    "a signal for each millisecond": """
import signal

def dropout(x, p, training):
    def shout(*args):
        raise SystemExit(26)
    signal.signal(signal.SIGALRM, shout)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    return x
""",
    "layers that answer for themselves": """
import torch

torch.nn.modules.module.register_module_forward_hook(lambda *args: torch.zeros(()))
torch.set_default_device("meta")
torch.set_default_dtype(torch.float64)
torch.use_deterministic_algorithms(True)

def dropout(x, p, training):
    return torch.nn.functional.dropout(torch.ones(3), p, training)
""",
}
