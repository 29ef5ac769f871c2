"""What cannot be known of a run, and modules of the learner's own."""

import datetime
import math
import os
import random
import sys
import time
import types

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet.code import CannotTellError, globals_used
from course_utils.fleet.memory import look_at
from course_utils.regularizers import l2_penalty
from tests.fleets import look, reaching

pytestmark = pytest.mark.usefixtures("float64")


KEY = torch.zeros(3)


# --- what is refused --------------------------------------------------------------------------


def imports_inside(m):
    import random as r

    return r.random()


REFUSED = {
    "random": (lambda m: random.random(), "random.random, which the seed does not control"),
    "numpy": (lambda m: np.random.rand(), "numpy.random, which the seed does not control"),  # noqa: NPY002
    "inside": (lambda m: [random.random() for _ in range(2)], "random.random"),
    "import": (imports_inside, "random"),
    "clock": (lambda m: time.perf_counter(), "time.perf_counter"),
    "date": (lambda m: datetime.datetime.now().second, "datetime"),
    "environment": (lambda m: len(os.environ), "os.environ"),
    "file": (lambda m: open("x"), "it calls open, which reaches beyond its tensors"),  # noqa: SIM115
    "print": (lambda m: print(m), "it calls print"),
    "seed": (lambda m: torch.manual_seed(0), "it calls manual_seed"),
    "iterator": (reaching(iter([1])), "hold a list_iterator, and what that remembers"),
    "system": (reaching(random.SystemRandom()), "the system's random numbers"),
    "optimizer": (reaching(torch.optim.SGD([torch.zeros(1)])), "it looks at its optimizer"),
    "lazy": (reaching(nn.parameter.UninitializedParameter()), "it has lazy layers"),
    "sparse": (reaching(torch.eye(3).to_sparse()), "a sparse tensor"),
    "many": (reaching([[i] for i in range(20_001)]), "too many"),
}


@pytest.mark.parametrize(("penalty", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_known_is_refused(penalty, why):
    with pytest.raises(CannotTellError) as caught:
        look(penalty=penalty)
    assert why in str(caught.value)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")
def test_compiled_code_is_refused():
    with pytest.raises(CannotTellError, match="it is compiled"):
        look(torch.jit.script(nn.ReLU()))


def test_a_nest_too_deep_is_refused():
    nest = []
    for _ in range(5000):
        nest = [nest]
    with pytest.raises(CannotTellError, match="too many objects to look at"):
        look(penalty=reaching(nest))


def test_the_globals_that_code_uses():
    def code(m):
        inner = lambda p: F.relu(p) + math.pi  # noqa: E731
        return l2_penalty(m) + inner(m) + KEY.sum()

    found = dict(globals_used(code.__code__, globals(), {}))
    assert found == {"l2_penalty": l2_penalty, "relu": F.relu, "pi": math.pi, "KEY": KEY}
    cells = {"l2_penalty": 1}  # a variable of the function around it
    assert "l2_penalty" not in dict(globals_used(code.__code__, globals(), cells))


# --- modules of the learner's own -------------------------------------------------------------


@pytest.fixture
def settings(monkeypatch):
    module = types.ModuleType("my_settings")
    module.steps = 0
    monkeypatch.setitem(sys.modules, "my_settings", module)
    return module


def test_a_number_in_a_module_of_the_learners_own_is_found_changed(settings):
    namespace = {"cfg": settings, "__name__": "lesson"}
    exec("def augment(x):\n    cfg.steps += 1\n    return x\n", namespace)
    exec("def alias(x):\n    c = cfg\n    c.steps += 1\n    return x\n", namespace)
    for name in ("augment", "alias"):
        before = look_at({"augment": namespace[name]}, {})
        namespace[name](1.0)
        changed = next(iter(before.changes(look_at({"augment": namespace[name]}, {}))), None)
        assert changed is not None
        assert "steps" in changed


def test_a_module_imported_within_a_step_is_refused(settings):
    namespace = {"__name__": "lesson"}
    exec("def augment(x):\n    import my_settings\n    return x * my_settings.steps\n", namespace)
    with pytest.raises(CannotTellError, match="it imports my_settings while it trains"):
        look_at({"augment": namespace["augment"]}, {})


def test_objects_in_a_set_are_looked_at():
    class Counter:
        n = 0

    counters = {Counter()}

    def augment(x):
        for counter in counters:
            counter.n += 1
        return x

    before = look_at({"augment": augment}, {})
    augment(1.0)
    assert before.changes(look_at({"augment": augment}, {})) != []
