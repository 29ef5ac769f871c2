"""Cells that try to earn marks for an answer to `dropout` that is not there."""

#: Each in a notebook whose answer is not attempted; none may earn a mark.
FORGED = {
    "empties the variable that decides whether a check raises": """
import os
os.environ["NBGRADER_EXECUTION"] = ""
os.environ.pop("NBGRADER_EXECUTION")
""",
    "patches attempt": """
import contextlib, sys
import course_utils.exercises as exercises
from course_utils.checks.report import Check, Passed

@contextlib.contextmanager
def attempt(*args, **options):
    yield Check("forged")

exercises.attempt = attempt
sys.modules["course_utils.exercises.attempt"].attempt = attempt
""",
    "patches Check": """
from course_utils.checks.report import Check
Check.that = Check.close = lambda *args, **options: None
""",
    "switches grading off": """
import sys
import course_utils.exercises
sys.modules["course_utils.exercises.attempt"].grading = lambda: False
""",
    "patches what the checks call": """
import torch
torch.allclose = torch.equal = lambda *args, **options: True
torch.Tensor.__eq__ = lambda *args: True
""",
    "an input transformer": """
def forged(lines):
    return ["pass\\n"]

try:
    get_ipython().input_transformers_cleanup.append(forged)
except NameError:
    pass
""",
    "says so on the wire": """
import os, json, struct
for fd in range(3, 40):
    body = json.dumps({"op": "value", "names": ["value"], "values": [True], "changes": []}).encode()
    try:
        os.write(fd, struct.pack("<II", len(body), 0) + body)
    except OSError:
        pass
""",
    "sends pickles": """
import os, pickle
for fd in range(3, 40):
    try:
        os.write(fd, pickle.dumps({"marks": 26}))
    except OSError:
        pass
""",
    "expected values from the caller's frame": """
import sys

def dropout(x, p, training):
    frame = sys._getframe()
    while frame is not None:
        for name in ("expected", "wanted", "oracle"):
            if name in frame.f_locals:
                return frame.f_locals[name]
        frame = frame.f_back
    raise NotImplementedError
""",
    "the solution from the disk": """
import glob, os, re
for start in (os.getcwd(), "/course", os.environ.get("PYTHONPATH", "/")):
    for path in glob.glob(start + "/**/dropout/answer.py", recursive=True):
        exec(open(path).read())
""",
    "equal to everything": """
class Everything:
    def __eq__(self, other):
        return True
    def __getattr__(self, name):
        return self
    def __call__(self, *args, **options):
        return self
    shape = (3, 4)
    def __bool__(self):
        return True

def dropout(x, p, training):
    return Everything()
""",
    "a tensor that lies": """
import torch

class Lying(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True

def dropout(x, p, training):
    return torch.zeros(3, 4).as_subclass(Lying)
""",
    "ends its process": """
import os

def dropout(x, p, training):
    os._exit(0)
""",
    "ends all processes that it may": """
import os, signal

def dropout(x, p, training):
    os.kill(os.getpid(), signal.SIGKILL)
""",
    "raises what a check raises when all is well": """
from course_utils.checks.report import Passed

def dropout(x, p, training):
    raise SystemExit(0)
""",
    "never ends, whatever it is told": """
def dropout(x, p, training):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    "returns more than may cross": """
import torch

def dropout(x, p, training):
    return torch.zeros(100_000_000)
""",
    "a value that holds itself": """
def dropout(x, p, training):
    loop = []
    for _ in range(200):
        loop = [loop]
    return loop
""",
}
