"""Right and wrong answers to useful_inputs."""

import numpy as np
import torch
import torch.nn.functional as F

from instructor.answers import right, wrong


def _lasso(x, y, strength, steps=400, rate=0.1):
    w = torch.zeros(x.shape[1])
    for _ in range(steps):
        w = F.softshrink(w + rate * (y - x @ w) @ x / len(x), rate * strength)
    return w


@right
def by_softshrink(x, y):
    return [i for i, weight in enumerate(_lasso(x, y, 0.25).tolist()) if weight]


@right
def by_coordinates_in_numpy(x, y):
    a, b = x.numpy().astype(float), y.numpy().astype(float)
    w = np.zeros(a.shape[1])
    for _ in range(60):
        for j in range(len(w)):
            w[j] = 0.0
            rest = a[:, j] @ (b - a @ w) / len(b)
            w[j] = np.sign(rest) * max(abs(rest) - 0.3, 0) / (a[:, j] ** 2).mean()
    return list(np.flatnonzero(w))


@right
def one_after_the_other(x, y):
    found, rest = [], y
    while rest.std() > 0.5:
        found.append(int((x.T @ rest).abs().argmax()))
        w = torch.linalg.lstsq(x[:, found], y[:, None]).solution
        rest = y - (x[:, found] @ w)[:, 0]
    return sorted(found)


@right
def with_numbers_of_torch(x, y):
    return torch.where(_lasso(x.double().float(), y, 0.35, steps=1000) != 0)[0]


@wrong("all_of_them")
def by_gradient_steps_alone(x, y):
    return _lasso(x, y, 0.0).nonzero().flatten().tolist()


@wrong("all_of_them")
def by_ridge(x, y):
    w = torch.linalg.solve(x.T @ x + 5.0 * torch.eye(x.shape[1]), x.T @ y)
    return [i for i in range(len(w)) if w[i] != 0]


@wrong("all_of_them")
def by_the_slope_of_the_absolute_value(x, y):
    w = torch.zeros(x.shape[1], requires_grad=True)
    sgd = torch.optim.SGD([w], lr=0.1)
    for _ in range(300):
        sgd.zero_grad()
        (F.mse_loss(x @ w, y) / 2 + 0.3 * w.abs().sum()).backward()
        sgd.step()
    return w.detach().nonzero().flatten().tolist()


@wrong("negative_lost")
def positive_weights(x, y):
    return (_lasso(x, y, 0.3) > 0).nonzero().flatten().tolist()


@wrong("mask_returned")
def a_mask(x, y):
    return (_lasso(x, y, 0.3) != 0).tolist()


@wrong("mask_returned")
def the_weights(x, y):
    return _lasso(x, y, 0.3)


@wrong("useless_kept")
def too_low_a_price(x, y):
    return _lasso(x, y, 0.02).nonzero().flatten().tolist()


@wrong("useless_kept")
def by_correlation(x, y):
    told = (x - x.mean(0)).T @ (y - y.mean()) / len(y)
    return (told.abs() > 0.45).nonzero().flatten().tolist()


@wrong("useless_kept")
def three_always(x, y):
    return sorted(_lasso(x, y, 0.05).abs().topk(3).indices.tolist())


@wrong("useful_missed")
def too_high_a_price(x, y):
    return _lasso(x, y, 1.5).nonzero().flatten().tolist()


@wrong("useful_missed")
def two_steps(x, y):
    return _lasso(x, y, 0.9, steps=2).nonzero().flatten().tolist()


@wrong("counted_from_1")
def counted_from_one(x, y):
    return (_lasso(x, y, 0.3).nonzero().flatten() + 1).tolist()


@wrong("useful_missed")
def nothing_chosen(x, y):
    return []


@wrong("mask_returned")
def unsorted_dict(x, y):
    w = torch.zeros(x.shape[1])
    lr = 0.05
    for _ in range(2000):
        grad = 2 * x.T @ (x @ w - y) / len(y)
        w = w - lr * grad
        w = w.sign() * (w.abs() - lr * 0.5).clamp(min=0)
    return {i: float(w[i]) for i in range(len(w)) if w[i] != 0}


@wrong("in_another_order")
def order(x, y):
    w = torch.zeros(x.shape[1])
    lr = 0.05
    for _ in range(2000):
        grad = 2 * x.T @ (x @ w - y) / len(y)
        w = w - lr * grad
        w = w.sign() * (w.abs() - lr * 0.5).clamp(min=0)
    return w.abs().argsort(descending=True)[: int((w != 0).sum())].tolist()


@wrong("useless_kept", at="hidden")
def by_weaker_ridge(x, y):
    squares = x.T @ x + 0.1 * len(x) * torch.eye(x.shape[1])
    return (torch.linalg.solve(squares, x.T @ y).abs() > 0.4).nonzero().flatten().tolist()


EQUIVALENT = {
    "w.nonzero().flatten().tolist() -> w.nonzero().flatten()": "a tensor of places is right",
    "x @ w - y -> x @ w + y": "all weights change their sign, and the same ones are 0",
    "0.1 -> 0.2": "a step of this size leads there as well",
    "0.3 -> 0.6": "a price in the wide range between too low and too high",
    "400 -> 401": "any number of steps that is large enough will do",
    "400 -> 399": "any number of steps that is large enough will do",
}
