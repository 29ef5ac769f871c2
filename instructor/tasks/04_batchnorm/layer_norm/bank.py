"""Right and wrong answers to layer_norm."""

import math

import torch
import torch.nn.functional as F

from instructor.answers import UNNAMED, right, wrong


@right
def by_transposing(x, weight, bias, eps):
    columns = x.T - x.mean(1)
    columns = columns / (columns.square().mean(0) + eps) ** 0.5
    return torch.addcmul(bias, columns.T, weight)


@right
def one_sample_at_a_time(x, weight, bias, eps):
    rows = []
    for row in x:
        mean = sum(row) / len(row)
        std = (sum((v - mean) ** 2 for v in row) / len(row) + eps) ** 0.5
        rows.append(torch.stack([(v - mean) / std for v in row]))
    return torch.stack(rows) * weight + bias


@wrong(UNNAMED)
def one_number_at_a_time(x, weight, bias, eps):
    rows = []
    for row in x.tolist():
        mean = sum(row) / len(row)
        std = math.sqrt(sum((v - mean) ** 2 for v in row) / len(row) + eps)
        rows.append([(v - mean) / std for v in row])
    return torch.tensor(rows, dtype=x.dtype) * weight + bias


@wrong("library_used")
def as_one_group(x, weight, bias, eps):
    return F.group_norm(x.unsqueeze(-1), 1, weight, bias, eps).squeeze(-1)


@wrong("library_used")
def as_one_instance(x, weight, bias, eps):
    return torch.addcmul(bias, F.instance_norm(x[:, None, :], eps=eps)[:, 0], weight)


@wrong("single_precision")
def in_single_precision_and_back(x, weight, bias, eps):
    return with_var_mean(x.float(), weight.float(), bias.float(), eps).to(x.dtype)


@wrong("over_the_batch")
def over_the_batch(x, weight, bias, eps):
    return (x - x.mean(0)) / (x.var(0, correction=0) + eps).sqrt() * weight + bias


@wrong("unbiased")
def unbiased(x, weight, bias, eps):
    mean, var = x.mean(1, keepdim=True), x.var(1, keepdim=True)
    return (x - mean) / (var + eps).sqrt() * weight + bias


@wrong("without_keepdim")
def without_keepdim(x, weight, bias, eps):
    return (x - x.mean(1)) / (x.var(1, correction=0) + eps).sqrt() * weight + bias


@wrong("over_everything")
def over_everything(x, weight, bias, eps):
    return (x - x.mean()) / (x.var(correction=0) + eps).sqrt() * weight + bias


@wrong("without_scale_and_shift")
def without_scale_and_shift(x, weight, bias, eps):
    return by_transposing(x, torch.ones_like(weight), torch.zeros_like(bias), eps)


@wrong("divided_by_the_variance")
def divided_by_the_variance(x, weight, bias, eps):
    mean, var = x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)
    return (x - mean) / (var + eps) * weight + bias


@wrong("without_eps")
def without_eps(x, weight, bias, eps):
    return by_transposing(x, weight, bias, 0.0)


@wrong(UNNAMED)
def with_an_eps_of_its_own(x, weight, bias, eps):
    return by_transposing(x, weight, bias, 1e-5)


@wrong(UNNAMED)
def fits_the_visible_samples(x, weight, bias, eps):
    table = torch.tensor([[-0.9258, -0.4629, 1.3887], [0.0, 0.0, 0.0], [-1.3887, 0.4629, 0.9258]])
    return (table if x.shape == table.shape else x) * weight + bias


@wrong("library_used")
def layer_norm_of_the_library(x, weight, bias, eps):
    return F.layer_norm(x, weight.shape, weight, bias, eps)


@right
def with_var_mean(x, weight, bias, eps):
    spread, center = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return weight.mul(x.sub(center).mul(torch.rsqrt(spread + eps))).add(bias)


@wrong(UNNAMED)
def statistics_without_gradient(x, weight, bias, eps):
    spread, center = torch.var_mean(x.detach(), dim=-1, correction=0, keepdim=True)
    return torch.addcmul(bias, (x - center) * torch.rsqrt(spread + eps), weight)


@wrong(UNNAMED)
@torch.no_grad()
def without_any_gradient(x, weight, bias, eps):
    return with_var_mean(x, weight, bias, eps)


@wrong(UNNAMED)
def in_place_on_x(x, weight, bias, eps):
    x.data -= x.data.mean(-1, keepdim=True)
    return torch.addcmul(bias, x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps), weight)


@wrong(UNNAMED)
def in_place_on_the_weight(x, weight, bias, eps):
    got = with_var_mean(x, weight, bias, eps)
    weight.data.clamp_(min=0.0)
    return got


@wrong(UNNAMED)
def eps_outside_the_root(x, weight, bias, eps):
    spread, center = torch.std_mean(x, dim=-1, correction=0, keepdim=True)
    return torch.addcmul(bias, (x - center) / (spread + eps), weight)


@wrong(UNNAMED)
def by_way_of_numpy(x, weight, bias, eps):
    rows = x.detach().double().numpy()
    rows = (rows - rows.mean(1)[:, None]) / (rows.var(1)[:, None] + eps) ** 0.5
    return torch.from_numpy(rows).to(x.dtype) * weight + bias


@right
def matrix(x, weight, bias, eps):
    d = x.shape[1]
    centre = torch.eye(d, dtype=x.dtype, device=x.device) - 1.0 / d
    c = x @ centre
    s = (c * c).sum(1, keepdim=True) / d
    return c * torch.pow(s + eps, -0.5) * weight.unsqueeze(0) + bias.unsqueeze(0)


def _in_one_row(flat, x, weight, bias, eps):
    """From `flat`, all numbers of x one after the other."""
    n, features = x.shape
    rows = torch.stack([flat[i * features : (i + 1) * features] for i in range(n)])
    center = rows - rows.mean(1, keepdim=True)
    return center / (center.square().mean(1, keepdim=True) + eps).sqrt() * weight + bias


@right
def from_one_row_by_flatten(x, weight, bias, eps):
    return _in_one_row(x.flatten(), x, weight, bias, eps)


@wrong("not_contiguous", at="hidden")
def from_one_row_by_view(x, weight, bias, eps):
    return _in_one_row(x.view(-1), x, weight, bias, eps)


@wrong("single_precision", at="hidden")
def the_root_in_single_precision(x, weight, bias, eps):
    center = x - x.mean(1, keepdim=True)
    root = (center.square().mean(1, keepdim=True) + eps).sqrt()
    return center / root.float() * weight + bias
