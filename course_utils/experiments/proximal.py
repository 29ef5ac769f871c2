"""L1 with exact zeros, as an optimizer."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.regularizers import penalized_weights, strength


class ProximalSGD(torch.optim.SGD):
    """SGD whose every step ends by soft-thresholding the weights: L1 with exact zeros.

    With momentum m a steady gradient moves a weight by lr / (1 - m) times the gradient in each
    step, so the threshold carries the same factor; else λ would mean less with more momentum.
    """

    def __init__(
        self, model: nn.Module, *, lr: float, l1_lambda: float, momentum: float = 0.0
    ) -> None:
        super().__init__(model.parameters(), lr=lr, momentum=momentum, fused=True)
        self._weights = [w for _, w in penalized_weights(model)]
        self._threshold = lr * strength(l1_lambda) / (1 - momentum)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One step of SGD, then the shrinking."""
        loss = super().step(closure)
        for w in self._weights:
            w.copy_(F.softshrink(w, self._threshold))
        return loss
