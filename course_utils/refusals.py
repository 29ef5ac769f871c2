"""What a training run refuses, before or while it runs, and the words in which it does."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_utils.data import Dataset


def check_run(
    model: nn.Module,
    data: Dataset,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    batch_size: int,
) -> None:
    """Refuse a run that cannot train, before any time is spent on it."""
    if epochs < 0:
        raise ValueError(f"epochs must be at least 0, got {epochs}; 0 only scores the model")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}; try 50")
    if data.n_train == 0 or len(data.x_val) == 0:
        raise ValueError(
            f"{data.name} has {data.n_train} training and {len(data.x_val)} validation samples; "
            "fit needs at least one of each"
        )
    own = {id(p) for p in model.parameters()}
    if not own:
        raise ValueError("the model has no parameters, so there is nothing to train; add a layer")
    if not any(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        raise ValueError(
            "the optimizer holds none of this model's parameters, so the model would never change; "
            "build it on this model: torch.optim.SGD(model.parameters(), lr=0.1)"
        )


def check_outputs(outputs: Tensor, y: Tensor, num_classes: int | None) -> Tensor:
    """`outputs`, unless their shape does not fit the targets (PyTorch would broadcast or crash)."""
    if num_classes is None:
        if outputs.shape != y.shape:
            raise ValueError(
                f"the model returned shape {tuple(outputs.shape)} for targets {tuple(y.shape)}; "
                "regression needs equal shapes, or the loss broadcasts: try outputs.squeeze(-1)"
            )
    elif outputs.ndim != 2 or outputs.shape[1] != num_classes:
        raise ValueError(
            f"the model returned shape {tuple(outputs.shape)} for {len(y)} samples of "
            f"{num_classes} classes; its last layer must give [{len(y)}, {num_classes}] logits"
        )
    return outputs


def checked_penalty(value: object, *, traced: bool = False) -> Tensor:
    """`value` if it is a scalar tensor of 0 or more, else an error that says what to change.

    While it is `traced`, a tensor has no number yet that could be looked at.
    """
    if not isinstance(value, Tensor) or value.ndim != 0:
        got = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value)
        raise TypeError(
            f"penalty(model) must return a scalar tensor, got {got}; "
            "sum over all weights, for example sum(w.square().sum() for w in ...)"
        )
    if not traced and value < 0:
        raise negative_penalty(f"{value.item():.4g}")
    return value


def negative_penalty(got: str) -> ValueError:
    """The error about a penalty below 0."""
    return ValueError(
        f"penalty(model) must be 0 or more, got {got}: a negative one rewards large weights "
        "without bound; use a strength λ of 0 or more, and a plus sign"
    )


def check_scalar_loss(loss: Tensor) -> Tensor:
    """`loss` if it is one number, else an error that says what to change."""
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        got = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else repr(loss)
        raise ValueError(
            f"loss_fn(outputs, targets) must return one number for a batch, got {got}; average "
            'over the samples: reduction="mean", not "none"'
        )
    return loss
