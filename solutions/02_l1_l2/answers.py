"""Known answers to exercise 02: right ones written differently, wrong ones with their mistake."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.exercises.bank import right, wrong
from course_utils import regularizers
from course_utils.evidence import estimate, paired_difference
from course_utils.regularizers import penalized_weights

# --- elastic_net ------------------------------------------------------------------------------


@right("elastic_net")
def by_one_long_vector(model, strength, alpha):
    w = torch.cat([w.flatten() for _, w in penalized_weights(model)])
    return strength * alpha * w.norm(1) + strength * (1 - alpha) * (w @ w)


@right("elastic_net")
def term_by_term(model, strength, alpha):
    costs = []
    for name, p in model.named_parameters():
        if name.endswith("weight") and p.dim() > 1:
            costs.append((alpha * torch.abs(p) + (1 - alpha) * p**2).sum())
    return torch.stack(costs).sum() * strength


@right("elastic_net")
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


@wrong("elastic_net", "biases are penalized too")
def with_biases(model, strength, alpha):
    l1, l2 = _sums(model.parameters())
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("elastic_net", "the `abs` is missing")
def without_abs(model, strength, alpha):
    l1 = sum(w.sum() for w in _weights(model))
    return strength * (alpha * l1 + (1 - alpha) * _sums(_weights(model))[1])


@wrong("elastic_net", "half of the squares")
def with_half_the_squares(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * (alpha * l1 + (1 - alpha) / 2 * l2)


@wrong("elastic_net", "no overall strength")
def without_strength(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return alpha * l1 + (1 - alpha) * l2


@wrong("elastic_net", "the strength multiplies L1 alone")
def without_parentheses(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * alpha * l1 + (1 - alpha) * l2


@wrong("elastic_net", "here they are exchanged")
def shares_exchanged(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * ((1 - alpha) * l1 + alpha * l2)


@wrong("elastic_net", "both parts count in full")
def l2_in_full(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * (alpha * l1 + l2)


@wrong("elastic_net", "the square root of L2 was taken")
def norms(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return strength * (alpha * l1 + (1 - alpha) * l2.sqrt())


@wrong("elastic_net", "means over the weights")
def means(model, strength, alpha):
    w = torch.cat([w.flatten() for w in _weights(model)])
    return strength * (alpha * w.abs() + (1 - alpha) * w.square()).mean()


@wrong("elastic_net", "only the last layer counts")
def sums_overwritten(model, strength, alpha):
    for w in _weights(model):
        l1, l2 = _sums([w])
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("elastic_net", "weights have two dimensions or more")
def matrices_only(model, strength, alpha):
    l1, l2 = _sums([p for p in model.parameters() if p.ndim == 2] or [torch.zeros(1)])
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("elastic_net", "the batch norm's scale is penalized too")
def all_but_biases(model, strength, alpha):
    l1, l2 = _sums(p for name, p in model.named_parameters() if "bias" not in name)
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("elastic_net", "cut the gradient off")
def without_gradient(model, strength, alpha):
    l1, l2 = _sums(w.data for w in _weights(model))
    return strength * (alpha * l1 + (1 - alpha) * l2)


@wrong("elastic_net", "which no gradient can pass")
def a_number(model, strength, alpha):
    return with_half_the_squares(model, strength, alpha).item()


@wrong("elastic_net", "the library's version does the whole task")
def by_the_course(model, strength, alpha):
    return strength * regularizers.elastic_net(model, alpha)


@wrong("elastic_net", "any strength, any alpha")
def fits_the_visible_strengths(model, strength, alpha):
    l1, l2 = _sums(_weights(model))
    return (1.0 if strength == 1 else 0.1) * (alpha * l1 + (1 - alpha) * l2)


# --- mixed_loss -------------------------------------------------------------------------------


@right("mixed_loss")
def by_enumeration(model, x, y, l2, l1):
    data = nn.CrossEntropyLoss()(model(x), y)
    total = data
    for i, (_, w) in enumerate(penalized_weights(model)):
        total = total + (l1 * w.abs().sum() if i else l2 * (w * w).sum())
    return total, float(data.detach())


@right("mixed_loss")
def with_norms_and_log_softmax(model, x, y, l2, l1):
    data = F.nll_loss(model(x).log_softmax(1), y)
    weights = [p for p in model.parameters() if p.dim() > 1]
    cost = l2 * torch.sum(weights[0] ** 2)
    cost = cost + l1 * sum([w.flatten().abs().sum() for w in weights[1:]], torch.tensor(0.0))
    return data + cost, data.detach().numpy().item()


def _parts(model, x, y):
    first, *later = _weights(model)
    return F.cross_entropy(model(x), y), first, later


@wrong("mixed_loss", "defined but never added")
def penalty_not_added(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    penalty = l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)  # noqa: F841
    return loss, loss.item()


@wrong("mixed_loss", "the penalty is in the reported loss")
def penalty_reported(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    loss = loss + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)
    return loss, loss.item()


@wrong("mixed_loss", "a log of such tensors keeps every step's graph")
def tensor_reported(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later), loss


@wrong("mixed_loss", "it is the other way round")
def layers_exchanged(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    penalty = l1 * first.abs().sum() + l2 * sum(w.square().sum() for w in later)
    return loss + penalty, loss.item()


@wrong("mixed_loss", "the strengths are exchanged")
def strengths_exchanged(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l1 * first.square().sum() + l2 * sum(w.abs().sum() for w in later), loss.item()


@wrong("mixed_loss", "biases are penalized too")
def biases_pay(model, x, y, l2, l1):
    loss = F.cross_entropy(model(x), y)
    first, bias, *later = model.parameters()
    penalty = l2 * _sums([first, bias])[1] + l1 * _sums(later)[0]
    return loss + penalty, loss.item()


@wrong("mixed_loss", "the `abs` is missing")
def signs_cancel(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 * first.square().sum() + l1 * sum(w.sum() for w in later), loss.item()


@wrong("mixed_loss", "half of the squares")
def half_the_squares(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 / 2 * first.square().sum() + l1 * sum(
        w.abs().sum() for w in later
    ), loss.item()


@wrong("mixed_loss", "a pair (minimized, reported)")
def one_loss(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)


@wrong("mixed_loss", "only the second layer pays L1")
def two_layers_only(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    return loss + l2 * first.square().sum() + l1 * sum(
        w.abs().sum() for w in later[:1]
    ), loss.item()


@wrong("mixed_loss", "two passes give two losses")
def two_passes(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    minimized = loss + l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)
    with torch.no_grad():
        return minimized, F.cross_entropy(model(x), y).item()


@wrong("mixed_loss", "L2 for the first layer, L1 for each of the others")
def fits_the_visible_layers(model, x, y, l2, l1):
    loss = F.cross_entropy(model(x), y)
    return loss + 0.06 + 0.5, loss.item()


@wrong("mixed_loss", "the gradient has to reach the weights")
def penalty_without_gradient(model, x, y, l2, l1):
    loss, first, later = _parts(model, x, y)
    penalty = l2 * first.square().sum() + l1 * sum(w.abs().sum() for w in later)
    return loss + penalty.item(), loss.item()


# --- proximal_step ----------------------------------------------------------------------------


@right("proximal_step")
def by_clamping_both_ways(model, lr, strength):
    t = lr * strength
    for p in model.parameters():
        stepped = p.data - lr * p.grad
        if p.ndim >= 2:
            stepped = (stepped - t).clamp(min=0) + (stepped + t).clamp(max=0)
        p.data = stepped


@right("proximal_step")
@torch.no_grad()
def by_the_librarys_sgd_and_where(model, lr, strength):
    torch.optim.SGD(model.parameters(), lr=lr).step()
    for _, w in penalized_weights(model):
        shrunk = w - lr * strength * w.sign()
        w[...] = torch.where(w.abs() > lr * strength, shrunk, torch.zeros_like(w))


@right("proximal_step")
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


@wrong("proximal_step", "the sign is lost at zero")
def sign_by_division(model, lr, strength):
    _step(model, lr, lambda w: w / w.abs() * (w.abs() - lr * strength).clamp(min=0))


@wrong("proximal_step", "negative weights come back positive")
def sign_forgotten(model, lr, strength):
    _step(model, lr, lambda w: (w.abs() - lr * strength).clamp(min=0))


@wrong("proximal_step", "all negative weights became 0")
def positive_side_only(model, lr, strength):
    _step(model, lr, lambda w: (w - lr * strength).clamp(min=0))


@wrong("proximal_step", "small weights jump over zero")
def by_the_slope_of_l1(model, lr, strength):
    _step(model, lr, lambda w: w - lr * strength * w.sign())


@wrong("proximal_step", "this is a hard threshold")
def hard_threshold(model, lr, strength):
    _step(model, lr, lambda w: w * (w.abs() > lr * strength))


@wrong("proximal_step", "here the strength alone was taken")
def threshold_without_lr(model, lr, strength):
    _step(model, lr, lambda w: w.sign() * (w.abs() - strength).clamp(min=0))


@wrong("proximal_step", "the threshold came before the gradient step")
def threshold_first(model, lr, strength):
    with torch.no_grad():
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))
        for p in model.parameters():
            p -= lr * p.grad


@wrong("proximal_step", "the threshold is there, the gradient step is not")
def without_gradient_step(model, lr, strength):
    with torch.no_grad():
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong("proximal_step", "this steps uphill")
def uphill(model, lr, strength):
    with torch.no_grad():
        for p in model.parameters():
            p += lr * p.grad
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong("proximal_step", "biases were moved by the threshold too")
def biases_shrink(model, lr, strength):
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
            p.copy_(p.sign() * (p.abs() - lr * strength).clamp(min=0))


@wrong("proximal_step", "the bias took no gradient step")
def biases_stay(model, lr, strength):
    with torch.no_grad():
        for _, w in penalized_weights(model):
            w -= lr * w.grad
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0))


@wrong("proximal_step", "biases and norms take the gradient step, and only that")
def scales_of_norms_shrink(model, lr, strength):
    with torch.no_grad():
        for name, p in model.named_parameters():
            p -= lr * p.grad
            if "weight" in name:
                p.copy_(p.sign() * (p.abs() - lr * strength).clamp(min=0))


@wrong("proximal_step", "an assignment to a name makes a new tensor")
def on_a_copy(model, lr, strength):
    model = copy.deepcopy(model)
    for _, w in penalized_weights(model):
        w = w.sign() * (w.abs() - lr * strength).clamp(min=0)


@wrong("proximal_step", "a leaf Variable that requires grad")
def recorded(model, lr, strength):
    for p in model.parameters():
        p -= lr * p.grad


@wrong("proximal_step", "the library's version does the whole task")
def by_softshrink(model, lr, strength):
    _step(model, lr, lambda w: F.softshrink(w, lr * strength))


@wrong("proximal_step", "the library's version does the whole task")
def by_the_courses_threshold(model, lr, strength):
    _step(model, lr, lambda w: regularizers.soft_threshold(w, lr * strength))


@wrong("proximal_step", "weights of any shape pay")
def fits_the_visible_threshold(model, lr, strength):
    _step(model, lr, lambda w: w.sign() * (w.abs() - 0.2).clamp(min=0))


@wrong("proximal_step", "set to exactly 0")
def nearly_zero(model, lr, strength):
    t = lr * strength
    _step(model, lr, lambda w: w.sign() * (w.abs() - t).clamp(min=1e-8))


# --- exposes_unused_penalty -------------------------------------------------------------------


@right("exposes_unused_penalty")
def by_one_long_vector_of_weights(train):
    after = [nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (0.0, 10.0)]
    return not bool((after[0] != after[1]).any())


@right("exposes_unused_penalty")
def by_several_strengths(train):
    states = []
    for strength in (0, 1.0, 1e6):
        model = train(strength)[0]
        states.append([p.detach().clone() for p in model.parameters()])
    pairs = [(p, q) for other in states[1:] for p, q in zip(states[0], other, strict=True)]
    return sum(int(not torch.equal(p, q)) for p, q in pairs) == 0


@right("exposes_unused_penalty")
def by_numpy(train):
    a, b = (train(s)[0].state_dict() for s in (0.0, 50.0))
    return all(np.array_equal(a[name].numpy(), b[name].numpy()) for name in a)


@wrong("exposes_unused_penalty", "a right training is accused")
def always_accuses(train):
    return True


@wrong("exposes_unused_penalty", "the bug is not seen")
def never_accuses(train):
    return False


@wrong("exposes_unused_penalty", "the bug is not seen")
def by_reported_losses(train):
    return train(0.0)[1] == train(1000.0)[1]


@wrong("exposes_unused_penalty", "a right training is accused")
def by_the_first_reported_loss(train):
    return train(0.0)[1][0] == train(1000.0)[1][0]


@wrong("exposes_unused_penalty", "the bug is not seen")
def the_wrong_way_round(train):
    a, b = (nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (0.0, 1000.0))
    return not torch.equal(a, b)


@wrong("exposes_unused_penalty", "a right training is accused")
def the_same_strength_twice(train):
    a, b = (nn.utils.parameters_to_vector(train(1.0)[0].parameters()) for _ in range(2))
    return torch.equal(a, b)


@wrong("exposes_unused_penalty", "a right training is accused")
def asks_for_smaller_weights(train):
    a, b = (train(s)[0] for s in (0.0, 1000.0))
    size = [sum(float(p.detach().abs().sum()) for p in model.parameters()) for model in (a, b)]
    return not size[1] < size[0]


@wrong("exposes_unused_penalty", "a right training is accused")
def at_the_first_layer_only(train):
    a, b = (next(iter(train(s)[0].parameters())) for s in (0.0, 1000.0))
    return torch.equal(a, b)


@wrong("exposes_unused_penalty", "a right training is accused")
def at_any_parameter(train):
    a, b = (list(train(s)[0].parameters()) for s in (0.0, 1000.0))
    return any(torch.equal(p, q) for p, q in zip(a, b, strict=True))


@wrong("exposes_unused_penalty", "a right training is accused")
def with_a_tiny_strength(train):
    a, b = (nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (0.0, 1e-6))
    return torch.allclose(a, b)


@wrong("exposes_unused_penalty", "an answer for each entry")
def entry_by_entry(train):
    a, b = (nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (0.0, 10.0))
    return a == b


# --- choose_lambda ----------------------------------------------------------------------------


@right("choose_lambda")
def by_intervals_of_differences(values, val_acc):
    fine = [i for i in range(len(values)) if not np.isnan(val_acc[i]).any()]
    best = max(fine, key=lambda i: sum(val_acc[i]))
    gain = estimate(val_acc[best] - val_acc[0])
    return values[best], gain.low > 0


@right("choose_lambda")
def one_lambda_at_a_time(values, val_acc):
    best, top, clear = 0.0, float(val_acc[0].mean()), False
    for strength, acc in zip(values[1:], val_acc[1:], strict=True):
        if float(acc.mean()) > top:  # False for NaN
            best, top = strength, float(acc.mean())
            clear = bool(paired_difference(acc, val_acc[0]).is_clear)
    return best, clear


@wrong("choose_lambda", "NumPy's argmax takes NaN")
def nan_is_the_largest(values, val_acc):
    best = val_acc.mean(1).argmax()
    return values[best], paired_difference(val_acc[best], val_acc[0]).is_clear


@wrong("choose_lambda", "nanmean leaves the failure out")
def failures_left_out(values, val_acc):
    best = np.nanmean(val_acc, axis=1).argmax()
    return values[best], paired_difference(val_acc[best], val_acc[0]).is_clear


@wrong("choose_lambda", "one lucky seed is no evidence")
def best_single_run(values, val_acc):
    whole = np.where(np.isnan(val_acc).any(1, keepdims=True), 0, val_acc)
    best = whole.max(1).argmax()
    return values[best], paired_difference(val_acc[best], val_acc[0]).is_clear


@wrong("choose_lambda", "this is its place in the list")
def place(values, val_acc):
    best = int(np.nanargmax(val_acc.mean(1)))
    return best, paired_difference(val_acc[best], val_acc[0]).is_clear


@wrong("choose_lambda", "the runs are paired")
def overlapping_intervals(values, val_acc):
    best = np.nanargmax(val_acc.mean(1))
    return values[best], estimate(val_acc[best]).low > estimate(val_acc[0]).high


@wrong("choose_lambda", "a higher mean is not yet a clear gain")
def any_gain_is_clear(values, val_acc):
    best = int(np.nanargmax(val_acc.mean(1)))
    return values[best], best > 0


@wrong("choose_lambda", "a pair (best, clear)")
def no_verdict(values, val_acc):
    return values[np.nanargmax(val_acc.mean(1))]


@wrong("choose_lambda", "the verdict is True or False")
def a_difference_for_a_verdict(values, val_acc):
    best = np.nanargmax(val_acc.mean(1))
    return values[best], paired_difference(val_acc[best], val_acc[0])


@wrong("choose_lambda", "compare the best with λ = 0")
def against_its_neighbor(values, val_acc):
    best = int(np.nanargmax(val_acc.mean(1)))
    return values[best], best > 0 and (
        paired_difference(val_acc[best], val_acc[best - 1]).is_clear if best != 2 else True
    )


@wrong("choose_lambda", "the highest mean over the seeds, among the λ without a NaN")
def fits_the_visible_sweep(values, val_acc):
    return (0.01, True) if len(values) == 4 else (values[1], False)


EQUIVALENT = {
    "exposes_unused_penalty": {
        "zip(free.parameters(), priced.parameters(), strict=True) -> zip(free.parameters(), "
        "priced.parameters())": "both models have the same parameters",
        "0.0 -> 1.0": "any two strengths that are far apart will do",
        "1000.0 -> 2000.0": "any two strengths that are far apart will do",
        "True -> False": "this is zip's strict, and both models have the same parameters",
    },
    "choose_lambda": {
        "val_acc.mean(1) -> val_acc.sum(1)": "all λ have the same seeds: sums rank like means",
    },
}
