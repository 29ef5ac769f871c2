"""Known answers to exercise 03: right ones written differently, wrong ones with their mistake."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.exercises.bank import right, wrong
from course_utils.evidence import estimate, paired_difference

# --- dropout ----------------------------------------------------------------------------------


@right("dropout")
def with_a_bernoulli_draw(x, p, training):
    if training:
        x = x * torch.bernoulli(torch.full_like(x, 1 - p)) / (1 - p)
    return x


@right("dropout")
def with_where(x, p, training):
    if not training or p == 0:
        return x
    return torch.where(torch.rand(x.shape, device=x.device) < p, 0.0, x / (1 - p)).to(x.dtype)


@right("dropout")
def one_entry_at_a_time(x, p, training):
    if not training:
        return x
    draws = torch.rand(x.numel()).tolist()
    scale = [0.0 if u < p else 1 / (1 - p) for u in draws]
    return x * torch.tensor(scale, dtype=x.dtype).reshape(x.shape)


@wrong("dropout", "p and 1 - p are swapped")
def keeps_with_p(x, p, training):
    return x * (torch.rand_like(x) < p) / p if training and p else x


@wrong("dropout", "survivors are not rescaled")
def without_rescaling(x, p, training):
    return x * (torch.rand_like(x) >= p) if training else x


@wrong("dropout", "scaled in evaluation as well")
def scaled_in_evaluation_too(x, p, training):
    return x * (torch.rand_like(x) >= p) / (1 - p) if training else x * (1 - p)


@wrong("dropout", "units vanish in evaluation")
def active_in_evaluation(x, p, training):
    return x * (torch.rand_like(x) >= p) / (1 - p)


@wrong("dropout", "the mask is frozen")
def seeded_inside(x, p, training):
    torch.manual_seed(0)
    return x * (torch.rand_like(x) >= p) / (1 - p) if training else x


@wrong("dropout", "one mask serves the whole batch")
def one_mask_for_the_batch(x, p, training):
    return x * (torch.rand_like(x[0]) >= p) / (1 - p) if training else x


@wrong("dropout", "an in-place operation")
def in_place(x, p, training):
    return x.mul_((torch.rand_like(x) >= p) / (1 - p)) if training else x


@wrong("dropout", "the library's version does the whole task")
def by_the_library(x, p, training):
    return F.dropout(x, p, training)


@wrong("dropout", "the library's version does the whole task")
def by_a_layer_of_the_library(x, p, training):
    layer = nn.Dropout(p)
    return layer.train(training)(x)


@wrong("dropout", "divided by p")
def fits_p_of_one_half_only(x, p, training):
    return x * (torch.rand_like(x) >= p) / p if training and p else x


@wrong("dropout", "dtype")
def always_float32(x, p, training):
    return x.float() * (torch.rand(x.shape) >= p) / (1 - p) if training else x


# --- mc_predict -------------------------------------------------------------------------------


@right("mc_predict")
def by_running_sums(model, x, passes):
    mode, total, squares = model.training, 0.0, 0.0
    model.train(True)
    for _ in range(passes):
        with torch.no_grad():
            probabilities = F.softmax(model(x), dim=-1)
        total, squares = total + probabilities, squares + probabilities**2
    model.train(mode)
    mean = total / passes
    variance = (squares / passes - mean**2).clamp(min=0)
    return mean, variance.sqrt().gather(1, mean.argmax(1, keepdim=True)).squeeze(1)


@right("mc_predict")
@torch.no_grad()
def image_by_image(model, x, passes):
    mode = model.training
    model.train()
    votes = [model(x).log_softmax(1).exp() for _ in range(passes)]
    model.train(mode)
    mean = sum(votes) / passes
    spread = [
        np.std([float(vote[i, mean[i].argmax()]) for vote in votes]) for i in range(x.shape[0])
    ]
    return mean, torch.tensor(np.array(spread), dtype=mean.dtype)


def _votes(model, x, passes):
    mode = model.training
    model.train()
    with torch.no_grad():
        votes = torch.stack([model(x) for _ in range(passes)])
    model.train(mode)
    return votes


def _spread(votes, correction=0):
    top = votes.mean(0).argmax(1, keepdim=True)
    return votes.std(0, correction=correction).gather(1, top)[:, 0]


@wrong("mc_predict", "this is what evaluation mode gives")
def in_evaluation_mode(model, x, passes):
    model.eval()
    with torch.no_grad():
        votes = torch.stack([model(x).softmax(1) for _ in range(passes)])
    return votes.mean(0), _spread(votes)


@wrong("mc_predict", "the mode is left as it was")
def left_in_training_mode(model, x, passes):
    model.train()
    with torch.no_grad():
        votes = torch.stack([model(x).softmax(1) for _ in range(passes)])
    return votes.mean(0), _spread(votes)


@wrong("mc_predict", "logits were averaged before the softmax")
def softmax_of_the_mean(model, x, passes):
    votes = _votes(model, x, passes)
    return votes.mean(0).softmax(1), _spread(votes.softmax(2))


@wrong("mc_predict", "the softmax ran over the images")
def softmax_over_the_images(model, x, passes):
    votes = _votes(model, x, passes).softmax(1)
    return votes.mean(0), _spread(votes)


@wrong("mc_predict", "the softmax ran over the passes")
def softmax_over_the_passes(model, x, passes):
    votes = _votes(model, x, passes).softmax(0)
    return votes.mean(0), _spread(votes)


@wrong("mc_predict", "this is the mean of the logits")
def mean_of_logits(model, x, passes):
    votes = _votes(model, x, passes)
    return votes.mean(0), _spread(votes)


@wrong("mc_predict", "divides by passes - 1")
def unbiased_spread(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    return votes.mean(0), _spread(votes, correction=1)


@wrong("mc_predict", "take its square root")
def variance_for_spread(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    return votes.mean(0), _spread(votes) ** 2


@wrong("mc_predict", "no gradients are recorded")
def with_gradients(model, x, passes):
    mode = model.training
    model.train()
    votes = torch.stack([model(x).softmax(1) for _ in range(passes)])
    model.train(mode)
    return votes.mean(0), _spread(votes)


@wrong("mc_predict", "this is the spread of class 0")
def spread_of_class_0(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    return votes.mean(0), votes.std(0, correction=0)[:, 0]


# --- scheduled_p ------------------------------------------------------------------------------


@right("scheduled_p")
def by_min(epoch, warmup, p_max):
    return p_max * min(1.0, epoch / warmup) if warmup > 0 else p_max


@right("scheduled_p")
def by_interpolation(epoch, warmup, p_max):
    return float(np.interp(epoch, [0, warmup], [0, p_max])) if warmup else p_max


@wrong("scheduled_p", "it must not grow on")
def grows_for_ever(epoch, warmup, p_max):
    return p_max * epoch / warmup if warmup else p_max


@wrong("scheduled_p", "in epoch 0 nothing is dropped yet")
def starts_at_one_step(epoch, warmup, p_max):
    return min(p_max, p_max * (epoch + 1) / warmup) if warmup else p_max


@wrong("scheduled_p", "half of the warm-up has passed")
def jumps(epoch, warmup, p_max):
    return p_max if epoch >= warmup else 0.0


@wrong("scheduled_p", "in epoch 0 nothing is dropped yet")
def falls(epoch, warmup, p_max):
    return p_max * (1 - epoch / warmup) if epoch < warmup else 0.0


@wrong("scheduled_p", "without a warm-up it is p_max from the start")
def divides_by_zero(epoch, warmup, p_max):
    return p_max * min(1.0, epoch / (warmup or 1))


@wrong("scheduled_p", "p_max * epoch / warmup")
def fits_the_worked_values(epoch, warmup, p_max):
    return {0: 0.0, 5: 0.2}.get(epoch, p_max) if warmup else p_max


# --- exposes_frozen_mask ----------------------------------------------------------------------


@right("exposes_frozen_mask")
def by_counting_differences(dropout):
    x = torch.ones(50, 50)
    first, second = (dropout(x, 0.3, True) for _ in range(2))
    return not (first != second).any().item()


@right("exposes_frozen_mask")
def by_many_calls(dropout):
    masks = {tuple((dropout(torch.ones(64), 0.5, True) == 0).tolist()) for _ in range(10)}
    return len(masks) == 1


@wrong("exposes_frozen_mask", "a right dropout is accused")
def in_evaluation(dropout):
    x = torch.ones(1000)
    return torch.equal(dropout(x, 0.5, False), dropout(x, 0.5, False))


@wrong("exposes_frozen_mask", "what must differ?")
def always_innocent(dropout):
    return False


@wrong("exposes_frozen_mask", "a right dropout is accused")
def always_guilty(dropout):
    return True


@wrong("exposes_frozen_mask", "what must differ?")
def the_wrong_way_round(dropout):
    x = torch.ones(1000)
    return not torch.equal(dropout(x, 0.5, True), dropout(x, 0.5, True))


@wrong("exposes_frozen_mask", "a right dropout is accused")
def on_two_units(dropout):
    x = torch.ones(2)
    return torch.equal(dropout(x, 0.5, True), dropout(x, 0.5, True))


@wrong("exposes_frozen_mask", "a right dropout is accused")
def looks_at_the_mean(dropout):
    return abs(dropout(torch.ones(1000), 0.5, True).mean().item() - 1) < 0.2


@wrong("exposes_frozen_mask", "what must differ?")
def seeds_differently_itself(dropout):
    x = torch.ones(1000)
    torch.manual_seed(1)
    first = dropout(x, 0.5, True)
    torch.manual_seed(2)
    return first is dropout(x, 0.5, True)


# --- choose_p ---------------------------------------------------------------------------------


@right("choose_p")
def by_intervals_of_differences(values, val_acc):
    means = [row.mean() for row in val_acc]
    best = means.index(max(means))
    differences = [estimate(val_acc[best] - row) for row in val_acc]
    fine = [p for p, d in zip(values, differences, strict=True) if d.low <= 0 <= d.high]
    return values[best], min(fine)


@right("choose_p")
def going_down_from_the_best(values, val_acc):
    best = smallest = int(np.argmax(np.mean(val_acc, axis=1)))
    for i in range(best):
        if not paired_difference(val_acc[i], val_acc[best]).is_clear:
            smallest = i
            break
    return values[best], values[smallest]


@wrong("choose_p", "one lucky seed is no evidence")
def best_single_run(values, val_acc):
    best = val_acc.max(1).argmax()
    return values[best], values[best]


@wrong("choose_p", "this is its place in the list")
def places(values, val_acc):
    best = int(val_acc.mean(1).argmax())
    return best, best


@wrong("choose_p", "this is the best p itself")
def best_only(values, val_acc):
    best = val_acc.mean(1).argmax()
    return values[best], values[best]


@wrong("choose_p", "the runs are paired")
def overlapping_intervals(values, val_acc):
    best = val_acc.mean(1).argmax()
    top = estimate(val_acc[best])
    fine = [p for p, a in zip(values, val_acc, strict=True) if estimate(a).high >= top.low]
    return values[best], fine[0]


@wrong("choose_p", "asked for is the first p that is not")
def first_that_is_clearly_worse(values, val_acc):
    best = val_acc.mean(1).argmax()
    worse = [paired_difference(val_acc[best], acc).is_clear for acc in val_acc]
    return values[best], values[worse.index(True)] if True in worse else values[best]


@wrong("choose_p", "a pair (best, smallest)")
def one_value(values, val_acc):
    return values[val_acc.mean(1).argmax()]


@wrong("choose_p", "the smallest p whose paired difference")
def next_below(values, val_acc):
    best = val_acc.mean(1).argmax()
    return values[best], values[max(best - 1, 0)]


EQUIVALENT = {
    "dropout": {
        "torch.rand_like(x) >= p -> torch.rand_like(x) > p": "a draw equals p with chance 2^-24",
    },
    "exposes_frozen_mask": {
        "1000 -> 1001": "any size that is large enough will do",
        "1000 -> 999": "any size that is large enough will do",
    },
    "choose_p": {
        "val_acc.mean(1) -> val_acc.sum(1)": "as many seeds for each p: they rank alike",
        "zip(values, val_acc, strict=True) -> zip(values, val_acc)": "both are equally long",
        "True -> False": "this is zip's strict, and both are equally long",
    },
}
