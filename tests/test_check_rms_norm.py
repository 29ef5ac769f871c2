"""The check of RMSNorm: right answers pass, wrong ones are named."""

import torch
from torch import nn

from course_utils import checks
from tests.checking import cases, named, passes


def norm_of(formula):
    """A layer whose output is ``formula(x, weight, eps)``."""

    class RMSNorm(nn.Module):
        def __init__(self, features):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(features))

        def forward(self, x):
            return formula(x, self.weight, 1e-5)

    return RMSNorm


def test_right_norms_pass():
    passes(
        checks.rms_norm,
        nn.RMSNorm,
        lambda features: nn.RMSNorm(features, eps=1e-5),
        norm_of(lambda x, w, eps: w * x * (x.pow(2).mean(-1, keepdim=True) + eps).rsqrt()),
        norm_of(lambda x, w, eps: w * x / (x.norm(dim=-1, keepdim=True) / 2**0.5 + eps)),
    )


@cases(
    centered=(nn.LayerNorm, "that is LayerNorm"),
    total=(norm_of(lambda x, w, eps: w * x / (x.norm(dim=-1, keepdim=True) + eps)), "the sum of"),
    no_root=(norm_of(lambda x, w, eps: w * x / (x**2).mean(-1, keepdim=True)), "root is missing"),
    batch=(norm_of(lambda x, w, eps: w * x / (x**2).mean(0).sqrt()), "over the samples"),
    everything=(norm_of(lambda x, w, eps: w * x / (x**2).mean().sqrt()), "over everything"),
    no_keepdim=(
        norm_of(lambda x, w, eps: w * x / ((x**2).mean(-1) + eps).sqrt()),
        "without keepdim=True the vectors are divided by one another's",
    ),
    unscaled=(
        norm_of(lambda x, w, eps: x / ((x**2).mean(-1, keepdim=True) + eps).sqrt()),
        "self.weight, is not used",
    ),
    axis_one=(
        norm_of(lambda x, w, eps: w * x / ((x**2).mean(1, keepdim=True) + eps).sqrt()),
        "axis -1",
    ),
    no_eps=(norm_of(lambda x, w, eps: w * x / (x**2).mean(-1, keepdim=True).sqrt()), "eps is"),
)
def test_wrong_norms(answer, hint):
    named(checks.rms_norm, answer, hint)
