"""The two parts of the squared error, of models that are known."""

import pytest
import torch
from torch import nn

from course_utils.scoring import (
    bias_and_variance,
)

pytestmark = pytest.mark.usefixtures("float64")


class Says(nn.Module):
    """A model that gives these probabilities to every sample; training doubles the logits."""

    def __init__(self, probabilities):
        super().__init__()
        self.register_buffer("logits", torch.as_tensor(probabilities).double().log())

    def forward(self, x):
        return self.logits.expand(len(x), -1) * (2 if self.training else 1)


def test_bias_and_variance_of_models_that_are_known():
    x, y = torch.zeros(4, 2), torch.zeros(4, dtype=torch.long)
    bias, variance = bias_and_variance([Says([0.9, 0.1]), Says([0.5, 0.5])], x, y)
    # The mean of both says 0.7: 2 * 0.3² away from the label; each is 2 * 0.2² away from the mean,
    # and two models see half of the variance, which the mean takes from the bias as well.
    assert sum(variance) / 2 == pytest.approx(2 * 2 * 0.2**2)
    assert sum(bias) / 2 == pytest.approx(2 * 0.3**2 - 2 * 0.2**2)
    alike = bias_and_variance([Says([0.9, 0.1])] * 3, x, y)
    assert alike == ([pytest.approx(2 * 0.1**2)] * 3, [pytest.approx(0.0)] * 3)


def test_bias_and_variance_are_unbiased_and_add_up_to_the_squared_error():
    """Of many models drawn from a known distribution, few at a time."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.zeros(1, 2), torch.zeros(1, dtype=torch.long)
    first = 0.2 + 0.6 * torch.rand(3000, generator=generator)  # mean 0.5, variance 0.03
    models = [Says([p, 1 - p]) for p in first.tolist()]
    groups = [bias_and_variance(models[i : i + 3], x, y) for i in range(0, 3000, 3)]
    bias, variance = torch.tensor(groups).mean((0, 2))
    assert bias.item() == pytest.approx(2 * 0.5**2, rel=0.03)
    assert variance.item() == pytest.approx(2 * 0.03, rel=0.1)
    errors = torch.tensor([2 * (1 - p) ** 2 for p in first.tolist()])
    assert (bias + variance).item() == pytest.approx(errors.mean().item(), rel=1e-9)


def test_bias_and_variance_leave_modes_alone_and_refuse_what_they_cannot_split():
    model = Says([0.9, 0.1]).train()
    x, y = torch.zeros(3, 2), torch.zeros(3, dtype=torch.long)
    state = torch.get_rng_state()
    bias_and_variance([model, model], x, y)
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(ValueError, match="two models at least, got 1"):
        bias_and_variance([model], x, y)
    with pytest.raises(ValueError, match="class labels"):
        bias_and_variance([model, model], x, torch.zeros(3))
