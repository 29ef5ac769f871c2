"""Right and wrong answers to mixed_loss."""

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.regularizers import penalized_weights
from instructor.answers import UNNAMED, right, wrong


@right
def by_enumeration(model, x, y, l2, l1):
    data = nn.CrossEntropyLoss()(model(x), y)
    total = data
    for i, (_, w) in enumerate(penalized_weights(model)):
        total = total + (l1 * w.abs().sum() if i else l2 * (w * w).sum())
    return total, float(data.detach())


@right
def with_norms_and_log_softmax(model, x, y, l2, l1):
    data = F.nll_loss(model(x).log_softmax(1), y)
    weights = [p for p in model.parameters() if p.dim() > 1]
    cost = l2 * torch.sum(weights[0] ** 2)
    cost = cost + l1 * sum([w.flatten().abs().sum() for w in weights[1:]], torch.tensor(0.0))
    return data + cost, data.detach().numpy().item()


def _weights(model):
    return [w for _, w in penalized_weights(model)]


def _sums(parameters):
    parameters = list(parameters)
    l1 = sum(p.abs().sum() for p in parameters)
    return l1, sum(p.square().sum() for p in parameters)


def _parts(model, x, y):
    first, *later = _weights(model)
    return F.cross_entropy(model(x), y), first, later


@wrong("penalty_not_added")
def penalty_not_added(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    penalty = l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)  # noqa: F841
    return loss, loss.item()


@wrong("penalty_reported")
def penalty_reported(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    loss = loss + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)
    return loss, loss.item()


@wrong("tensor_reported")
def tensor_reported(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later), loss


@wrong("layers_exchanged")
def layers_exchanged(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    penalty = l1 * first.abs().sum() + l2 * sum(w.square().sum() for w in later)
    return loss + penalty, loss.item()


@wrong("strengths_exchanged")
def strengths_exchanged(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l1 * first.square().sum() + l2 * sum(w.abs().sum() for w in later), loss.item()


@wrong("with_biases")
def biases_pay(model, x, y, l2, l1):
    loss = F.cross_entropy(model(x), y)
    first, bias, *later = model.parameters()
    penalty = l2 * _sums([first, bias])[1] + l1 * _sums(later)[0]
    return loss + penalty, loss.item()


@wrong("without_abs")
def signs_cancel(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 * first.square().sum() + l1 * sum(w.sum() for w in later), loss.item()


@wrong("with_half_the_squares")
def half_the_squares(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 / 2 * first.square().sum() + l1 * sum(
        w.abs().sum() for w in later
    ), loss.item()


@wrong("not_a_pair")
def one_loss(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)


@wrong("two_layers_only")
def two_layers_only(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 * first.square().sum() + l1 * sum(
        w.abs().sum() for w in later[:1]
    ), loss.item()


@wrong("two_passes")
def two_passes(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    minimized = loss + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)
    with torch.no_grad():
        return minimized, F.cross_entropy(model(x), y).item()


@wrong(UNNAMED)
def fits_the_visible_layers(model, x, y, l2, l1):
    loss = F.cross_entropy(model(x), y)
    return loss + 0.06 + 0.5, loss.item()


@wrong("penalty_without_gradient")
def penalty_without_gradient(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    penalty = l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)
    return loss + penalty.item(), loss.item()


@wrong("tensor_reported")
def report_detached(model, x, y, l2, l1):
    (_, first), *later = penalized_weights(model)
    ce = F.cross_entropy(model(x), y)
    total = ce + l2 * (first**2).sum() + l1 * sum(w.abs().sum() for _, w in later)
    return total, ce.detach()


@wrong("mode_changed")
def sets_train(model, x, y, l2, l1):
    (_, first), *later = penalized_weights(model)
    model.train()
    ce = F.cross_entropy(model(x), y)
    total = ce + l2 * (first**2).sum() + l1 * sum(w.abs().sum() for _, w in later)
    return total, ce.item()


@wrong("backward_called")
def backward_inside(model, x, y, l2, l1):
    (_, first), *later = penalized_weights(model)
    ce = F.cross_entropy(model(x), y)
    total = ce + l2 * (first**2).sum() + l1 * sum(w.abs().sum() for _, w in later)
    total.backward(retain_graph=True)
    return total, ce.item()


@wrong(UNNAMED)
def linears(model, x, y, l2, l1):
    ce = F.cross_entropy(model(x), y)
    ws = [m.weight for m in model.modules() if isinstance(m, torch.nn.Linear)]
    return ce + l2 * (ws[0] ** 2).sum() + l1 * sum(w.abs().sum() for w in ws[1:]), ce.item()


@wrong(UNNAMED)
def sorted_names(model, x, y, l2, l1):
    (_, first), *later = sorted(penalized_weights(model), key=lambda pair: pair[1].numel())
    ce = F.cross_entropy(model(x), y)
    total = ce + l2 * (first**2).sum() + l1 * sum(w.abs().sum() for _, w in later)
    return total, ce.item()


@wrong("sum_of_the_batch")
def cross_entropy_summed(model, x, y, l2, l1):
    _, first, later = _parts(model, x, y)
    data = F.cross_entropy(model(x), y, reduction="sum")
    return data + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later), data.item()


@wrong(UNNAMED, at="hidden")
def in_the_order_of_the_alphabet(model, x, y, l2, l1):
    named = dict(penalized_weights(model))
    first, *later = (named[name] for name in sorted(named))
    data = F.cross_entropy(model(x), y)
    return data + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later), data.item()
