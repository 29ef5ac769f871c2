"""The check of dropout: right answers pass, wrong ones are named."""

import numpy as np
import torch
import torch.nn.functional as F

from course_utils import checks
from course_utils.regularizers import Dropout
from tests.checking import cases, named, passes


def plain_dropout(x, p, training):
    if not training:
        return x
    return x * (torch.rand_like(x) >= p) / (1 - p)


def bernoulli_dropout(x, p, training):
    mask = torch.bernoulli(torch.full(x.shape, 1 - p)) if training else torch.ones_like(x)
    return mask * x / (1 - p if training else 1)


def module_dropout(x, p, training):
    return Dropout(p).train(training)(x)


def numpy_dropout(x, p, training):
    if not training or p == 0:
        return x
    mask = torch.from_numpy(np.random.rand(*x.shape) >= p)  # noqa: NPY002
    return x * mask / (1 - p)


def test_right_dropouts_pass():
    passes(checks.dropout, plain_dropout, bernoulli_dropout, module_dropout, numpy_dropout)
    passes(checks.dropout, F.dropout)


def dropping(mask, scale=lambda p: 1 - p):
    """Dropout with another mask, or another scale."""

    def answer(x, p, training):
        return x * mask(x, p) / scale(p) if training else x

    return answer


def keep(x, p):
    return torch.rand_like(x) >= p


def reseeded(x, p):
    torch.manual_seed(42)
    return keep(x, p)


def own_generator(x, p):
    return torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) >= p


def remembered():
    masks = {}
    return lambda x, p: masks.setdefault((x.shape, p), keep(x, p))


def classic(x, p, training):
    return x * keep(x, p) if training else x * (1 - p)


def inverted_twice(x, p, training):
    return x * keep(x, p) / (1 - p) if training else x / (1 - p)


def in_place(x, p, training):
    if training:
        with torch.no_grad():
            x *= keep(x, p) / (1 - p)
    return x


@cases(
    swapped=(dropping(lambda x, p: torch.rand_like(x) < p, lambda p: p), "this is 0 / 0"),
    swapped_but_at_0=(
        dropping(lambda x, p: (torch.rand_like(x) < p) | (p == 0), lambda p: p or 1.0),
        "p and 1 - p are swapped",
    ),
    unscaled=(dropping(keep, lambda p: 1.0), "survivors are not rescaled"),
    scaled_by_p=(dropping(keep, lambda p: p or 1.0), "survivors are divided by p"),
    shrunk=(dropping(keep, lambda p: 1 / (1 - p)), "which shrinks them twice"),
    times_p=(dropping(keep, lambda p: 1 / (p or 1.0)), "survivors are multiplied by p"),
    classic=(classic, "scaled in evaluation as well"),
    inverted_twice=(inverted_twice, "scaled up in evaluation as well"),
    active_in_evaluation=(lambda x, p, training: plain_dropout(x, p, True), "vanish in evaluation"),
    training_inverted=(
        lambda x, p, training: plain_dropout(x, p, not training),
        "vanish in evaluation",
    ),
    reseeded=(dropping(reseeded), "the mask is frozen"),
    own_generator=(dropping(own_generator), "the mask is frozen"),
    remembered=(dropping(remembered()), "the mask is frozen"),
    one_for_all=(
        dropping(lambda x, p: (torch.rand(x.shape[1:]) >= p).expand_as(x)),
        "one mask serves the whole batch",
    ),
    whole_samples=(
        dropping(lambda x, p: torch.rand(len(x), 1) >= p),
        "one draw decides for all units of a sample",
    ),
    normal_draw=(dropping(lambda x, p: torch.randn_like(x) >= p), "p = 0 every unit survives"),
    in_place=(in_place, "changes the activations themselves"),
    detached=(
        lambda x, p, training: plain_dropout(x.detach(), p, training),
        "cut the gradient off",
    ),
    nothing=(lambda x, p, training: x if not training else None, "is there a `return`"),
    never=(lambda x, p, training: x, "compare a uniform draw"),
)
def test_wrong_dropouts(answer, hint):
    named(checks.dropout, answer, hint)
