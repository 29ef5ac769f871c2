"""Small networks and what they meet in training: for the tests of `fit`."""

import torch
from torch import nn

from course_utils.models import MLP


def network(dropout=None, norm_layer=None, seed=0):
    torch.manual_seed(seed)
    return MLP(64, (16,), 10, dropout=dropout, norm_layer=norm_layer)


def sgd(model, lr=0.1, **options):
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


def snapshot(model):
    return {name: t.clone() for name, t in model.state_dict().items()}


def equal(state, other):
    return all(torch.equal(t, other[name]) for name, t in state.items())


class Spy(nn.Module):
    """Passes x on, and notes every batch with the mode it came in."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, torch.is_grad_enabled(), x.detach().clone()))
        return x

    @property
    def trained_on(self):
        return [x for training, _, x in self.seen if training]


def watched(seed=0):
    model = network(seed=seed)
    return nn.Sequential(Spy(), model)
