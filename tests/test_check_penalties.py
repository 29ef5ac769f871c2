"""The check of penalties: right answers pass, wrong ones are named."""

import torch
from torch import nn

from course_utils import checks
from course_utils.regularizers import l1_penalty as course_l1
from course_utils.regularizers import l2_penalty as course_l2
from tests.checking import cases, named, passes


def weights(model):
    return [p for p in model.parameters() if p.ndim > 1]


def l2_in_a_loop(model):
    total = torch.zeros(())
    for _, p in model.named_parameters():
        if p.dim() >= 2:
            total = total + (p**2).sum()
    return total


def l1_by_norm(model):
    return sum(torch.linalg.vector_norm(p, 1) for p in weights(model))


def l1_by_sign(model):
    return torch.cat([p.flatten() for p in weights(model)]).abs().sum()


def test_right_penalties_pass():
    passes(
        checks.l2_penalty,
        course_l2,
        l2_in_a_loop,
        lambda m: sum(p.norm() ** 2 for p in weights(m)),
        lambda m: sum(torch.sum(p * p) for p in weights(m)),
    )
    passes(checks.l1_penalty, course_l1, l1_by_norm, l1_by_sign)


def first_return(term):
    def answer(model):
        for p in weights(model):
            return term(p)

    return answer


def last_only(term):
    def answer(model):
        for p in weights(model):
            total = term(p)
        return total

    return answer


def in_place_abs(model):
    with torch.no_grad():
        for p in weights(model):
            p.abs_()
    return course_l1(model)


captured = nn.Linear(3, 2)
square, size = (lambda p: p.square().sum()), (lambda p: p.abs().sum())


@cases(
    half=(lambda m: 0.5 * course_l2(m), "this is half of it"),
    root=(lambda m: course_l2(m).sqrt(), "square root of what was asked for"),
    norms=(lambda m: sum(p.norm() for p in weights(m)), "a square root) for each layer"),
    mean=(lambda m: course_l2(m) / sum(p.numel() for p in weights(m)), "this is a mean"),
    means=(lambda m: sum(p.square().mean() for p in weights(m)), "means of the layers"),
    l1=(course_l1, "which is the L1 penalty"),
    late=(lambda m: sum(p.sum() ** 2 for p in weights(m)), "squares after adding up"),
    biases=(
        lambda m: sum(square(p) for n, p in m.named_parameters() if "1." not in n),
        "biases are penalized too",
    ),
    everything=(lambda m: sum(square(p) for p in m.parameters()), "every parameter is penalized"),
    by_name=(
        lambda m: sum(square(p) for n, p in m.named_parameters() if "weight" in n),
        "the batch norm's scale is penalized too",
    ),
    all_biases=(
        lambda m: sum(square(p) for n, p in m.named_parameters() if n != "1.weight"),
        "and the batch norm's",
    ),
    first=(first_return(square), "only the first layer counts"),
    last=(last_only(square), "only the last layer counts"),
    negative=(lambda m: -course_l2(m), "this is negative"),
    number=(lambda m: course_l2(m).item(), "a Python number, which no gradient can pass"),
    data=(lambda m: sum(square(p.data) for p in weights(m)), "cut the gradient off"),
    half_cut=(
        lambda m: (
            square(m[0].weight) + square(m[3].weight.detach())
            if len(list(m.children()))
            else course_l2(m)
        ),
        "part of the sum is cut off",
    ),
    vector=(lambda m: weights(m)[0].square().sum(1), "the shape is not the one asked for"),
    nothing=(lambda m: None, "is there a `return`"),
    linear_only=(
        lambda m: sum(square(p) for p in m.parameters() if p.ndim == 2) + 0 * course_l2(m),
        "two dimensions or more, not always exactly two",
    ),
    captured=(lambda m: course_l2(captured), "one term for each weight, added up"),
)
def test_wrong_l2(answer, hint):
    named(checks.l2_penalty, answer, hint)


@cases(
    no_abs=(lambda m: sum(p.sum() for p in weights(m)), "the `abs` is missing"),
    late_abs=(lambda m: sum(p.sum().abs() for p in weights(m)), "takes `abs` after adding up"),
    squares=(course_l2, "which is the L2 penalty"),
    count=(
        lambda m: sum((p != 0).sum() for p in weights(m)).float(),
        "counts the weights that are not zero",
    ),
    half=(lambda m: course_l1(m) / 2, "this is half of it"),
    mean=(lambda m: course_l1(m) / sum(p.numel() for p in weights(m)), "this is a mean"),
    means=(lambda m: sum(p.abs().mean() for p in weights(m)), "means of the layers"),
    everything=(lambda m: sum(size(p) for p in m.parameters()), "every parameter is penalized"),
    first=(first_return(size), "only the first layer counts"),
    last=(last_only(size), "only the last layer counts"),
    detached=(lambda m: course_l1(m).detach(), "cut the gradient off"),
    rebuilt=(lambda m: torch.tensor(course_l1(m).item()), "cut the gradient off"),
    root=(
        lambda m: sum((p**2).sqrt().sum() for p in weights(m)),
        "no gradient at a weight of exactly 0",
    ),
    in_place=(in_place_abs, "changes the weights themselves"),
    nothing=(lambda m: None, "is there a `return`"),
)
def test_wrong_l1(answer, hint):
    named(checks.l1_penalty, answer, hint)
