"""The check of batch normalization: right answers pass, wrong ones are named."""

import torch
from torch import nn

from course_utils import checks
from course_utils.regularizers import BatchNorm1d
from tests.checking import cases, named, passes


class Own(nn.Module):
    """A right one with other names; its parts are what the wrong ones below replace."""

    momentum, eps = 0.1, 1e-5

    def __init__(self, n):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n))
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("var", torch.ones(n))

    def statistics(self, x):
        return x.mean(0), ((x - x.mean(0)) ** 2).mean(0)

    def to_store(self, x):
        return x.mean(0), x.var(0)

    def update(self, x):
        mean, var = self.to_store(x)
        self.mean = (1 - self.momentum) * self.mean + self.momentum * mean.detach()
        self.var = (1 - self.momentum) * self.var + self.momentum * var.detach()

    def evaluated(self, x):
        return self.mean, self.var

    def forward(self, x):
        if self.training:
            mean, var = self.statistics(x)
            self.update(x)
        else:
            mean, var = self.evaluated(x)
        return (x - mean) / torch.sqrt(var + self.eps) * self.gamma + self.beta


def like_own(**parts):
    return type("Own", (Own,), parts)


def test_right_batch_norms_pass():
    passes(checks.batch_norm, nn.BatchNorm1d, BatchNorm1d, Own)


def forward_updating_always(self, x):
    mean, var = self.statistics(x) if self.training else self.evaluated(x)
    out = (x - mean) / torch.sqrt(var + self.eps) * self.gamma + self.beta
    self.update(x)
    return out


def forward_turned_around(self, x):
    mean, var = self.evaluated(x) if self.training else self.statistics(x)
    if not self.training:
        self.update(x)
    return (x - mean) / torch.sqrt(var + self.eps) * self.gamma + self.beta


def with_attributes(self, n):
    Own.__init__(self, n)
    del self.mean, self.var
    self.mean, self.var = torch.zeros(n), torch.ones(n)


def without_parameters(self, n):
    Own.__init__(self, n)
    del self.gamma, self.beta
    self.gamma, self.beta = torch.ones(n), torch.zeros(n)


def update_with_graph(self, x):
    mean, var = self.to_store(x)
    self.mean = 0.9 * self.mean + 0.1 * mean * self.gamma / self.gamma
    self.var = 0.9 * self.var + 0.1 * var * self.gamma / self.gamma


def only_last(self, x):
    self.mean, self.var = (s.detach() for s in self.to_store(x))


@cases(
    unbiased=(like_own(statistics=lambda self, x: (x.mean(0), x.var(0))), "the unbiased variance"),
    per_sample=(
        like_own(
            statistics=lambda self, x: (
                x.mean(1, keepdim=True),
                x.var(1, keepdim=True, correction=0),
            )
        ),
        "layer normalization",
    ),
    all_together=(
        like_own(statistics=lambda self, x: (x.mean(), x.var(correction=0))),
        "one mean and variance serve all features",
    ),
    running_in_training=(
        like_own(statistics=lambda self, x: (self.mean, self.var)),
        "x comes back as it was",
    ),
    no_eps=(like_own(eps=0.0), "dividing by that is 0 / 0"),
    no_root=(
        like_own(
            forward=lambda self, x: (
                (x - x.mean(0)) / (x.var(0, correction=0) + 1e-5) * self.gamma + self.beta
            )
        ),
        "its square root has the units of x",
    ),
    no_division=(
        like_own(statistics=lambda s, x: (x.mean(0), torch.ones(3))),
        "nothing is divided",
    ),
    no_parameters=(like_own(__init__=without_parameters), "nn.Parameter makes both learnable"),
    no_shift=(
        like_own(
            forward=lambda self, x: (
                (x - x.mean(0)) / torch.sqrt(x.var(0, correction=0) + 1e-5) * self.gamma
            )
        ),
        "the shift starts at 0 and is added",
    ),
    biased_store=(
        like_own(to_store=lambda self, x: (x.mean(0), x.var(0, correction=0))),
        "the running variance is biased",
    ),
    divided_twice=(
        like_own(to_store=lambda self, x: (x.mean(0), x.var(0, correction=0) / (len(x) - 1))),
        "the running variance is divided twice",
    ),
    factor_upside_down=(
        like_own(
            to_store=lambda self, x: (
                x.mean(0),
                x.var(0, correction=0) * (len(x) - 1) / len(x),
            )
        ),
        "the factor is upside down",
    ),
    std_stored=(
        like_own(to_store=lambda self, x: (x.mean(0), x.std(0))),
        "`std` stands where the variance belongs",
    ),
    std=(
        like_own(statistics=lambda self, x: (x.mean(0), x.std(0, correction=0))),
        "`std` stands where the variance belongs",
    ),
    std_unbiased=(
        like_own(statistics=lambda self, x: (x.mean(0), x.std(0))),
        "`std` stands where the variance belongs",
    ),
    turned_around=(
        like_own(forward=forward_turned_around),
        "`training` is turned around",
    ),
    momentum=(like_own(momentum=0.9), "momentum is the wrong way round"),
    no_update=(like_own(update=lambda self, x: None), "the running statistics never move"),
    only_last=(like_own(update=only_last), "only the last batch counts"),
    batch_in_evaluation=(
        like_own(evaluated=lambda self, x: (x.mean(0), x.var(0, correction=0))),
        "evaluation normalizes with the batch that it is given",
    ),
    update_in_evaluation=(
        like_own(forward=forward_updating_always),
        "running statistics are updated in evaluation too",
    ),
    update_first_in_evaluation=(
        like_own(
            evaluated=lambda self, x: (self.update(x), (self.mean, self.var))[1],
        ),
        "running statistics are updated in evaluation too",
    ),
    attributes=(like_own(__init__=with_attributes), "a plain attribute is neither saved nor moved"),
    graph=(like_own(update=update_with_graph), "each step drags all earlier ones along"),
    detached=(
        like_own(statistics=lambda self, x: (x.mean(0).detach(), x.var(0, correction=0).detach())),
        "mean and variance depend on x too",
    ),
    identity=(
        like_own(forward=lambda self, x: x * self.gamma + self.beta),
        "x comes back as it was",
    ),
    nothing=(like_own(forward=lambda self, x: None), "is there a `return`"),
)
def test_wrong_batch_norms(answer, hint):
    named(checks.batch_norm, answer, hint)
