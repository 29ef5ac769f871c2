"""Right and wrong answers to dropout."""

import torch
import torch.nn.functional as F
from torch import nn

from instructor.answers import UNNAMED, right, wrong


@right
def with_a_bernoulli_draw(x, p, training):
    if training:
        x = x * torch.bernoulli(torch.full_like(x, 1 - p)) / (1 - p)
    return x


@right
def with_where(x, p, training):
    if not training or p == 0:
        return x
    return torch.where(torch.rand(x.shape, device=x.device) < p, 0.0, x / (1 - p)).to(x.dtype)


@right
def one_entry_at_a_time(x, p, training):
    if not training:
        return x
    draws = torch.rand(x.numel()).tolist()
    scale = [0.0 if u < p else 1 / (1 - p) for u in draws]
    return x * torch.tensor(scale, dtype=x.dtype).reshape(x.shape)


@wrong("keeps_with_p")
def keeps_with_p(x, p, training):
    return x * (torch.rand_like(x) < p) / p if training and p else x


@wrong("without_rescaling")
def without_rescaling(x, p, training):
    return x * (torch.rand_like(x) >= p) if training else x


@wrong("scaled_in_evaluation_too")
def scaled_in_evaluation_too(x, p, training):
    return x * (torch.rand_like(x) >= p) / (1 - p) if training else x * (1 - p)


@wrong("active_in_evaluation")
def active_in_evaluation(x, p, training):
    return x * (torch.rand_like(x) >= p) / (1 - p)


@wrong("seeded_inside")
def seeded_inside(x, p, training):
    torch.manual_seed(0)
    return x * (torch.rand_like(x) >= p) / (1 - p) if training else x


@wrong("one_mask_for_the_batch")
def one_mask_for_the_batch(x, p, training):
    return x * (torch.rand_like(x[0]) >= p) / (1 - p) if training else x


@wrong("in_place")
def in_place(x, p, training):
    return x.mul_((torch.rand_like(x) >= p) / (1 - p)) if training else x


@wrong("library_used")
def by_the_library(x, p, training):
    return F.dropout(x, p, training)


@wrong("library_used")
def by_a_layer_of_the_library(x, p, training):
    layer = nn.Dropout(p)
    return layer.train(training)(x)


@wrong("divided_by_p")
def fits_p_of_one_half_only(x, p, training):
    return x * (torch.rand_like(x) >= p) / p if training and p else x


@wrong(UNNAMED)
def always_float32(x, p, training):
    return x.float() * (torch.rand(x.shape) >= p) / (1 - p) if training else x


@right
def by_where_a_number_is_drawn(x, p, training):
    if training and p > 0:
        dropped = torch.empty(x.shape).uniform_().lt(p)
        return torch.masked_fill(x, dropped, 0).div(1.0 - p)
    return x


@wrong(UNNAMED)
def an_exact_count(x, p, training):
    if not training:
        return x
    order = torch.randperm(x.numel()).reshape(x.shape)
    return torch.where(order < round(p * x.numel()), torch.zeros_like(x), x.div(1 - p))


@wrong(UNNAMED)
def an_exact_count_in_each_row(x, p, training):
    if not training:
        return x
    width = x.shape[-1]
    ranks = torch.rand(x.shape, dtype=torch.float64).argsort(-1).argsort(-1)
    out = x.clone()
    out[ranks < round(p * width)] = 0
    return out.div(1 - p)


@wrong(UNNAMED)
def in_pairs(x, p, training):
    if not training:
        return x
    flat = torch.empty(x.numel() // 2 + 1).bernoulli_(1 - p).repeat_interleave(2)[: x.numel()]
    return x.div(1 - p).mul(flat.reshape(x.shape).to(x.dtype))


@wrong("without_rescaling")
def forgets_to_rescale_small_p(x, p, training):
    if training:
        dropped = torch.empty(x.shape).uniform_().lt(p)
        x = torch.masked_fill(x, dropped, 0)
        return x.div(1.0 - p) if p > 0.5 else x
    return x


#: Mutants of the model answer that behave like it, each with the reason.


@wrong("library_used")
def native(x, p, training):
    return torch.native_dropout(x, p, training)[0]


@wrong("library_used")
def feature_library(x, p, training):
    return nn.functional.dropout1d(x.reshape(1, -1, 1), p, training).reshape(x.shape)


def _with_mask_of(flat, x, p):
    """x with a mask drawn for `flat`, all its numbers one after the other."""
    return (flat * (torch.rand_like(flat) >= p) / (1 - p)).reshape(x.shape)


@right
def in_one_row_by_flatten(x, p, training):
    return _with_mask_of(x.flatten(), x, p) if training else x


@wrong("not_contiguous", at="hidden")
def in_one_row_by_view(x, p, training):
    return _with_mask_of(x.view(-1), x, p) if training else x


@right
def a_scaled_mask_of_float32(x, p, training):
    return x * ((torch.rand(x.shape) >= p).float() / (1 - p)) if training else x


EQUIVALENT = {
    "torch.rand_like(x) >= p -> torch.rand_like(x) > p": "a draw equals p with chance 2^-24",
}
