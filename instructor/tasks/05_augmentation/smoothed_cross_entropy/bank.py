"""Right and wrong answers to smoothed_cross_entropy."""

import torch
import torch.nn.functional as F
from torch import nn

from instructor.answers import right, wrong


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


@wrong("nothing is smoothed")
def plain_loss(logits, y, smoothing):
    return _loss(_hot(logits, y), logits.log_softmax(1))


@wrong("shared by the other classes alone")
def others_alone(logits, y, smoothing):
    hot = _hot(logits, y)
    spread = smoothing / (logits.shape[1] - 1)
    return _loss((1 - smoothing) * hot + spread * (1 - hot), logits.log_softmax(1))


@wrong("reaches no other class")
def given_away_to_nobody(logits, y, smoothing):
    return _loss((1 - smoothing) * _hot(logits, y), logits.log_softmax(1))


@wrong("gets nothing back")
def right_class_without_its_part(logits, y, smoothing):
    hot = _hot(logits, y)
    spread = smoothing / logits.shape[1]
    return _loss((1 - smoothing) * hot + spread * (1 - hot), logits.log_softmax(1))


@wrong("not its part of 0.3")
def smoothing_for_each(logits, y, smoothing):
    return _loss((1 - smoothing) * _hot(logits, y) + smoothing, logits.log_softmax(1))


@wrong("it has to give 0.3 away")
def nothing_given_away(logits, y, smoothing):
    return _loss(_hot(logits, y) + smoothing / logits.shape[1], logits.log_softmax(1))


@wrong("this is the sum over the images")
def summed(logits, y, smoothing):
    return with_targets(logits, y, smoothing) * len(y)


@wrong("this is the mean over images and classes")
def mean_over_all(logits, y, smoothing):
    return with_targets(logits, y, smoothing) / logits.shape[1]


@wrong("the sign is wrong")
def without_minus(logits, y, smoothing):
    return -with_targets(logits, y, smoothing)


@wrong("the softmax was taken twice")
def softmax_twice(logits, y, smoothing):
    return with_targets(logits.softmax(1), y, smoothing)


@wrong("taken for logarithms of probabilities")
def without_softmax(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / logits.shape[1], logits)


@wrong("the softmax ran over the batch")
def softmax_over_the_batch(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / logits.shape[1], logits.log_softmax(0))


@wrong("cut the gradient off")
def without_gradient(logits, y, smoothing):
    return with_targets(logits.detach(), y, smoothing)


@wrong("the library's version does the whole task")
def by_the_argument(logits, y, smoothing):
    return F.cross_entropy(logits, y, label_smoothing=smoothing)


@wrong("the library's version does the whole task")
def by_the_librarys_layer(logits, y, smoothing):
    return nn.CrossEntropyLoss(label_smoothing=smoothing)(logits, y)


@wrong("a probability of 0 has no logarithm")
def log_of_softmax(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / logits.shape[1], logits.softmax(1).log())


@wrong("for each of the K classes")
def three_classes_only(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / 3, logits.log_softmax(1))
