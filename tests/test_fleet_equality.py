"""Every member of a fleet is the run that `fit` would make of it."""

import pytest
import torch

from course_utils.fleet import Run
from course_utils.regularizers import elastic_net, l1_penalty, l2_penalty, soft_threshold
from tests.fleets import (
    SignSGD,
    assert_members_are_fits,
    assert_values_matter,
    mlp,
    optimized,
    penalized,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


def of_two_groups(decay):
    model = mlp()
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "lr": 0.1}]
    return Run(model, torch.optim.SGD(groups, lr=0.3, momentum=0.5))


def mixed_loss(lam):
    """L2 on the first layer, L1 on the second."""
    model = mlp()
    return Run(
        model,
        sgd(model),
        penalty=lambda m: (
            lam * (m.layers[1].weight.square().sum() + m.layers[3].weight.abs().sum())
        ),
    )


def penalty_of_the_model_at_hand(lam):
    """The closure reaches for the model outside instead of the one it is given."""
    model = mlp()
    return Run(model, sgd(model), penalty=lambda _: lam * l2_penalty(model))


SWEEPS = {
    "L2": (penalized(l2_penalty), [0.0, 0.003, 0.1]),
    "L1": (penalized(l1_penalty), [0.0, 0.003, 0.03]),
    "elastic net": (penalized(lambda m: elastic_net(m, 0.3)), [0.001, 0.03]),
    "alpha": (
        lambda alpha: (lambda m: Run(m, sgd(m), lambda m: 0.02 * elastic_net(m, alpha)))(mlp()),
        [0.0, 0.5, 1.0],
    ),
    "mixed loss": (mixed_loss, [0.0, 0.02]),
    "model at hand": (penalty_of_the_model_at_hand, [0.01, 0.1]),
    "SGD lr": (optimized(torch.optim.SGD), [0.05, 0.5]),
    "SGD momentum": (optimized(torch.optim.SGD, "momentum", lr=0.1), [0.0, 0.9]),
    "SGD weight decay": (
        optimized(torch.optim.SGD, "weight_decay", lr=0.1, momentum=0.9, nesterov=True),
        [0.0, 0.01, 0.1],
    ),
    "Adam": (optimized(torch.optim.Adam), [0.001, 0.02]),
    "Adam weight decay": (optimized(torch.optim.Adam, "weight_decay", lr=0.01), [0.0, 0.1]),
    "AdamW": (optimized(torch.optim.AdamW, "weight_decay", lr=0.01), [0.0, 1.0]),
    "RMSprop": (optimized(torch.optim.RMSprop, "alpha", lr=0.005), [0.9, 0.99]),
    "own optimizer": (optimized(SignSGD), [0.02, 0.1]),
    "Rprop": (optimized(torch.optim.Rprop), [0.001, 0.01]),
    "parameter groups": (of_two_groups, [0.0, 0.1]),
}


@pytest.mark.parametrize(("build", "values"), SWEEPS.values(), ids=SWEEPS.keys())
def test_penalties_and_optimizers(build, values):
    fleet = train(build, values)
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


def test_a_hook_of_the_optimizer_is_part_of_it():
    """The proximal step of lesson 02, hung onto SGD."""

    def build(lam):
        model = mlp()
        optimizer = sgd(model)

        def shrink(optimizer, *_):
            with torch.no_grad():
                for p in optimizer.param_groups[0]["params"]:
                    p.copy_(soft_threshold(p, 0.2 * lam))

        optimizer.register_step_post_hook(shrink)
        return Run(model, optimizer)

    fleet = train(build, [0.0, 0.1])
    assert_members_are_fits(fleet, build)
    weight = fleet.model(1, 0).layers[1].weight
    assert bool((weight == 0).any())
    assert bool((weight != 0).any())


def test_frozen_layers_stay_frozen():
    def build(frozen):
        model = mlp()
        model.layers[1].requires_grad_(not frozen)
        return Run(model, sgd(model, momentum=0.9, weight_decay=0.1))

    fleet = train(build, [True, False])
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


def test_an_optimizer_of_some_layers_trains_those():
    def build(lr):
        model = mlp()
        return Run(model, torch.optim.SGD(model.layers[3].parameters(), lr=lr))

    assert_members_are_fits(train(build, [0.1, 0.3]), build)
