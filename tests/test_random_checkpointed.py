"""Draws within `torch.utils.checkpoint`, which computes a forward pass once more to go backward."""

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from course_utils.random_streams import SeededDraws

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("reentrant", [False, True])
def test_the_backward_pass_meets_the_masks_of_the_forward_pass(reentrant):
    torch.manual_seed(0)
    first, dropout, last = nn.Linear(5, 7), nn.Dropout(0.5), nn.Linear(7, 1)
    x = torch.randn(4, 5, requires_grad=True)
    kept = []

    def block(x):
        h = dropout(first(x))
        kept.append((h != 0) / 0.5)
        return h

    with SeededDraws(3):
        for _ in range(3):
            first.zero_grad()
            kept.clear()
            last(checkpoint(block, x, use_reentrant=reentrant)).sum().backward()
            by_hand = ((last.weight * kept[0])[:, :, None] * x[:, None, :]).sum(0)
            torch.testing.assert_close(first.weight.grad, by_hand)


def test_draws_within_a_checkpoint_obey_the_seed():
    def masks(seed):
        with SeededDraws(seed):
            outputs = [
                checkpoint(nn.Dropout(0.5), torch.ones(50), use_reentrant=False) for _ in "ab"
            ]
        return torch.stack(outputs)

    torch.testing.assert_close(masks(0), masks(0))
    assert not torch.equal(masks(0), masks(1))
    assert not torch.equal(*masks(0))
