"""What `build` or `data` sets outside of the run that it makes, where other runs read it.

The fleet builds all of its runs before it trains one; `fit` trains each when it has been built.
"""

import contextlib

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet import Run
from course_utils.regularizers import l2_penalty
from tests.fleets import DATA, assert_values_matter, by_rate, compared, mlp, sgd

pytestmark = pytest.mark.usefixtures("float64")

FROM_RUN_TO_RUN = "changes from step to step or from run to run"
SETTINGS = {"lam": 0.0}


def by_dict(lam):
    SETTINGS["lam"] = lam
    model = mlp()
    return Run(model, sgd(model), penalty=lambda m: SETTINGS["lam"] * l2_penalty(m))


def by_dict_read_out(lam):
    SETTINGS["lam"] = lam
    model = mlp()

    def penalty(m):
        return SETTINGS["lam"] * l2_penalty(m) * (1 if l2_penalty(m).item() > 0 else 2)

    return Run(model, sgd(model), penalty=penalty)


class Net(nn.Module):
    p, activation = 0.0, staticmethod(F.relu)

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(16, 8), nn.Linear(8, 3)

    def forward(self, x):
        h = type(self).activation(self.first(x.flatten(1)))
        return self.last(F.dropout(h, type(self).p, self.training))


def by_class(p):
    Net.p = p
    model = Net()
    return Run(model, sgd(model))


def by_class_function(value):
    Net.p, Net.activation = 0.0, staticmethod(torch.tanh if value else F.relu)
    model = Net()
    return Run(model, sgd(model))


MASK = torch.ones(16)


def by_tensor(value):
    model = mlp()
    torch.manual_seed(int(10 * value))
    MASK.copy_((torch.rand(16) > 0.5).float())
    return Run(model, sgd(model), augment=lambda x: x * MASK.view(4, 4).to(x.dtype))


class ScaledSGD(torch.optim.SGD):
    scale = 1.0

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad.mul_(ScaledSGD.scale)
        return super().step(closure)


def by_optimizer(scale):
    ScaledSGD.scale = scale + 0.1
    model = mlp()
    return Run(model, ScaledSGD(model.parameters(), lr=0.2))


OUTSIDE = {
    "a dict": (by_dict, [0.0, 0.3]),
    "a dict, and a number read out": (by_dict_read_out, [0.0, 0.3]),
    "a class": (by_class, [0.0, 0.5]),
    "a function of a class": (by_class_function, [0, 1]),
    "a tensor": (by_tensor, [0.0, 0.5]),
    "the class of the optimizer": (by_optimizer, [0.0, 0.5]),
}


@pytest.mark.parametrize(("build", "values"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_what_a_build_sets_outside_holds_for_its_own_run(build, values):
    others = "its optimizer uses what other runs change as well|looks at the numbers in a tensor"
    assert_values_matter(compared(build, values, f"{FROM_RUN_TO_RUN}|{others}"))


def test_hooks_on_all_modules_hold_for_the_run_that_set_them():
    handles = []

    def build(value):
        while handles:
            handles.pop().remove()
        model = mlp()

        def halved(module, inputs, output):
            return output * (1 - value) if isinstance(module, nn.Linear) else output

        handles.append(nn.modules.module.register_module_forward_hook(halved))
        return Run(model, sgd(model))

    with contextlib.ExitStack() as afterwards:
        afterwards.callback(lambda: handles.pop().remove())
        assert_values_matter(compared(build, [0.0, 0.5], FROM_RUN_TO_RUN))
    assert not nn.modules.module._global_forward_hooks, "one that a build has lost would stay"


def test_what_data_sets_outside_holds_for_its_own_run():
    weights = {"of classes": None}

    def data(value, seed):
        own = DATA.subset(20 + 4 * seed)
        weights["of classes"] = 1 / (1 + torch.bincount(own.y_train, minlength=3).double())
        return own

    def loss_fn(outputs, y):
        return F.cross_entropy(outputs, y, weight=weights["of classes"])

    def build(value):
        model = mlp()
        return Run(model, sgd(model))

    compared(build, [0], FROM_RUN_TO_RUN, data=data, loss_fn=loss_fn)


def test_a_network_with_a_mode_of_its_own_trains_alone():
    class Clamped(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = mlp()

        def train(self, mode=True):
            with torch.no_grad():
                for p in self.parameters():
                    p.clamp_(-0.2, 0.2)
            return super().train(mode)

        def forward(self, x):
            return self.net(x)

    compared(by_rate(Clamped), [0.1, 0.5], r"train\(\) or eval\(\) of its own")
