"""Cells that write to the judge what no player writes, or to students what they should not read.

For `dropout` of exercise 03: see `tests.class_of_200`.
"""

_SENDS = """
import json, os, struct

def send(text, arrays=()):
    for fd in range(3, 40):
        try:
            os.write(fd, struct.pack("<II", len(text), len(arrays)) + text)
        except OSError:
            pass
"""

_WRITES = """
from instructor.course.judging.things import Things

def writes(value):
    whole = Things.out
    Things.out = lambda self, given, mail: value if given is MINE else whole(self, given, mail)

class Mine:
    pass

MINE = Mine()

def dropout(x, p, training):
    return MINE
"""

#: None of these may earn a mark for dropout.
NONSENSE = {
    # Words on the wire that nobody writes.
    "a class out of somebody else's module": _WRITES
    + 'writes(["object", "p9", ["torch.nn.modules.module", "functools.partial"], []])\n',
    "a range longer than a number": _WRITES + 'writes(["range", [0, 10**30, 1]])\n',
    "a size larger than a number": _WRITES + 'writes(["size", [2**70]])\n',
    "a class of a million classes": _WRITES
    + 'writes(["callable", "p9", [["os", "system"]] * 100_000])\n',
    "a hundred thousand lists": _WRITES
    + 'writes(["tuple", [["list", f"p{i}", []] for i in range(900_000, 1_000_000)]])\n',
    "what the judge has never sent": _WRITES + 'writes(["known", "j999"])\n',
    "a method for a word": _WRITES + 'writes(["_class_", "p9"])\n',
    "a call of the judge's tensor": _SENDS
    + """
def dropout(x, p, training):
    call = {"op": "call", "names": ["target", "args", "options"], "changes": []}
    send(json.dumps({**call, "values": [["known", "j0"], ["tuple", []], ["tuple", []]]}).encode())
    return x
""",
    "gradients that nobody asked for": _SENDS
    + """
def dropout(x, p, training):
    send(json.dumps({"op": "slopes of", "key": "j0", "for": [[]], "slope": 3}).encode())
    send(json.dumps({"op": "slopes", "slopes": 3}).encode())
    return x
""",
    "a word that is a list": _SENDS
    + """
def dropout(x, p, training):
    send(b'{"op": ["value"], "op": {"a": NaN}}')
    return x
""",
    "a promise of more than comes": _SENDS
    + """
def dropout(x, p, training):
    for fd in range(3, 40):
        try:
            os.write(fd, struct.pack("<II", 1_000_000, 0) + b"{")
        except OSError:
            pass
    os.kill(os.getpid(), 9)
""",
    # What a student reads.
    "an error of a hundred megabytes": """
def dropout(x, p, training):
    raise ValueError("x" * 100_000_000)
""",
    "an error that praises itself": """
def dropout(x, p, training):
    page = "</pre><script>alert(1)</script>\\ud800\\0\\u202e'); DROP TABLE grade;--"
    raise ValueError("\\r\\x1b[2K\\u2713 dropout: 26 of 26" + page)
""",
    "all that it was asked in an error": """
import glob, os

def dropout(x, p, training):
    paths = glob.glob("/course/**/*.py", recursive=True)
    seen = [open(path, errors="replace").read() for path in paths]
    hidden = [text for text in seen if "as hidden" in text]
    raise ValueError(f"hidden checks: {hidden[:1]}" if hidden else "nothing is hidden here")
""",
    "a hundred thousand warnings": """
import sys, warnings

def dropout(x, p, training):
    for i in range(100_000):
        warnings.warn(f"{i}", stacklevel=1)
        sys.stderr.write("x" * 1000)
    return None
""",
}
