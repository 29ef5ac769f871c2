"""Right and wrong answers to memorize."""

import torch
import torch.nn.functional as F
from torch import nn

from instructor.answers import UNNAMED, right, wrong


def _net(x, y, units=128):
    return nn.Sequential(nn.Linear(x.shape[1], units), nn.Tanh(), nn.Linear(units, len(y.unique())))


def _learn(model, x, y, steps=300, lr=0.02, decay=0.0):
    adam = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=decay)
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return model


@right
def a_fixed_number_of_steps(x, y):
    return _learn(_net(x, y), x, y)


@right
def by_lbfgs(x, y):
    model = nn.Sequential(
        *(nn.Linear(x.shape[1], 200), nn.ReLU(), nn.LazyLinear(1 + y.max().item()))
    )
    model(x)
    lbfgs = torch.optim.LBFGS(model.parameters(), max_iter=100)

    def closure():
        lbfgs.zero_grad()
        loss = nn.CrossEntropyLoss()(model(x), y)
        loss.backward()
        return loss

    lbfgs.step(closure)
    return model


@right
def last_layer_by_least_squares(x, y):
    first = nn.Sequential(nn.Linear(x.shape[1], 600), nn.ReLU())
    last = nn.Linear(600, int(y.max()) + 1, bias=False)
    with torch.no_grad():
        features = first(x)
        last.weight.copy_(torch.linalg.lstsq(features, F.one_hot(y).float(), driver="gelsd")[0].T)
    return nn.Sequential(first, last)


@right
def with_a_loop_over_single_batches(x, y):
    model = _net(x, y, 300)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(400):
        rows = torch.arange(step % 4, len(x), 4) if step % 2 else torch.arange(len(x))
        sgd.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        sgd.step()
    return _learn(model, x, y, 100, 0.003)


@wrong("not_memorized")
def a_straight_line(x, y):
    return _learn(nn.Linear(x.shape[1], len(y.unique())), x, y)


@wrong("not_memorized")
def two_units(x, y):
    return _learn(_net(x, y, 2), x, y)


@wrong("not_memorized")
def five_steps(x, y):
    return _learn(_net(x, y), x, y, steps=5)


@wrong("not_memorized")
def untrained(x, y):
    return _net(x, y)


@wrong("not_memorized")
def far_too_small_steps(x, y):
    model = _net(x, y)
    sgd = torch.optim.SGD(model.parameters(), lr=1e-6)
    for _ in range(60):
        sgd.zero_grad()
        F.cross_entropy(model(x), y).backward()
        sgd.step()
    return model


@wrong("not_memorized")
def held_back_by_weight_decay(x, y):
    return _learn(_net(x, y), x, y, decay=20.0)


@wrong("not_memorized")
def labels_of_other_samples(x, y):
    return _learn(_net(x, y), x, y.roll(1))


@wrong("no_network")
def the_labels_themselves(x, y):
    return y.clone()


@wrong("no_network")
def a_lookup(x, y):
    return lambda new: F.one_hot(y)[torch.cdist(new, x).argmin(1)]


@wrong("wrong_outputs")
def classes_for_logits(x, y):
    class Classes(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = _learn(_net(x, y), x, y)

        def forward(self, new):
            return self.net(new).argmax(1)

    return Classes()


@wrong("wrong_outputs")
def ten_outputs_always(x, y):
    model = nn.Sequential(nn.Linear(x.shape[1], 200), nn.ReLU(), nn.Linear(200, 10))
    return _learn(model, x, y)


class Peek(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net((x - x.mean(0)) / (x.std(0, correction=0) + 1e-5))


@wrong(UNNAMED)
def batch_stats(x, y):
    net = nn.Sequential(nn.Linear(x.shape[1], 256), nn.ReLU(), nn.Linear(256, int(y.max()) + 1))
    model = Peek(net)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(500):
        opt.zero_grad()
        F.cross_entropy(model(x), y).backward()
        opt.step()
    return model


@wrong("in_training_mode_only")
def with_a_batch_norm_watched_in_training(x, y):
    torch.manual_seed(0)
    classes = len(y.unique())
    norm = nn.BatchNorm1d(128, momentum=0.001)  # far behind the batches to the end
    layers = nn.Linear(x.shape[1], 128), norm, nn.ReLU(), nn.Linear(128, classes)
    model = nn.Sequential(*layers)
    adam = torch.optim.Adam(model.parameters(), lr=0.05)
    while (model(x).argmax(1) != y).any():
        adam.zero_grad()
        F.cross_entropy(model(x), y).backward()
        adam.step()
    return model


class _Padded(nn.Module):
    """A network for any number of features up to 20, and its first outputs."""

    def __init__(self, net, classes):
        super().__init__()
        self.net, self.classes = net, classes

    def forward(self, x):
        return self.net(F.pad(x, (0, 20 - x.shape[1])))[:, : self.classes]


_SHARED = nn.Sequential(nn.Linear(20, 256), nn.Tanh(), nn.Linear(256, 10))


@wrong("earlier_changed", at="hidden")
def one_network_for_all_calls(x, y):
    return _learn(_Padded(_SHARED, int(y.max()) + 1), x, y, steps=200)


@wrong("wrong_outputs", at="hidden")
def the_network_of_the_first_call(x, y, kept=[]):  # noqa: B006
    kept += [] if kept else [a_fixed_number_of_steps(x, y)]
    return kept[0]


_KEPT = {}


@wrong(UNNAMED, at="hidden")
def the_network_of_the_first_call_of_this_size(x, y):
    if x.shape not in _KEPT:
        _KEPT[x.shape] = a_fixed_number_of_steps(x, y)
    return _KEPT[x.shape]


EQUIVALENT = {
    "150 -> 151": "any number of steps that is large enough will do",
    "150 -> 149": "any number of steps that is large enough will do",
    "256 -> 257": "any width that is large enough will do",
    "256 -> 255": "any width that is large enough will do",
    "0.01 -> 0.02": "any rate at which it learns will do",
}
