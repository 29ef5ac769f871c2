"""A fleet tries code only on numbers of samples that training meets, and on data that stay."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils._python_dispatch import _get_current_dispatch_mode

from course_utils.fleet import Run
from tests.fleets import (
    BATCH,
    DATA,
    Hidden,
    assert_members_are_fits,
    compared,
    make_data,
    mlp,
    plain,
    running,
    sgd,
    train,
)
from tests.small_runs import refuses

pytestmark = [
    pytest.mark.usefixtures("float64"),
    pytest.mark.filterwarnings("ignore:.*train one after the other:UserWarning"),
]

EVEN = DATA.subset(24)
#: Each batch has 16 samples; the first validation samples are of one class.
MANY = make_data(140).subset(3 * BATCH)
_ORDER = MANY.y_val.argsort()
MANY = dataclasses.replace(MANY, x_val=MANY.x_val[_ORDER], y_val=MANY.y_val[_ORDER])


def groups_of_eight(outputs, y):
    return (
        F.cross_entropy(outputs.view(-1, 8, 3).flatten(0, 1), y)
        + outputs.view(-1, 8, 3).mean(1).square().mean()
    )


def hardest(outputs, y):
    return F.cross_entropy(outputs, y, reduction="none").topk(10).values.mean()


def weighted(outputs, y):
    return F.cross_entropy(outputs, y, weight=1.0 / torch.bincount(y).to(outputs.dtype))


NEED_MANY = {"groups": groups_of_eight, "hardest": hardest, "weighted": weighted}


@pytest.mark.parametrize("loss_fn", NEED_MANY.values(), ids=NEED_MANY.keys())
def test_losses_that_need_many_samples(loss_fn):
    build = running(mlp)
    fleet = train(build, [0, 1], MANY, loss_fn=loss_fn)
    assert_members_are_fits(fleet, build, MANY, loss_fn=loss_fn)


def test_a_model_that_needs_many_samples():
    def between(module, h):
        return (h.view(-1, 8, 8) - h.view(-1, 8, 8).mean(1, keepdim=True)).flatten(0, 1)

    build = running(lambda: Hidden(between))
    assert_members_are_fits(train(build, [0], MANY), build, MANY)


def test_code_that_cannot_be_watched_trains_alone():
    def between(module, h):
        if _get_current_dispatch_mode() is not None:
            raise NotImplementedError("as some operators of PyTorch do")
        return h

    compared(
        running(lambda: Hidden(between)), [0], "raises a NotImplementedError when it is watched"
    )


class Changes(nn.Module):
    """A buffer that grows, or goes, beside a counter."""

    def __init__(self, how):
        super().__init__()
        self.linear, self.how, self.steps = nn.Linear(16, 3), how, 0
        self.register_buffer("bank", torch.zeros(1, 16))

    def forward(self, x):
        x = x.flatten(1)
        if self.training:
            self.steps += 1
            if self.how == "grows":
                self.bank = torch.cat([self.bank, x[:1].detach()])
            elif self.steps == 3:
                self.bank = None
        return self.linear(x if self.bank is None else x - self.bank.mean(0))


@pytest.mark.parametrize("how", ["grows", "goes"])
def test_buffers_that_change_their_shape(how):
    build = running(lambda: Changes(how))
    assert_members_are_fits(train(build, [0, 1]), build)


def test_an_optimizer_with_an_entry_of_its_own():
    class Counting(torch.optim.SGD):
        def __init__(self, params, lr):
            super().__init__(params, lr)
            self.state["steps"] = 0

    def build(lr):
        model = mlp()
        return Run(model, Counting(model.parameters(), lr))

    fleet = train(build, [0.1, 0.2])
    assert_members_are_fits(fleet, build)


# --- what is the same for all optimizers, classes, and calls ----------------------------------


def test_a_hook_on_all_optimizers_sees_one_run_at_a_time():
    x = EVEN.x_train.clone()
    x[7] *= 30
    data = dataclasses.replace(EVEN, x_train=x)

    def clip(optimizer, args, kwargs):
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(parameters, 0.1)

    handle = register_optimizer_step_pre_hook(clip)
    try:
        fleet = train(plain, [0, 1], data)
        assert_members_are_fits(fleet, plain, data)
    finally:
        handle.remove()
    assert (fleet.train_loss != train(plain, [0, 1], data).train_loss).any(), "the hook ran"


def test_a_changed_step_of_a_class_of_pytorch(monkeypatch):
    step = torch.optim.SGD.step

    def clipped(self, closure=None):
        nn.utils.clip_grad_norm_([p for g in self.param_groups for p in g["params"]], 0.1)
        return step(self, closure)

    before = train(plain, [0, 1])
    monkeypatch.setattr(torch.optim.SGD, "step", clipped)
    fleet = train(plain, [0, 1])
    assert_members_are_fits(fleet, plain)
    assert (fleet.train_loss != before.train_loss).any()


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        return self.linear(x.flatten(1)) * self.course_settings.scale


class ImportsInside(Scaled):
    def forward(self, x):
        import torch as library

        return self.linear(x.flatten(1)) * library.course_scale


def on_a_class_of_pytorch(monkeypatch, value):
    monkeypatch.setattr(nn.Module, "course_settings", SimpleNamespace(scale=value), raising=False)
    return Scaled()


def in_a_module_imported_inside(monkeypatch, value):
    monkeypatch.setattr(torch, "course_scale", value, raising=False)
    return ImportsInside()


@pytest.mark.parametrize("make", [on_a_class_of_pytorch, in_a_module_imported_inside])
def test_settings_kept_in_pytorch(make, monkeypatch):
    def build(value):
        model = make(monkeypatch, value)
        return Run(model, sgd(model))

    fleet = train(build, [0.5, 2.0])
    assert fleet.fallback is not None
    assert_members_are_fits(fleet, build)


@pytest.mark.parametrize("same", ["tensors", "data set"])
def test_data_that_a_later_call_changes_are_refused(same):
    x = DATA.x_train.clone()
    kept = dataclasses.replace(DATA, x_train=x)

    def data(value, seed):
        x.copy_(DATA.x_train * (1 + seed))
        return kept if same == "data set" else dataclasses.replace(DATA, x_train=x)

    refuses(
        lambda: train(plain, [0], data),
        "data(0, 0) returned tensors that a later call has changed",
        "x.clone()",
    )
    train(plain, [0], data, seeds=1)
    train(plain, [0, 1], lambda value, seed: kept)
