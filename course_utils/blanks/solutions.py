"""The course's own lines for the blanks of the lessons, each as it stands in its lesson.

They are shown to learners, who are asked for no type annotations, and have none.
"""

import random

import torch
import torch.nn.functional as F

from course_utils.evidence import paired_difference
from course_utils.history import History
from course_utils.regularizers import penalized_weights
from course_utils.training import evaluate, shuffled_batches

# Lesson 01


def train(model, data, optimizer, epochs, batch_size=50, seed=0):
    history = History()
    batches = shuffled_batches(data.n_train, batch_size, seed)
    for epoch in range(epochs + 1):
        if epoch > 0:
            model.train()
            for batch in next(batches):
                loss = F.cross_entropy(model(data.x_train[batch]), data.y_train[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        on_train = evaluate(model, data.x_train, data.y_train)
        on_val = evaluate(model, data.x_val, data.y_val)
        history.record(on_train, on_val)
    return history


# Lesson 02


def l2_penalty(model):
    total = 0.0
    for _, w in penalized_weights(model):
        total = total + w.square().sum()
    return total


def l1_penalty(model):
    total = 0.0
    for _, w in penalized_weights(model):
        total = total + w.abs().sum()
    return total


def soft_threshold(w, threshold):
    return w.sign() * (w.abs() - threshold).clamp(min=0.0)


# Lesson 03


def dropout(x, p, training):
    if not training:
        return x
    keep = torch.rand_like(x) >= p
    return x * keep / (1 - p)


# Lesson 04: the first two are given there


def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / (var + eps).sqrt()


class RunningStatistics(torch.nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    @torch.no_grad()
    def remember(self, mean, var):
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (var - self.running_var)


class BatchNorm1d(RunningStatistics):
    def __init__(self, features, momentum=0.1):
        super().__init__(features, momentum)
        self.weight = torch.nn.Parameter(torch.ones(features))  # gamma
        self.bias = torch.nn.Parameter(torch.zeros(features))  # beta

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = x.mean(0), x.var(0, correction=0)
            self.remember(mean, x.var(0))
        return self.weight * normalize(x, mean, var) + self.bias


# Lesson 05


def random_shift(x, pixels):
    n, _, height, width = x.shape
    top, left = (torch.rand(2, n, 1) * (2 * pixels + 1)).long()
    rows = top + torch.arange(height)  # [n, height]
    columns = left + torch.arange(width)  # [n, width]
    image = torch.arange(n)[:, None, None]
    padded = F.pad(x, (pixels, pixels, pixels, pixels))
    windows = padded[image, :, rows[:, :, None], columns[:, None, :]]
    return windows.movedim(-1, 1)  # the channels, back to where they belong


# Lesson 06


def stopping_epoch(val_losses, patience, min_delta=0.0):
    best, waited = float("inf"), 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, waited = loss, 0
        else:
            waited += 1
        if waited >= patience:
            return epoch
    return None


# Lesson 07


def ablation(score, mix):
    worth = {}
    for name in mix:
        rest = {other: strength for other, strength in mix.items() if other != name}
        worth[name] = paired_difference(score(mix), score(rest))
    return worth


def random_settings(box, budget, seed):
    draw = random.Random(seed)
    return [{name: r.at(draw.random()) for name, r in box.items()} for _ in range(budget)]


# Lesson 08


class RMSNorm(torch.nn.Module):
    def __init__(self, features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = torch.nn.Parameter(torch.ones(features))  # gamma; there is no beta

    def forward(self, x):
        return self.weight * x / (x.square().mean(-1, keepdim=True) + self.eps).sqrt()
