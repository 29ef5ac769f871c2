"""Right and wrong answers to train_head."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from instructor.answers import UNNAMED, right, wrong


@right
def body_switched_and_switched_back(body, head, x, y, steps, lr):
    modes = {layer: layer.training for layer in body.modules()}
    body.eval()
    head.train()
    losses = []
    sgd = torch.optim.SGD(head.parameters(), lr=lr)
    for _ in range(steps):
        with torch.no_grad():
            z = body(x)
        head.zero_grad()
        value = F.cross_entropy(head(z), y)
        value.backward()
        sgd.step()
        losses.append(value.detach().item())
    for layer, mode in modes.items():
        layer.training = mode
    return losses


@right
def steps_by_hand_on_a_frozen_copy(body, head, x, y, steps, lr):
    frozen = copy.deepcopy(body).requires_grad_(False)
    model, losses = nn.Sequential(frozen.train(False), head.train(True)), []
    for _ in range(steps):
        loss = nn.CrossEntropyLoss()(model(x), y)
        slopes = torch.autograd.grad(loss, list(head.parameters()))
        with torch.no_grad():
            for p, slope in zip(head.parameters(), slopes, strict=True):
                p.add_(slope, alpha=-lr)
        losses = [*losses, float(loss.detach())]
    return losses


@right
def state_kept_and_put_back(body, head, x, y, steps, lr):
    flags = [(layer, layer.training) for layer in body.modules()]
    needs = [(p, p.requires_grad) for p in body.parameters()]
    body.requires_grad_(False).eval()
    optimizer, record = torch.optim.SGD(head.parameters(), lr), []
    head.train()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.nll_loss(F.log_softmax(head(body(x)), 1), y)
        record.append(loss.item())
        loss.backward()
        optimizer.step()
    for p, need in needs:
        p.requires_grad_(need)
    for layer, flag in flags:
        layer.train(flag) if not list(layer.children()) else setattr(layer, "training", flag)
    return record


def _learn(model, parameters, x, y, steps, lr, clear=True):
    sgd, losses = torch.optim.SGD(parameters, lr=lr), []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        if clear:
            model.zero_grad()
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return losses


@wrong("as_given")
def frozen_and_in_training_mode(body, head, x, y, steps, lr):
    body.requires_grad_(False)
    return _learn(nn.Sequential(body, head).train(), head.parameters(), x, y, steps, lr)


@wrong("buffers_moved")
def unfrozen_afterwards(body, head, x, y, steps, lr):
    needs, modes = (
        [p.requires_grad for p in body.parameters()],
        [m.training for m in body.modules()],
    )
    losses = frozen_and_in_training_mode(body, head, x, y, steps, lr)
    for p, need in zip(body.parameters(), needs, strict=True):
        p.requires_grad = need
    for layer, mode in zip(body.modules(), modes, strict=True):
        layer.training = mode
    return losses


@wrong("buffers_moved")
def a_copy_for_the_parameters_only(body, head, x, y, steps, lr):
    before = {name: p.detach().clone() for name, p in body.named_parameters()}
    modes = [m.training for m in body.modules()]
    losses = _learn(nn.Sequential(body, head).train(), head.parameters(), x, y, steps, lr)
    body.load_state_dict(before, strict=False)
    for layer, mode in zip(body.modules(), modes, strict=True):
        layer.training = mode
    return losses


@wrong("body_trained")
def everything_learns(body, head, x, y, steps, lr):
    model = nn.Sequential(body, head)
    modes = [m.training for m in body.modules()]
    body.eval()
    head.train()
    losses = _learn(model, model.parameters(), x, y, steps, lr)
    for layer, mode in zip(body.modules(), modes, strict=True):
        layer.training = mode
    return losses


@wrong("mode_left")
def left_in_evaluation(body, head, x, y, steps, lr):
    head.train()
    features = body.eval()(x).detach()
    return _learn(head, head.parameters(), features, y, steps, lr)


@wrong("mode_left")
def parts_forgotten(body, head, x, y, steps, lr):
    was = body.training
    losses = left_in_evaluation(body, head, x, y, steps, lr)
    body.train(was)
    return losses


@wrong("frozen_left")
def left_frozen(body, head, x, y, steps, lr):
    modes = [m.training for m in body.modules()]
    losses = left_in_evaluation(body.requires_grad_(False), head, x, y, steps, lr)
    for layer, mode in zip(body.modules(), modes, strict=True):
        layer.training = mode
    return losses


@wrong("head_in_evaluation")
def all_in_evaluation(body, head, x, y, steps, lr):
    model = nn.Sequential(copy.deepcopy(body), head).eval()
    return _learn(model, head.parameters(), x, y, steps, lr)


@wrong("statistics_of_the_batch")
def on_a_copy_in_training_mode(body, head, x, y, steps, lr):
    model = nn.Sequential(copy.deepcopy(body), head).train()
    return _learn(model, head.parameters(), x, y, steps, lr)


@wrong("losses_missing")
def without_a_return(body, head, x, y, steps, lr):
    body_switched_and_switched_back(body, head, x, y, steps, lr)


@wrong("losses_missing")
def the_last_loss_alone(body, head, x, y, steps, lr):
    return steps_by_hand_on_a_frozen_copy(body, head, x, y, steps, lr)[-1]


@wrong(UNNAMED)
def gradients_add_up(body, head, x, y, steps, lr):
    features = copy.deepcopy(body).eval()(x).detach()
    return _learn(head.train(), head.parameters(), features, y, steps, lr, clear=False)


@wrong(UNNAMED)
def losses_after_the_steps(body, head, x, y, steps, lr):
    features = copy.deepcopy(body).eval()(x).detach()
    losses = []
    for _ in range(steps):
        _learn(head.train(), head.parameters(), features, y, 1, lr)
        losses.append(F.cross_entropy(head(features), y).item())
    return losses


@wrong(UNNAMED)
def a_step_too_few(body, head, x, y, steps, lr):
    losses = body_switched_and_switched_back(body, head, x, y, steps - 1, lr)
    with torch.no_grad():
        return [*losses, F.cross_entropy(head(copy.deepcopy(body).eval()(x)), y).item()]


@wrong("losses_missing")
def tensors_detached(body, head, x, y, steps, lr):
    modes = [(m, m.training) for m in body.modules()]
    body.eval()
    with torch.no_grad():
        features = body(x)
    for m, mode in modes:
        m.training = mode
    head.train()
    optimizer = torch.optim.SGD(head.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = nn.functional.cross_entropy(head(features), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return losses


@wrong(UNNAMED)
def only_batchnorm_eval(body, head, x, y, steps, lr):
    modes = [(m, m.training) for m in body.modules()]
    for m in body.modules():
        m.training = not isinstance(m, nn.BatchNorm1d)
    with torch.no_grad():
        features = body(x)
    for m, mode in modes:
        m.training = mode
    head.train()
    optimizer = torch.optim.SGD(head.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = nn.functional.cross_entropy(head(features), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@wrong(UNNAMED)
def dropout_left_on(body, head, x, y, steps, lr):
    modes = [(m, m.training) for m in body.modules()]
    body.eval()
    for m in body.modules():
        if isinstance(m, nn.Dropout):
            m.train()
    with torch.no_grad():
        features = body(x)
    for m, mode in modes:
        m.training = mode
    head.train()
    optimizer = torch.optim.SGD(head.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = nn.functional.cross_entropy(head(features), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


EQUIVALENT = {}


@wrong(UNNAMED, at="hidden")
def cleared_after_the_step_alone(body, head, x, y, steps, lr):
    with torch.no_grad():
        z = copy.deepcopy(body).eval()(x)
    sgd, losses = torch.optim.SGD(head.train().parameters(), lr=lr), []
    for _ in range(steps):
        loss = F.cross_entropy(head(z), y)
        loss.backward()
        sgd.step()
        sgd.zero_grad()
        losses.append(loss.item())
    return losses


@wrong(UNNAMED, at="hidden")
def in_batches_of_32(body, head, x, y, steps, lr):
    with torch.no_grad():
        z = copy.deepcopy(body).eval()(x)
    sgd, losses = torch.optim.SGD(head.train().parameters(), lr=lr), []
    parts = [*zip(z.split(32), y.split(32), strict=True)]
    for step in range(steps):
        features, labels = parts[step % len(parts)]
        loss = F.cross_entropy(head(features), labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return losses
