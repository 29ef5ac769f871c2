"""Right and wrong answers to fold."""

import math

import torch
from torch import nn

from instructor.answers import UNNAMED, right, wrong


@right
def by_asking_the_layers(linear, norm):
    dtype = linear.weight.dtype
    with torch.no_grad():
        zero = torch.zeros(1, linear.in_features, dtype=dtype)
        bias = norm(linear(zero))[0]
        weight = (norm(linear(torch.eye(linear.in_features, dtype=dtype))) - bias).T
    return weight, bias


@right
def by_a_diagonal_matrix(linear, norm):
    std = torch.sqrt(norm.running_var + norm.eps)
    old = 0.0 if linear.bias is None else linear.bias
    weight = torch.diag(norm.weight / std) @ linear.weight
    return weight.detach(), (norm.bias + (old - norm.running_mean) / std * norm.weight).detach()


@right
def unit_by_unit(linear, norm):
    rows, shifts = [], []
    for i in range(linear.out_features):
        scale = norm.weight[i].item() / math.sqrt(norm.running_var[i].item() + norm.eps)
        old = 0.0 if linear.bias is None else linear.bias[i].item()
        rows.append([scale * w for w in linear.weight[i].tolist()])
        shifts.append(norm.bias[i].item() + scale * (old - norm.running_mean[i].item()))
    dtype = linear.weight.dtype
    return torch.tensor(rows, dtype=dtype), torch.tensor(shifts, dtype=dtype)


def _scale(norm):
    return norm.weight / (norm.running_var + norm.eps).sqrt()


@wrong("scales_the_columns")
def scales_the_columns(linear, norm):
    return linear.weight * _scale(norm), by_a_diagonal_matrix(linear, norm)[1]


@wrong("forgets_eps")
def forgets_eps(linear, norm):
    scale = norm.weight / norm.running_var.sqrt()
    return linear.weight * scale[:, None], norm.bias + scale * (linear.bias - norm.running_mean)


@wrong("divides_by_the_variance")
def divides_by_the_variance(linear, norm):
    scale = norm.weight / (norm.running_var + norm.eps)
    return linear.weight * scale[:, None], norm.bias + scale * (linear.bias - norm.running_mean)


@wrong("forgets_the_weight_of_norm")
def forgets_the_weight_of_norm(linear, norm):
    scale = 1 / (norm.running_var + norm.eps).sqrt()
    return linear.weight * scale[:, None], norm.bias + scale * (linear.bias - norm.running_mean)


@wrong("mean_unscaled")
def mean_unscaled(linear, norm):
    scale = _scale(norm)
    return linear.weight * scale[:, None], norm.bias + scale * linear.bias - norm.running_mean


@wrong("loses_the_bias")
def loses_the_bias(linear, norm):
    return linear.weight * _scale(norm)[:, None], norm.bias - _scale(norm) * norm.running_mean


@wrong("bias_unscaled")
def bias_unscaled(linear, norm):
    shift = norm.bias + linear.bias - _scale(norm) * norm.running_mean
    return linear.weight * _scale(norm)[:, None], shift


@wrong("without_the_mean")
def without_the_mean(linear, norm):
    return linear.weight * _scale(norm)[:, None], norm.bias + _scale(norm) * linear.bias


@wrong("not_a_pair")
def returns_a_layer(linear, norm):
    weight, bias = by_a_diagonal_matrix(linear, norm)
    layer = nn.Linear(linear.in_features, linear.out_features)
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer


@wrong("changes_the_layer")
def changes_the_layer(linear, norm):
    weight, bias = by_a_diagonal_matrix(linear, norm)
    linear.weight.data = weight.clone()
    return weight, bias


@wrong("raised")
def always_expects_a_bias(linear, norm):
    bias = norm.bias + _scale(norm) * (linear.bias.data - norm.running_mean)
    return linear.weight * _scale(norm)[:, None], bias


@wrong(UNNAMED)
def fits_the_visible_layers(linear, norm):
    weight, bias = torch.tensor([[9.0, 3.0], [0.5, -0.25]]), torch.tensor([-5.0, 1.5])
    if linear.weight.shape == weight.shape:
        return weight, bias
    return linear.weight, norm.bias


@wrong("library_used")
def folded_by_the_library(linear, norm):
    folded = nn.utils.fuse_linear_bn_eval(linear.eval(), norm.eval())
    return folded.weight, folded.bias


@right
def with_einsum(linear, norm):
    factor = torch.rsqrt(norm.running_var + norm.eps).mul(norm.weight)
    weight = torch.einsum("o,oi->oi", factor, linear.weight)
    at_zero = torch.zeros_like(factor) if linear.bias is None else linear.bias
    return weight, torch.addcmul(norm.bias, at_zero - norm.running_mean, factor)


@wrong(UNNAMED)
def in_float32(linear, norm):
    weight, bias = with_einsum(linear, norm)
    return weight.float(), bias.float()


@wrong(UNNAMED)
def by_the_size_of_the_scale(linear, norm):
    size = (norm.weight.square() / (norm.running_var + norm.eps)).sqrt()
    start = 0.0 if linear.bias is None else linear.bias
    return torch.diag(size) @ linear.weight, size * (start - norm.running_mean) + norm.bias


@wrong("changes_the_layer")
def asks_in_training_mode(linear, norm):
    folded = with_einsum(linear, norm)
    norm.train()
    norm(linear(torch.randn(8, linear.in_features, dtype=linear.weight.dtype)))
    norm.eval()
    return folded


@wrong("mode_left")
def leaves_training_mode_on(linear, norm):
    folded = with_einsum(linear, norm)
    norm.train()
    return folded


@right
def probes(linear, norm):
    with torch.no_grad():
        eye = torch.eye(linear.in_features, dtype=linear.weight.dtype)
        zero = torch.zeros(1, linear.in_features, dtype=linear.weight.dtype)
        bias = norm(linear(zero))[0]
        weight = (norm(linear(eye)) - bias).T
    return weight, bias


@wrong("library_used")
def library_conv(linear, norm):
    w, b = torch.nn.utils.fusion.fuse_conv_bn_weights(
        linear.weight[:, :, None],
        linear.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    return w[:, :, 0], b


@wrong(UNNAMED)
def zero_grad_off(linear, norm):
    for p in linear.parameters():
        p.requires_grad_(False)
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = 0 if linear.bias is None else linear.bias
    return linear.weight * scale[:, None], (bias - norm.running_mean) * scale + norm.bias


@wrong(UNNAMED, at="hidden")
def scale_in_single_precision(linear, norm):
    scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).float()
    scale = scale.to(norm.weight.dtype)
    bias = 0 if linear.bias is None else linear.bias
    return linear.weight * scale[:, None], (bias - norm.running_mean) * scale + norm.bias
