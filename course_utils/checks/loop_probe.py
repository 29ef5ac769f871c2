"""For the check of lesson 01: a problem that records its batches, and loops with known mistakes."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.training import shuffled_batches

EPOCHS, BATCH = 3, 8


class Witness(nn.Module):
    """A first layer that records which samples come in, and in which mode. It halves them in
    training mode, so that a score taken in the wrong mode shows."""

    def __init__(self) -> None:
        super().__init__()
        #: Sample numbers of every call, by (training mode, gradients recorded).
        self.calls: dict[tuple[bool, bool], list[list[int]]] = defaultdict(list)

    @property
    def trained(self) -> list[list[int]]:
        """The batches that came in as for a training step."""
        return self.calls[True, True]

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 2:
            raise ValueError(
                f"the model takes samples [n, features], got a tensor of shape {list(x.shape)}; a "
                "batch holds numbers of samples, and data.x_train[batch] are the samples"
            )
        self.calls[self.training, torch.is_grad_enabled()].append(x[:, 0].long().tolist())
        return x[:, 1:] * 0.5 if self.training else x[:, 1:]


@dataclass
class Outcome:
    """The result of a training loop on a small model."""

    model: nn.Sequential
    witness: Witness
    start: dict[str, Tensor]
    returned: Any
    weights: dict[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.weights = {k: v.clone() for k, v in self.model.state_dict().items()}


def small_problem() -> Dataset:
    """28 training and 13 validation samples, whose first feature is their number. Some training
    labels are wrong, so that learning the true ones shows."""
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(51, 4, generator=generator)
    y = (x[:, 1] > 0).long() + (x[:, 2] > 0.5).long()
    x[:, 0] = torch.arange(51)  # which sample it is; the witness removes it
    return Dataset.from_tensors(x, y, name="a small problem").with_label_noise(0.3, seed=1)


def run_loop(loop: Callable[..., Any], data: Dataset, options: dict[str, Any]) -> Outcome:
    """Run `loop` on a small model, always from the same start."""
    torch.manual_seed(1)
    witness = Witness()
    model = nn.Sequential(witness, nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3))
    start = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.5)
    returned = loop(model, data, optimizer=optimizer, epochs=EPOCHS, **options)
    return Outcome(model, witness, start, returned)


def _replay(
    model: nn.Module,
    data: Dataset,
    optimizer: torch.optim.Optimizer,
    epochs: int,
    *,
    clear: bool,
    reduction: str,
    **options: Any,
) -> None:
    """The steps of `fit`, with one mistake."""
    batches = shuffled_batches(data.n_train, options.get("batch_size", 50), options.get("seed", 0))
    for _ in range(epochs):
        for batch in next(batches):
            loss = F.cross_entropy(
                model(data.x_train[batch]), data.y_train[batch], reduction=reduction
            )
            if clear:
                optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


def gradients_kept(model: nn.Module, data: Dataset, **options: Any) -> None:
    """`fit` without clearing the gradients."""
    _replay(model, data, clear=False, reduction="mean", **options)


def summed(model: nn.Module, data: Dataset, **options: Any) -> None:
    """`fit` on the sum of the batch's losses."""
    _replay(model, data, clear=True, reduction="sum", **options)
