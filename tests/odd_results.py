"""Cells whose result for `dropout` of exercise 03 is no tensor, or one of a kind that none expects.

`python -m tests.class_of_200` hands in each in a notebook whose answer is not attempted.
"""

#: None of these may earn a mark for dropout.
ODD_RESULTS = {
    "a tensor that is computed elsewhere": """
import torch

class Elsewhere(torch.Tensor):
    @staticmethod
    def __new__(cls, x):
        return torch.Tensor._make_wrapper_subclass(cls, x.shape, dtype=x.dtype)

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), options=None):
        return torch.ones(3)

def dropout(x, p, training):
    return Elsewhere(x)
""",
    "more numbers than there is memory": """
import torch

def dropout(x, p, training):
    return [torch.zeros(1).expand(2**40)] * 3
""",
    "a nested tensor": """
import torch

def dropout(x, p, training):
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
""",
    "a tensor of eighths of bits": """
import torch

def dropout(x, p, training):
    return x.to(torch.float8_e4m3fn)
""",
    "a class of which everything is one": """
class Meta(type):
    def __instancecheck__(cls, other):
        return True

    def __getattribute__(cls, name):
        raise KeyError(name)

class Everything(metaclass=Meta):
    pass

def dropout(x, p, training):
    return Everything
""",
    "a repr that is too long": """
class Long:
    def __repr__(self):
        return "x" * (200 << 20)

def dropout(x, p, training):
    return Long()
""",
    "a name that drives the terminal": """
class Named:
    pass

Named.__qualname__ = "Tensor" * 1000 + "\\u202e\\x1b[2J<script>"

def dropout(x, p, training):
    return Named()
""",
    "deeper than Python goes": """
def dropout(x, p, training):
    made = ()
    for _ in range(10_000):
        made = (made,)
    return made
""",
    "a key that cannot be one": """
class Key(list):
    __hash__ = lambda self: 1

def dropout(x, p, training):
    return {Key([1]): 2}
""",
    "two processes answer": """
import os

def dropout(x, p, training):
    os.fork()
    return x * 0 + 1
""",
    "its child goes on answering": """
import os

def dropout(x, p, training):
    if os.fork():
        os._exit(0)
    return x * 0 + 1
""",
    "stops itself": """
import os, signal

def dropout(x, p, training):
    os.kill(os.getpid(), signal.SIGSTOP)
    return x
""",
}
