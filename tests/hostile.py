"""Cells that try to earn marks for `dropout` and harm the computer that they run on.

They are run in the sandbox alone.
"""

#: Each in a notebook whose answer is not attempted; none may earn a mark.
HOSTILE = {
    "ends all processes": """
import os

def dropout(x, p, training):
    os.kill(-1, 9)
""",
    "ends its parent": """
import os

def dropout(x, p, training):
    os.kill(os.getppid(), 9)
    return x
""",
    "takes all memory": """
import torch

def dropout(x, p, training):
    return [torch.empty(1 << 28) for _ in range(1000)]
""",
    "starts many processes": """
import os, time

def dropout(x, p, training):
    for _ in range(5):
        if os.fork() == 0:
            time.sleep(1000)
            os._exit(0)
    return x
""",
    "fills the disk": """
def dropout(x, p, training):
    for i in range(20):
        with open(f"/tmp/{i}", "wb") as file:
            file.write(b"x" * (32 << 20))
    return x
""",
    "prints without end": """
def dropout(x, p, training):
    for _ in range(2000):
        print("x" * 100_000)
    return x
""",
    "reads a null pointer": """
import ctypes

def dropout(x, p, training):
    ctypes.string_at(0)
""",
    "closes all files": """
import os

def dropout(x, p, training):
    os.closerange(0, 1000)
    return x
""",
    "sends without end": """
import os

def dropout(x, p, training):
    for fd in range(3, 40):
        try:
            for _ in range(100):
                os.write(fd, b"\\xff" * 1_000_000)
        except OSError:
            pass
    return x
""",
    "answers the next check before it is asked": """
import os, json, struct

def dropout(x, p, training):
    said = {"op": "value", "names": ["value"], "values": [["tuple", []]], "changes": []}
    body = json.dumps(said).encode()
    for fd in range(3, 40):
        try:
            os.write(fd, (struct.pack("<II", len(body), 0) + body) * 1000)
        except OSError:
            pass
    return x
""",
    "says that the check has ended": """
import os, json, struct

def dropout(x, p, training):
    body = json.dumps({"op": "ended", "why": "all is well"}).encode()
    for fd in range(3, 40):
        try:
            os.write(fd, struct.pack("<II", len(body), 0) + body)
        except OSError:
            pass
    return x
""",
    "a thread that answers later": """
import os, threading

def meddle():
    while True:
        for fd in range(3, 40):
            try:
                os.write(fd, b"\\0" * 8)
            except OSError:
                pass

threading.Thread(target=meddle, daemon=True).start()
""",
    "patches its own side of the wire": """
import torch
from instructor.course.judging.peer import Peer

Peer._called = lambda self, asked, grad: torch.ones(())
""",
    "patches what runs its cells": """
from instructor.course.judging import player

player.run_all = lambda cells, world: []
""",
    "raises what ends a conversation": """
from instructor.course.judging.wire import Broken

def dropout(x, p, training):
    raise Broken("the process that runs your code has ended")
""",
    "a range too long to list": """
def dropout(x, p, training):
    return range(10**18)
""",
    "an integer too long to print": """
def dropout(x, p, training):
    return 10**10_000
""",
    "a text too long to read": """
def dropout(x, p, training):
    return "x" * (9 << 20)
""",
    "empties its argument": """
def dropout(x, p, training):
    return x.zero_()
""",
    "returns not a number": """
def dropout(x, p, training):
    return x * float("nan")
""",
    "a shape without numbers": """
import torch

def dropout(x, p, training):
    return torch.empty(0, 2**40)
""",
    "a sparse tensor": """
def dropout(x, p, training):
    return x.to_sparse()
""",
    "a tensor without memory": """
def dropout(x, p, training):
    return x.to("meta")
""",
    "a number that is equal to everything": """
class Number(float):
    def __eq__(self, other):
        return True
    __hash__ = None

def dropout(x, p, training):
    return Number(1.0)
""",
    "a generator": """
def dropout(x, p, training):
    yield x
""",
    "a coroutine": """
async def dropout(x, p, training):
    return x
""",
    "no function": """
dropout = 26
""",
    "a class of that name": """
class dropout:
    def __init__(self, *args):
        pass
""",
    "calls itself without end": """
def dropout(x, p, training):
    return dropout(x, p, training)
""",
    "an error whose text raises": """
class Wrong(Exception):
    def __str__(self):
        raise self

def dropout(x, p, training):
    raise Wrong
""",
    "an error that is no error": """
class Marks(BaseException):
    pass

def dropout(x, p, training):
    raise Marks("26")
""",
    "a seed of its own": """
import torch

torch.manual_seed = torch.rand_like = lambda *args, **options: torch.zeros(())
""",
}
