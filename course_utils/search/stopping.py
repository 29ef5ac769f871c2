"""What early stopping restores: the epoch, read off a record, and the weights, kept on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from course_utils.regularizers import stopping_epoch

Model = TypeVar("Model", bound=nn.Module)


class Stopped:
    """The weights of one run that early stopping with `patience` restores; None keeps nothing."""

    def __init__(self, patience: int | None) -> None:
        self.patience = patience
        self.epoch = -1
        self._weights: dict[str, torch.Tensor] = {}

    def see(self, model: nn.Module, losses: NDArray[Any]) -> None:
        """Keep the weights of `model`, whose last loss is its lowest, unless it has stopped."""
        if self.patience is None or stopping_epoch(losses[:-1].tolist(), self.patience) is not None:
            return
        self.epoch = len(losses) - 1
        self._weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def load(self, model: Model, epoch: int) -> Model:
        """`model` with the weights of `epoch`, in evaluation mode.

        Raises:
            ValueError: they are not those that were kept.
        """
        if epoch != self.epoch:
            kept = f"those of epoch {self.epoch}" if self._weights else "none"
            raise ValueError(
                f"the weights of epoch {epoch} are not remembered, but {kept}: an ablation keeps "
                "those that early stopping with its own patience restores in the whole training; "
                "write e.g. Ablation(..., patience=20), and ask for a mix that stops so"
            )
        model.load_state_dict(self._weights)
        return model.eval()


def restored_epoch(losses: Sequence[float] | NDArray[Any], patience: int) -> int:
    """The best epoch up to where `patience` stops on a recorded curve: the first on ties."""
    curve = np.asarray(losses, dtype=float)
    stop = stopping_epoch(curve.tolist(), patience)
    return int(np.nanargmin(curve[: None if stop is None else stop + 1]))
