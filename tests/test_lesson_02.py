"""What lesson 02 says of the runs that it shows, and what its panels compute.

What it says of digits and MNIST alike stands in `claims.lesson_02`.
"""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from course_utils.comparison import ENDINGS
from course_utils.evidence import Difference, paired_difference
from course_utils.figures.penalties import NEAR, weights_of
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import penalties
from course_utils.regularizers import elastic_net, l2_penalty, penalized_weights
from course_utils.training import evaluate
from tests.lessons import Lesson, every_control_moves_the_picture, falls, rises
from tests.precision import float64, in_float64

Array = NDArray[np.float64]
LAST = -1

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("closing_last")]


def gain(after: Fleet, before: Fleet, score: str = "val_acc") -> Difference:
    return paired_difference(getattr(after, score)[0, :, LAST], getattr(before, score)[0, :, LAST])


def is_small(difference: Difference, points: float) -> bool:
    """Whether the interval reaches below this many percentage points, on either side."""
    return difference.low < points / 100 and difference.high > -points / 100


def share_near(weights: Array) -> float:
    return float((np.abs(weights) < NEAR).mean())


# L2: what it costs, what it buys.


def test_with_l2_few_wrong_labels_are_repeated(lesson: Lesson) -> None:
    digits = lesson["digits"]
    x, y = digits.x_train[digits.noisy], digits.y_train[digits.noisy]

    def repeated(fleet: Fleet) -> float:
        return float(np.mean([evaluate(fleet.model(0, s), x, y).acc for s in fleet.seeds]))

    assert repeated(lesson["plain"]) > 0.5
    assert repeated(lesson["ridge"]) < 0.2
    right = 1 - float(digits.noisy.float().mean())
    assert abs(lesson["ridge"].train_acc[0, :, LAST].mean() - right) < 0.02


# L1, and the soft threshold.


def test_l1_presses_most_weights_against_zero_and_none_onto_it(lesson: Lesson) -> None:
    l1, l2, plain = (weights_of(lesson[name]) for name in ("lasso", "ridge", "plain"))
    assert share_near(l1) > 0.8 > 0.5 > share_near(l2) > share_near(plain)
    assert (l1 == 0).mean() < 0.001
    assert np.quantile(np.abs(l1), 0.999) > 0.5  # a few stay large


def test_the_left_and_right_border_empties_first(lesson: Lesson) -> None:
    digits, l1 = lesson["digits"], lesson["lasso"]
    layers = [next(penalized_weights(l1.model(0, s)))[1].detach().numpy() for s in l1.seeds]
    near = (np.abs(np.reshape(layers, (-1, 8, 8))) < NEAR).mean(axis=(0, 1))  # by column
    assert near[[0, 7]].min() > 0.97 > near[2:6].max()
    black = (digits.x_train[:, 0] == 0).float().mean(dim=(0, 1)).numpy()
    assert black[[0, 7]].min() > 0.9 > black[2:6].max()


def test_the_soft_threshold_makes_exact_zeros_at_the_same_accuracy(lesson: Lesson) -> None:
    assert (weights_of(lesson["sparse"]) == 0).mean() > 0.8
    assert is_small(gain(lesson["sparse"], lesson["lasso"]), 0.5)
    assert rises(gain(lesson["sparse"], lesson["plain"]))


def test_the_panels_own_proximal_step_is_the_lessons(lesson: Lesson) -> None:
    x, y = lesson["digits"].x_train[:50].double(), lesson["digits"].y_train[:50]
    weights = []
    for make in (lesson["ProximalSGD"], penalties.ProximalSGD):
        torch.manual_seed(0)
        model = MLP(64, (8,), 10).double()
        optimizer = make(model, l1_lambda=3e-3, lr=0.1, momentum=0.9)
        for _ in range(20):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        weights.append(weights_of(model))
    np.testing.assert_allclose(weights[0], weights[1], rtol=0, atol=1e-9)


def test_l1_drops_the_made_up_columns_first_and_keeps_what_says_most(lesson: Lesson) -> None:
    linear, names = lesson["linear"], lesson["names"]
    weights = linear(0.2)
    assert (weights[len(names) :] == 0).all()
    assert (linear(0.0) != 0).all()
    assert 2 <= (weights[: len(names)] != 0).sum() < len(names) / 2
    assert "bmi" in [name for name, w in zip(names, linear(0.8), strict=False) if w != 0]


@pytest.mark.parametrize(("alpha", "ratio"), [(0.02, 0.9), (0.3, 0.1), (0.5, 1.0)])
def test_the_elastic_nets_of_scikit_learn_are_translated_at_other_strengths(
    lesson: Lesson, alpha: float, ratio: float
) -> None:
    net = lesson["ElasticNet"](alpha=alpha, l1_ratio=ratio, tol=1e-12, max_iter=100_000)
    theirs = net.fit(lesson["x"], lesson["y"]).coef_
    ours = lesson["linear"](l1=2 * alpha * ratio, l2=alpha * (1 - ratio))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-8)


def test_an_l1_loss_passes_over_outliers_and_an_l1_penalty_does_not(lesson: Lesson) -> None:
    squared, penalized, absolute = lesson["slopes"].values()
    assert absolute == pytest.approx(2, abs=0.05)
    assert min(squared, penalized) > 4


# Weight decay.


@float64()
def compared(lesson: Lesson, *kinds: type[torch.optim.Optimizer], **options: Any) -> float:
    """The lesson's largest distance of the weights over 50 steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(lesson.names, "digits", in_float64(lesson["digits"]))
        distances: list[float] = lesson["compare"](*kinds, **options)
    assert len(distances) == 50
    return max(distances)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_weight_decay_is_the_penalty_for_sgd_and_only_with_the_2(
    lesson: Lesson, momentum: float
) -> None:
    sgd = torch.optim.SGD
    assert compared(lesson, sgd, sgd, lr=0.1, momentum=momentum) < 1e-9
    assert compared(lesson, sgd, sgd, factor=1, lr=0.1, momentum=momentum) > 1e-3


def test_adams_own_weight_decay_is_the_penalty_and_adamws_is_not(lesson: Lesson) -> None:
    adam, adamw = torch.optim.Adam, torch.optim.AdamW
    assert compared(lesson, adam, adam, lr=0.01) < 1e-9
    assert compared(lesson, adam, adamw, lr=0.01) > 0.01


@pytest.mark.parametrize("decay", [1e-4, 1e-2])
def test_adam_takes_a_full_step_whatever_the_decay_and_the_others_a_share(decay: float) -> None:
    taken = {}
    for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
        w = torch.ones(1, dtype=torch.float64, requires_grad=True)
        w.grad = torch.zeros_like(w)
        optimizer([w], lr=0.01, weight_decay=decay).step()
        taken[optimizer.__name__] = 1 - w.item()
    assert taken["SGD"] == pytest.approx(0.01 * decay)
    assert taken["AdamW"] == pytest.approx(0.01 * decay)
    assert taken["Adam"] == pytest.approx(0.01, rel=1e-3)


# The evidence.


def test_on_clean_labels_l2_gains_nothing_and_costs_loss_at_first(lesson: Lesson) -> None:
    fair, (none, l2) = lesson["fair"], lesson["pairs"]["clean"]
    for ending in ENDINGS:
        assert not rises(fair.gain(l2, none, ending))
        assert not falls(fair.gain(l2, none, ending, "loss"))
    assert rises(fair.gain(l2, none, "budget", "loss"))


def test_most_of_l2s_gain_is_the_fall_of_the_network_without(lesson: Lesson) -> None:
    fair, (none, l2) = lesson["fair"], lesson["pairs"]["noisy"]
    assert rises(fair.gain(l2, none, "long"))
    assert fair.gain(l2, none, "early-stopped").mean < fair.gain(l2, none, "long").mean / 2
    assert not falls(fair.gain(l2, none, "early-stopped", "loss"))


def test_penalized_biases_become_small_and_the_score_does_not_care(lesson: Lesson) -> None:
    assert is_small(gain(lesson["everything"], lesson["ridge"]), 0.5)

    def bias(fleet: Fleet) -> float:
        return fleet.model(0, 0).layers[-1].bias.abs().mean().item()

    assert bias(lesson["everything"]) < 0.7 * bias(lesson["ridge"])


def test_l1_on_the_output_layer_empties_that_layer(lesson: Lesson) -> None:
    def empty(fleet: Fleet) -> float:
        return share_near(fleet.model(0, 0).layers[-1].weight.detach().numpy())

    assert empty(lesson["layered"]) > 0.6 > 0.4 > empty(lesson["ridge"])
    assert is_small(gain(lesson["layered"], lesson["ridge"]), 1.5)


# The mistakes.


def test_without_a_strength_the_penalty_drowns_the_loss(lesson: Lesson) -> None:
    torch.manual_seed(0)
    model = lesson["build"](None).model
    digits = lesson["digits"]
    assert elastic_net(model, 0.4) > 10 * evaluate(model, digits.x_train, digits.y_train).loss
    assert lesson["history"].train_acc[LAST] < 0.4


def test_with_the_penalty_in_it_the_reported_loss_says_the_opposite(
    lesson: Lesson,
) -> None:
    plain, l2 = lesson["plain"], lesson["ridge"]
    cost = [3e-3 * l2_penalty(l2.model(0, s)).item() for s in l2.seeds]
    assert falls(gain(l2, plain, "val_loss"))
    assert rises(paired_difference(l2.val_loss[0, :, LAST] + cost, plain.val_loss[0, :, LAST]))


def test_a_fifth_of_l1_is_as_accurate_as_l2_and_most_weights_are_gone(
    lesson: Lesson,
) -> None:
    def build(strength: float) -> Run:
        model = MLP(64, (64,), 10)
        optimizer = penalties.ProximalSGD(model, lr=0.1, momentum=0.9, l1_lambda=0.2 * strength)
        return Run(model, optimizer, penalty=lambda model: 0.8 * strength * l2_penalty(model))

    mixed = train_fleet(
        build, lesson["digits"], values=[3e-3], epochs=80, batch_size=100, progress=False
    )
    assert is_small(gain(mixed, lesson["ridge"]), 0.5)
    assert (weights_of(mixed) == 0).mean() > 0.5


@pytest.mark.slow
def test_every_control_moves_the_picture(lesson: Lesson) -> None:
    every_control_moves_the_picture(lesson)
