"""Right and wrong answers to fine_tune."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from instructor.answers import UNNAMED, right, wrong


@right
def a_frozen_copy_in_the_network(body, x, y):
    model = nn.Sequential(copy.deepcopy(body).requires_grad_(False), nn.LazyLinear(len(y.unique())))
    model.eval()(x)
    sgd = torch.optim.SGD(model[1].parameters(), lr=0.1, momentum=0.9)
    for _ in range(300):
        loss = F.cross_entropy(model(x), y)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    return model


class _Nearest(nn.Module):
    def __init__(self, body, centers):
        super().__init__()
        self.body, self.centers = copy.deepcopy(body), centers

    def forward(self, x):
        return -torch.cdist(self.body(x), self.centers)


@right
def by_the_nearest_mean(body, x, y):
    model = _Nearest(body, torch.zeros(1, 16)).eval()
    with torch.no_grad():
        features = model.body(x)
    model.centers = torch.stack([features[y == k].mean(0) for k in range(int(y.max()) + 1)])
    return model


@right
def head_first_then_all_at_a_tiny_rate(body, x, y):
    model = nn.Sequential(copy.deepcopy(body), nn.Linear(16, y.max().item() + 1)).eval()
    for parameters, lr, steps in (
        (model[1].parameters(), 0.02, 150),
        (model.parameters(), 1e-5, 10),
    ):
        adam = torch.optim.Adam(parameters, lr=lr)
        for _ in range(steps):
            model.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            adam.step()
    return model


@right
def by_ridge_regression(body, x, y):
    copied = copy.deepcopy(body).eval()
    with torch.no_grad():
        f = torch.cat([copied(x), torch.ones(len(x), 1)], 1)
        targets = F.one_hot(y).float()
        w = torch.linalg.solve(f.T @ f + 0.1 * torch.eye(17), f.T @ targets).T
        head = nn.Linear(16, len(w))
        head.weight.copy_(w[:, :16])
        head.bias.copy_(w[:, 16])
    return nn.Sequential(copied, head)


def _steps(model, x, y, steps, lr, parameters=None):
    optimizer = torch.optim.Adam(parameters or model.parameters(), lr=lr)
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def _head(y, inputs=16):
    return nn.Linear(inputs, int(y.max()) + 1)


@wrong("not_carried_over")
def from_scratch(body, x, y):
    layers = nn.Linear(60, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), _head(y)
    return _steps(nn.Sequential(*layers), x, y, 200, 3e-3)


@wrong("not_carried_over")
def a_line_through_the_raw_samples(body, x, y):
    return _steps(_head(y, 60), x, y, 300, 1e-2)


@wrong("not_carried_over")
def the_body_begun_anew(body, x, y):
    model = nn.Sequential(copy.deepcopy(body), _head(y))
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    return _steps(model, x, y, 150, 5e-3)


@wrong("not_carried_over")
def all_layers_at_a_high_rate(body, x, y):
    return _steps(nn.Sequential(copy.deepcopy(body), _head(y)), x, y, 300, 0.1)


@wrong("too_little_training")
def head_untrained(body, x, y):
    return nn.Sequential(copy.deepcopy(body), _head(y))


@wrong("too_little_training")
def three_steps(body, x, y):
    model = nn.Sequential(copy.deepcopy(body), _head(y))
    return _steps(model, x, y, 3, 1e-3, list(model[1].parameters()))


@wrong("too_little_training")
def labels_shuffled_apart(body, x, y):
    model = nn.Sequential(copy.deepcopy(body).eval(), _head(y))
    model[1](torch.zeros(16))
    return _steps(model, x, y.roll(1), 100, 1e-2, list(model[1].parameters()))


@wrong("body_changed")
def the_body_itself_trained(body, x, y):
    return _steps(nn.Sequential(body, _head(y)), x, y, 100, 1e-3)


@wrong("body_changed")
def its_mode_left(body, x, y):
    model = nn.Sequential(body, _head(y)).train(not body.training)
    features = copy.deepcopy(body).eval()(x).detach()
    _steps(model[1], features, y, 150, 0.02)
    return model


@wrong("body_changed")
def its_first_layer_rescaled(body, x, y):
    body[0].weight.data *= 1.01
    return by_the_nearest_mean(body, x, y)


@wrong("no_network")
def labels_returned(body, x, y):
    return by_ridge_regression(body, x, y)(x).argmax(1)


@wrong("no_network")
def a_function_returned(body, x, y):
    model = by_the_nearest_mean(body, x, y)
    return lambda samples: model(samples)


@wrong("no_network")
def nothing_returned(body, x, y):
    a_frozen_copy_in_the_network(body, x, y)


@wrong("wrong_outputs")
def the_head_alone(body, x, y):
    return by_ridge_regression(body, x, y)[1]


@wrong("wrong_outputs")
def four_classes_always(body, x, y):
    model = nn.Sequential(copy.deepcopy(body).eval(), nn.Linear(16, 4))
    return _steps(model, x, y.clamp(max=3), 200, 0.02, list(model[1].parameters()))


@wrong("wrong_outputs")
def classes_for_logits(body, x, y):
    class Classes(_Nearest):
        def forward(self, x):
            return super().forward(x).argmax(1)

    return Classes(body, by_the_nearest_mean(body, x, y).centers)


_NO_MASK = "features without or with a tenth of them dropped once: both separate the classes"


@wrong(UNNAMED)
def probabilities_for_logits(body, x, y):
    return nn.Sequential(by_the_nearest_mean(body, x, y), nn.Softmax(1))


_ENOUGH = "any rate and length at which the last layer has learned will do"


_COPY = []


@wrong("earlier_changed", at="hidden")
def one_copy_of_the_body_for_all_calls(body, x, y):
    if not _COPY:
        _COPY.append(copy.deepcopy(body).eval())
    _COPY[0].load_state_dict(body.state_dict())
    model = nn.Sequential(_COPY[0], _head(y))
    return _steps(model, x, y, 200, 0.02, list(model[1].parameters()))


@wrong("too_little_training", at="hidden")
def the_first_body_for_all_calls(body, x, y, kept=[]):  # noqa: B006
    kept += [] if kept else [copy.deepcopy(body).eval()]
    return by_the_nearest_mean(kept[0], x, y)


_KEPT = {}


@wrong("too_little_training", at="hidden")
def the_network_of_the_first_call_of_this_size(body, x, y):
    if x.shape not in _KEPT:
        _KEPT[x.shape] = by_the_nearest_mean(body, x, y)
    return _KEPT[x.shape]


@wrong("body_changed")
def freezes_the_body_itself(body, x, y):
    body.requires_grad_(False)
    return a_frozen_copy_in_the_network(body, x, y)


EQUIVALENT = {
    "body = copy.deepcopy(body).eval() -> nothing": "the body is not trained in any case",
    "copy.deepcopy(body).eval() -> copy.deepcopy(body).train()": _NO_MASK,
    "copy.deepcopy(body).eval() -> copy.deepcopy(body)": _NO_MASK,
    "torch.optim.AdamW(head.parameters(), lr=0.02) "
    "-> torch.optim.AdamW(head.parameters())": _ENOUGH,
    "optimizer.zero_grad() -> nothing": "gradients that add up lead there as well",
    "optimizer.zero_grad() -> optimizer": "gradients that add up lead there as well",
    "200 -> 201": _ENOUGH,
    "200 -> 199": _ENOUGH,
    "0.02 -> 0.04": _ENOUGH,
}
