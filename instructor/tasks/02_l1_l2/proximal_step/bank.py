"""Right and wrong answers to proximal_step."""

import copy

import torch
import torch.nn.functional as F

from course_utils import regularizers
from course_utils.regularizers import penalized_weights
from instructor.answers import UNNAMED, right, wrong


@right
def by_clamping_both_ways(model, lr, strength):
    t = lr * strength
    for p in model.parameters():
        stepped = p.data - lr * p.grad
        if p.ndim >= 2:
            stepped = (stepped - t).clamp(min=0) + (stepped + t).clamp(max=0)
        p.data = stepped


@right
@torch.no_grad()
def by_the_librarys_sgd_and_where(model, lr, strength):
    torch.optim.SGD(model.parameters(), lr=lr).step()
    for _, w in penalized_weights(model):
        shrunk = w - lr * strength * w.sign()
        w[...] = torch.where(w.abs() > lr * strength, shrunk, torch.zeros_like(w))


@right
def weight_by_weight(model, lr, strength):
    pays = {id(w) for _, w in penalized_weights(model)}
    with torch.no_grad():
        for p in model.parameters():
            flat, slopes = p.view(-1), p.grad.flatten().tolist()
            for i, slope in enumerate(slopes):
                w = flat[i].item() - lr * slope
                if id(p) in pays:
                    w = max(w - lr * strength, 0.0) if w > 0 else min(w + lr * strength, 0.0)
                flat[i] = w


def _step(model, lr, threshold):
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
        for _, w in penalized_weights(model):
            w.copy_(threshold(w))


@wrong("sign_by_division")
def sign_by_division(model, lr, strength):
    _step(model, lr, lambda w: w / w.abs() * (w.abs() - lr * strength).clamp(min=0))


@wrong("sign_forgotten")
def sign_forgotten(model, lr, strength):
    _step(model, lr, lambda w: (w.abs() - lr * strength).clamp(min=0))


@wrong("positive_side_only")
def positive_side_only(model, lr, strength):
    _step(model, lr, lambda w: (w - lr * strength).clamp(min=0))


@wrong("by_the_slope_of_l1")
def by_the_slope_of_l1(model, lr, strength):
    _step(model, lr, lambda w: w - lr * strength * w.sign())


@wrong("hard_threshold")
def hard_threshold(model, lr, strength):
    _step(model, lr, lambda w: w * (w.abs() > lr * strength))


@wrong("threshold_without_lr")
def threshold_without_lr(model, lr, strength):
    _step(model, lr, lambda w: w.sign() * (w.abs() - strength).clamp(min=0))


@wrong("threshold_first")
def threshold_first(model, lr, strength):
    with torch.no_grad():
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))
        for p in model.parameters():
            p -= lr * p.grad


@wrong("without_gradient_step")
def without_gradient_step(model, lr, strength):
    with torch.no_grad():
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong("uphill")
def uphill(model, lr, strength):
    with torch.no_grad():
        for p in model.parameters():
            p += lr * p.grad
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong("biases_shrink")
def biases_shrink(model, lr, strength):
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
            p.copy_(p.sign() * (p.abs() - lr * strength).clamp(min=0))


@wrong("biases_stay")
def biases_stay(model, lr, strength):
    with torch.no_grad():
        for _, w in penalized_weights(model):
            w -= lr * w.grad
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong("scales_of_norms_shrink")
def scales_of_norms_shrink(model, lr, strength):
    with torch.no_grad():
        for name, p in model.named_parameters():
            p -= lr * p.grad
            if "weight" in name:
                p.copy_(p.sign() * (p.abs() - lr * strength).clamp(min=0))


@wrong("on_a_copy")
def on_a_copy(model, lr, strength):
    model = copy.deepcopy(model)
    for _, w in penalized_weights(model):
        w = w.sign() * (w.abs() - lr * strength).clamp(min=0)


@wrong("raised")
def recorded(model, lr, strength):
    for p in model.parameters():
        p -= lr * p.grad


@wrong("library_used")
def by_softshrink(model, lr, strength):
    _step(model, lr, lambda w: F.softshrink(w, lr * strength))


@wrong("library_used")
def by_the_courses_threshold(model, lr, strength):
    _step(model, lr, lambda w: regularizers.soft_threshold(w, lr * strength))


@wrong(UNNAMED)
def fits_the_visible_threshold(model, lr, strength):
    _step(model, lr, lambda w: w.sign() * (w.abs() - 0.2).clamp(min=0))


@wrong("nearly_zero")
def nearly_zero(model, lr, strength):
    t = lr * strength
    _step(model, lr, lambda w: w.sign() * (w.abs() - t).clamp(min=1e-8))


@wrong("gradients_changed")
def zeroes_grads(model, lr, strength):
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
            p.grad.zero_()
        t = lr * strength
        for _, w in penalized_weights(model):
            w.copy_(torch.where(w.abs() > t, w - t * w.sign(), torch.zeros_like(w)))


@wrong("gradients_changed")
def scales_grads(model, lr, strength):
    with torch.no_grad():
        for p in model.parameters():
            p -= p.grad.mul_(lr)
        t = lr * strength
        for _, w in penalized_weights(model):
            w.copy_(torch.where(w.abs() > t, w - t * w.sign(), torch.zeros_like(w)))


@wrong(UNNAMED)
@torch.no_grad()
def floats(model, lr, strength):
    for p in model.parameters():
        p.add_(p.grad, alpha=-lr)
    for _, w in penalized_weights(model):
        w.copy_(w.sign() * (w.float().abs() - lr * strength).clamp(min=0))


@wrong(UNNAMED)
@torch.no_grad()
def only_where_grad(model, lr, strength):
    for p in model.parameters():
        p.add_(p.grad, alpha=-lr)
    for _, w in penalized_weights(model):
        w.copy_(torch.where(w.grad != 0, w.sign() * (w.abs() - lr * strength).clamp(min=0), w))


@wrong("buffers_changed")
@torch.no_grad()
def buffers_too(model, lr, strength):
    for b in model.buffers():
        b.zero_()
    for p in model.parameters():
        p.add_(p.grad, alpha=-lr)
    for _, w in penalized_weights(model):
        w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong(UNNAMED, at="hidden")
@torch.no_grad()
def by_a_factor(model, lr, strength):
    for p in model.parameters():
        p.add_(p.grad, alpha=-lr)
    for _, w in penalized_weights(model):
        w.mul_((1 - lr * strength / w.abs()).clamp(min=0))


@wrong("returns_something")
def with_the_model_returned(model, lr, strength):
    weight_by_weight(model, lr, strength)
    return model
