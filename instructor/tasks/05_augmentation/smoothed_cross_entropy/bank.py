"""Right and wrong answers to smoothed_cross_entropy."""

import torch
import torch.nn.functional as F
from torch import nn

from instructor.answers import UNNAMED, right, wrong


@right
def with_targets(logits, y, smoothing):
    classes = logits.shape[1]
    targets = torch.full_like(logits, smoothing / classes)
    targets[range(len(y)), y] += 1 - smoothing
    return -(targets * F.log_softmax(logits, dim=1)).sum() / len(y)


@right
def image_after_image(logits, y, smoothing):
    losses = []
    for row, label in zip(logits, y.tolist(), strict=True):
        logs = row - row.logsumexp(0)
        rest = sum(log * smoothing / len(row) for log in logs)
        losses.append(-(1 - smoothing) * logs[label] - rest)
    return sum(losses) / len(losses)


@right
def by_two_losses(logits, y, smoothing):
    logs = logits.log_softmax(-1)
    plain, spread = F.nll_loss(logs, y), -logs.mean()
    return torch.lerp(plain, spread, smoothing)


def _loss(targets, logs):
    return -(targets * logs).sum(1).mean()


def _hot(logits, y):
    return F.one_hot(y, logits.shape[1])


@wrong("plain_loss")
def plain_loss(logits, y, smoothing):
    return _loss(_hot(logits, y), logits.log_softmax(1))


@wrong("others_alone")
def others_alone(logits, y, smoothing):
    hot = _hot(logits, y)
    spread = smoothing / (logits.shape[1] - 1)
    return _loss((1 - smoothing) * hot + spread * (1 - hot), logits.log_softmax(1))


@wrong("given_away_to_nobody")
def given_away_to_nobody(logits, y, smoothing):
    return _loss((1 - smoothing) * _hot(logits, y), logits.log_softmax(1))


@wrong("right_class_without_its_part")
def right_class_without_its_part(logits, y, smoothing):
    hot = _hot(logits, y)
    spread = smoothing / logits.shape[1]
    return _loss((1 - smoothing) * hot + spread * (1 - hot), logits.log_softmax(1))


@wrong("smoothing_for_each")
def smoothing_for_each(logits, y, smoothing):
    return _loss((1 - smoothing) * _hot(logits, y) + smoothing, logits.log_softmax(1))


@wrong("nothing_given_away")
def nothing_given_away(logits, y, smoothing):
    return _loss(_hot(logits, y) + smoothing / logits.shape[1], logits.log_softmax(1))


@wrong("summed")
def summed(logits, y, smoothing):
    return with_targets(logits, y, smoothing) * len(y)


@wrong("mean_over_all")
def mean_over_all(logits, y, smoothing):
    return with_targets(logits, y, smoothing) / logits.shape[1]


@wrong("without_minus")
def without_minus(logits, y, smoothing):
    return -with_targets(logits, y, smoothing)


@wrong("softmax_twice")
def softmax_twice(logits, y, smoothing):
    return with_targets(logits.softmax(1), y, smoothing)


@wrong("without_softmax")
def without_softmax(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / logits.shape[1], logits)


@wrong("softmax_over_the_batch")
def softmax_over_the_batch(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / logits.shape[1], logits.log_softmax(0))


@wrong("gradient_cut")
def without_gradient(logits, y, smoothing):
    return with_targets(logits.detach(), y, smoothing)


@wrong("library_used")
def by_the_argument(logits, y, smoothing):
    return F.cross_entropy(logits, y, label_smoothing=smoothing)


@wrong("library_used")
def by_the_librarys_layer(logits, y, smoothing):
    return nn.CrossEntropyLoss(label_smoothing=smoothing)(logits, y)


@wrong("log_of_softmax")
def log_of_softmax(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / logits.shape[1], logits.softmax(1).log())


@wrong(UNNAMED)
def three_classes_only(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / 3, logits.log_softmax(1))


@wrong("library_used")
def the_function_underneath(logits, y, smoothing):
    return torch._C._nn.cross_entropy_loss(logits, y, None, 1, -100, smoothing)


@wrong(UNNAMED)
def a_detour_through_numpy(logits, y, smoothing):
    import numpy as np

    z = logits.detach().numpy()
    z = z - z.max(1, keepdims=True)
    lp = z - np.log(np.exp(z).sum(1, keepdims=True))
    out = -((1 - smoothing) * lp[np.arange(len(y)), y.numpy()] + smoothing * lp.mean(1)).mean()
    return torch.tensor(out, requires_grad=True)


@wrong(UNNAMED)
def always_in_single_precision(logits, y, smoothing):
    lp = logits.float().log_softmax(1)
    return (1 - smoothing) * F.nll_loss(lp, y) - smoothing * lp.mean()


@wrong("input_changed")
def the_logits_shifted_in_place(logits, y, smoothing):
    with torch.no_grad():
        logits -= logits.max(1, keepdim=True).values
    lp = logits.log_softmax(1)
    return (1 - smoothing) * F.nll_loss(lp, y) - smoothing * lp.mean()


@wrong(UNNAMED)
def ten_classes_always(logits, y, smoothing):
    lp = logits.log_softmax(1)
    return (1 - smoothing) * F.nll_loss(lp, y) - smoothing / 10 * lp.sum(1).mean()


@wrong(UNNAMED, at="hidden")
def through_float32_and_back(logits, y, smoothing):
    logp = F.log_softmax(logits.float(), 1)
    targets = F.one_hot(y, logits.shape[1]) * (1 - smoothing) + smoothing / logits.shape[1]
    return -(targets * logp).sum(1).mean().to(logits.dtype)


@wrong("not_contiguous", at="hidden")
def all_logits_in_a_row_made_by_view(logits, y, smoothing):
    n, classes = logits.shape
    shifted = logits - logits.max(1, keepdim=True).values
    logs = shifted - shifted.exp().sum(1, keepdim=True).log()
    top = logits.view(-1)[torch.arange(n) * classes + y] - logits.logsumexp(1)
    return -((1 - smoothing) * top + smoothing * logs.mean(1)).mean()


@right
def targets_in_single_precision(logits, y, smoothing):
    n, classes = logits.shape
    targets = torch.full((n, classes), smoothing / classes)
    targets[torch.arange(n), y] += 1 - smoothing
    return _loss(targets, logits.log_softmax(1))
