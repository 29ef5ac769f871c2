"""Right and wrong answers to elastic_net."""

import functools

import torch
import torch.nn.functional as F

from course_utils import regularizers
from course_utils.regularizers import penalized_weights
from instructor.answers import UNNAMED, right, wrong


@right
def by_one_long_vector(model, strength, alpha):
    w = torch.cat([w.flatten() for _, w in penalized_weights(model)])
    return strength * alpha * w.norm(1) + strength * (1 - alpha) * (w @ w)


@right
def term_by_term(model, strength, alpha):
    costs = []
    for name, p in model.named_parameters():
        if name.endswith("weight") and p.dim() > 1:
            costs.append((alpha * torch.abs(p) + (1 - alpha) * p**2).sum())
    return torch.stack(costs).sum() * strength


@right
def by_sign_and_product(model, strength, alpha):
    weights = [w for _, w in penalized_weights(model)]
    l1 = sum((w * w.detach().sign()).sum() for w in weights)
    l2 = sum(torch.sum(w * w) for w in weights)
    return torch.lerp(l2, l1, alpha) * strength


def _sums(parameters):
    parameters = list(parameters)
    l1 = sum(p.abs().sum() for p in parameters)
    return l1, sum(p.square().sum() for p in parameters)


def _weights(model):
    return [w for _, w in penalized_weights(model)]


@wrong("with_biases")
def with_biases(model, strength, alpha):
    l1, l2 = _sums(model.parameters())
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("without_abs")
def without_abs(model, strength, alpha):
    l1 = sum(w.sum() for w in _weights(model))
    return strength * (alpha * l1 + (1 - alpha) * _sums(_weights(model))[1])


@wrong("with_half_the_squares")
def with_half_the_squares(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * (alpha * l1 + (1 - alpha) / 2 * l2)


@wrong("without_strength")
def without_strength(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return alpha * l1 + (1 - alpha) * l2


@wrong("without_parentheses")
def without_parentheses(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * alpha * l1 + (1 - alpha) * l2


@wrong("shares_exchanged")
def shares_exchanged(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * ((1 - alpha) * l1 + alpha * l2)


@wrong("l2_in_full")
def l2_in_full(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * (alpha * l1 + l2)


@wrong("norms")
def norms(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * (alpha * l1 + (1 - alpha) * l2.sqrt())


@wrong("means")
def means(model, strength, alpha):
    w = torch.cat([w.flatten() for w in _weights(model)])
    return strength * (alpha * w.abs() + (1 - alpha) * w.square()).mean()


@wrong("sums_overwritten")
def sums_overwritten(model, strength, alpha):
    for w in _weights(model):
        l1, l2 = _sums([w])
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("matrices_only")
def matrices_only(model, strength, alpha):
    l1, l2 = _sums([p for p in model.parameters() if p.ndim == 2] or [torch.zeros(1)])
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("all_but_biases")
def all_but_biases(model, strength, alpha):
    l1, l2 = _sums(p for name, p in model.named_parameters() if "bias" not in name)
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("without_gradient")
def without_gradient(model, strength, alpha):
    l1, l2 = _sums(w.data for w in _weights(model))
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("python_number")
def a_number(model, strength, alpha):
    return with_half_the_squares(model, strength, alpha).item()


@wrong("library_used")
def by_the_course(model, strength, alpha):
    return strength * regularizers.elastic_net(model, alpha)


@wrong(UNNAMED)
def fits_the_visible_strengths(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return (1.0 if strength == 1 else 0.1) * (alpha * l1 + (1 - alpha) * l2)


@right
def where_subgradient(model, strength, alpha):
    l1 = l2 = 0.0
    for _, w in penalized_weights(model):
        l1 = l1 + torch.where(w > 0, w, -w).sum()
        l2 = l2 + (w**2).sum()
    return strength * (alpha * l1 + (1 - alpha) * l2)


@right
def losses(model, strength, alpha):
    total = None
    for _name, w in penalized_weights(model):
        zero = torch.zeros_like(w)
        lasso = alpha * F.l1_loss(w, zero, reduction="sum")
        ridge = (1 - alpha) * F.mse_loss(w, zero, reduction="sum")
        piece = strength * lasso + strength * ridge
        total = piece if total is None else total + piece
    return total


@wrong(UNNAMED, at="hidden")
def sums_in_single_precision(model, strength, alpha):
    l1, l2 = _sums([w.float() for w in _weights(model)])
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong(UNNAMED, at="hidden")
def of_the_layers_that_learn(model, strength, alpha):
    l1, l2 = _sums([w for w in _weights(model) if w.requires_grad])
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong(UNNAMED, at="hidden")
def with_a_rounded_corner(model, strength, alpha):
    l1 = sum((w.square() + 1e-6).sqrt().sum() for w in _weights(model))
    return strength * (alpha * l1 + (1 - alpha) * _sums(_weights(model))[1])


@wrong(UNNAMED, at="hidden")
@functools.lru_cache
def kept_from_an_earlier_call(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * (alpha * l1 + (1 - alpha) * l2)
