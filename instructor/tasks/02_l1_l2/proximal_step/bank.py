"""Right and wrong answers to proximal_step."""

import copy

import torch
import torch.nn.functional as F

from course_utils import regularizers
from course_utils.regularizers import penalized_weights
from instructor.answers import right, wrong


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


@wrong("the sign is lost at zero")
def sign_by_division(model, lr, strength):
    _step(model, lr, lambda w: w / w.abs() * (w.abs() - lr * strength).clamp(min=0))


@wrong("negative weights come back positive")
def sign_forgotten(model, lr, strength):
    _step(model, lr, lambda w: (w.abs() - lr * strength).clamp(min=0))


@wrong("all negative weights became 0")
def positive_side_only(model, lr, strength):
    _step(model, lr, lambda w: (w - lr * strength).clamp(min=0))


@wrong("small weights jump over zero")
def by_the_slope_of_l1(model, lr, strength):
    _step(model, lr, lambda w: w - lr * strength * w.sign())


@wrong("this is a hard threshold")
def hard_threshold(model, lr, strength):
    _step(model, lr, lambda w: w * (w.abs() > lr * strength))


@wrong("here the strength alone was taken")
def threshold_without_lr(model, lr, strength):
    _step(model, lr, lambda w: w.sign() * (w.abs() - strength).clamp(min=0))


@wrong("the threshold came before the gradient step")
def threshold_first(model, lr, strength):
    with torch.no_grad():
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))
        for p in model.parameters():
            p -= lr * p.grad


@wrong("the threshold is there, the gradient step is not")
def without_gradient_step(model, lr, strength):
    with torch.no_grad():
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong("this steps uphill")
def uphill(model, lr, strength):
    with torch.no_grad():
        for p in model.parameters():
            p += lr * p.grad
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong("biases were moved by the threshold too")
def biases_shrink(model, lr, strength):
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
            p.copy_(p.sign() * (p.abs() - lr * strength).clamp(min=0))


@wrong("the bias took no gradient step")
def biases_stay(model, lr, strength):
    with torch.no_grad():
        for _, w in penalized_weights(model):
            w -= lr * w.grad
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong("biases and norms take the gradient step, and only that")
def scales_of_norms_shrink(model, lr, strength):
    with torch.no_grad():
        for name, p in model.named_parameters():
            p -= lr * p.grad
            if "weight" in name:
                p.copy_(p.sign() * (p.abs() - lr * strength).clamp(min=0))


@wrong("an assignment to a name makes a new tensor")
def on_a_copy(model, lr, strength):
    model = copy.deepcopy(model)
    for _, w in penalized_weights(model):
        w = w.sign() * (w.abs() - lr * strength).clamp(min=0)


@wrong("a leaf Variable that requires grad")
def recorded(model, lr, strength):
    for p in model.parameters():
        p -= lr * p.grad


@wrong("the library's version does the whole task")
def by_softshrink(model, lr, strength):
    _step(model, lr, lambda w: F.softshrink(w, lr * strength))


@wrong("the library's version does the whole task")
def by_the_courses_threshold(model, lr, strength):
    _step(model, lr, lambda w: regularizers.soft_threshold(w, lr * strength))


@wrong("weights of any shape pay")
def fits_the_visible_threshold(model, lr, strength):
    _step(model, lr, lambda w: w.sign() * (w.abs() - 0.2).clamp(min=0))


@wrong("set to exactly 0")
def nearly_zero(model, lr, strength):
    t = lr * strength
    _step(model, lr, lambda w: w.sign() * (w.abs() - t).clamp(min=1e-8))
