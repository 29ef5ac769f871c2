"""Right and wrong answers to train_and_stop."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from instructor.answers import right, wrong


def _net(units=64):
    return nn.Sequential(nn.Linear(10, units), nn.Tanh(), nn.Linear(units, 3))


def _states(model, x, y, steps, lr=0.01):
    """The state after each step, the untrained one first."""
    adam, states = torch.optim.Adam(model.parameters(), lr=lr), [copy.deepcopy(model.state_dict())]
    for _ in range(steps):
        adam.zero_grad()
        F.cross_entropy(model(x), y).backward()
        adam.step()
        states.append(copy.deepcopy(model.state_dict()))
    return states


def _best(model, states, x, y):
    losses = []
    for state in states:
        model.load_state_dict(state)
        with torch.no_grad():
            losses.append(F.cross_entropy(model(x), y).item())
    model.load_state_dict(states[losses.index(min(losses))])
    return model


@right
def all_states_kept(x, y):
    model, part = _net(), torch.randperm(len(x))
    a, b = part[: len(x) * 2 // 3], part[len(x) * 2 // 3 :]
    return _best(model, _states(model, x[a], y[a], 120), x[b], y[b])


@right
def with_patience(x, y):
    model, lowest, waited = _net(100), float("inf"), 0
    adam, train, rest = torch.optim.Adam(model.parameters(), 0.005), slice(60, None), slice(60)
    kept = None
    while waited < 15:
        adam.zero_grad()
        F.cross_entropy(model(x[train]), y[train]).backward()
        adam.step()
        loss = float(F.cross_entropy(model(x[rest]), y[rest]).detach())
        waited += 1
        if loss < lowest:
            lowest, waited = loss, 0
            kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    return model


class _Mean(nn.Module):
    def __init__(self, parts):
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, x):
        return torch.stack([part(x).softmax(1) for part in self.parts]).mean(0).log()


@right
def four_folds(x, y):
    nets = []
    for fold in range(4):
        val = torch.arange(len(x)) % 4 == fold
        net = _net()
        nets.append(_best(net, _states(net, x[~val], y[~val], 90), x[val], y[val]))
    return _Mean(nets)


@wrong("too_long")
def to_the_end(x, y):
    model = _net()
    _states(model, x, y, 300)
    return model


@wrong("too_long")
def last_weights_of_a_split(x, y):
    model = _net()
    _states(model, x[60:], y[60:], 250)
    return model


@wrong("too_long")
def by_the_training_loss(x, y):
    model = _net()
    return _best(model, _states(model, x, y, 300), x, y)


@wrong("too_long")
def validation_samples_trained_on(x, y):
    model = _net()
    return _best(model, _states(model, x, y, 300), x[:60], y[:60])


@wrong("too_long")
def wide_and_fast(x, y):
    model = _net(500)
    _states(model, x, y, 100, lr=0.02)
    return model


@wrong("too_short")
def untrained(x, y):
    return _net()


@wrong("too_short")
def always_eight_steps(x, y):
    model = _net()
    _states(model, x, y, 8)
    return model


@wrong("too_short")
def at_a_tiny_rate(x, y):
    model = _net()
    return _best(model, _states(model, x[60:], y[60:], 50, lr=1e-5), x[:60], y[:60])


@wrong("too_short")
def always_twenty_steps_on_all(x, y):
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 3))
    _states(model, x, y, 20)
    return model


@wrong("too_short")
def always_thirty_five_steps_on_all(x, y):
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 3))
    _states(model, x, y, 35)
    return model


@wrong("no_network")
def the_state(x, y):
    return all_states_kept(x, y).state_dict()


@wrong("no_network")
def nothing(x, y):
    all_states_kept(x, y)


@wrong("wrong_outputs")
def one_logit_only(x, y):
    return nn.Sequential(_net(), nn.Linear(3, 1))


_SHARED = _net()


@wrong("earlier_changed", at="hidden")
def one_network_for_all_calls(x, y):
    for layer in (_SHARED[0], _SHARED[2]):
        layer.reset_parameters()
    part = torch.randperm(len(x))
    a, b = part[: len(x) * 2 // 3], part[len(x) * 2 // 3 :]
    return _best(_SHARED, _states(_SHARED, x[a], y[a], 120), x[b], y[b])


@wrong("too_short", at="hidden")
def the_network_of_the_first_call(x, y, kept=[]):  # noqa: B006
    kept += [] if kept else [all_states_kept(x, y)]
    return kept[0]


_ENOUGH = "any split and any length that leave the best moment in will do"
EQUIVALENT = {
    "torch.nn.Sequential(torch.nn.Linear(10, 64), torch.nn.ReL... "
    "-> torch.nn.Sequential(torch.nn.Linear(10, 64), torch.nn.Lin...": "a straight line will do",
    "150 -> 151": _ENOUGH,
    "150 -> 149": _ENOUGH,
    "60 -> 61": _ENOUGH,
    "60 -> 59": _ENOUGH,
    "val_loss < lowest -> val_loss <= lowest": "two losses are never the same",
    "0.01 -> 0.02": "any rate at which it learns will do",
    "torch.nn.functional.cross_entropy(model(x[cut:]), y[cut:]... "
    "-> torch.nn.functional.cross_entropy(model(x[cut:]), y[cut:])": "a tensor without a gradient",
}
