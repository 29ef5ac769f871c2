"""Visible check of exercise 08: ``adamw``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from enum import unique

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.adam import adam as functional_adam
from torch.optim.adamw import adamw as functional_adamw

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.training_runs import (
    leave_gradients,
    losses_in,
    parameters_of,
    steps_of,
    taken_before_steps,
)


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    AS_GIVEN = "the given lines give the same result: neither of the two faults is corrected"
    DECAY_IN_THE_GRADIENT = (
        "the decay goes through the moments, where Adam divides it by the size of the gradients: "
        "that is L2 with Adam, not AdamW. It acts on the parameter itself"
    )
    SECOND_MOMENT_UNCORRECTED = "v starts at 0 and is too small at first; what corrects it?"
    DECAY_WITHOUT_THE_RATE = "the decay is lr · weight_decay of the parameter, not weight_decay"
    DECAY_FORGOTTEN = (
        "nothing decays now; subtract the decay from the parameter, beside the gradient's step"
    )
    GRADIENTS_ADDED = (
        "gradients of earlier steps, or those that the model came with, are added to that of the "
        "step; `backward` adds, so clear them before it"
    )
    DECAY_AFTER_THE_STEP = "compute the decay from the parameter before the step, not after it"
    LOSSES_MISSING = "return the list of losses, one float for each step"


#: Library classes and functions that do the whole task.
OPTIMIZERS = (
    *(torch.optim.Optimizer.__init__, torch.optim.Adam.__init__, torch.optim.AdamW.__init__),
    *(functional_adam, functional_adamw),
)

Trainer = Callable[[nn.Module, Tensor, Tensor, int, float, float], list[float]]


def adamw(answer: Trainer) -> None:
    """Task ``adamw(model, x, y, steps, lr, weight_decay)`` -> losses."""
    with attempt("adamw", answer, by_hand=OPTIMIZERS) as check:
        like_adamw(check, answer, steps=4, lr=0.1, weight_decay=0.5)


def like_adamw(
    check: Check,
    answer: Trainer,
    *,
    steps: int,
    lr: float,
    weight_decay: float,
    scale: float = 1.0,
    n: int = 9,
    training: bool = True,
    left: float | None = None,
) -> None:
    """Check that `answer` trains a small network to the same parameters as PyTorch's AdamW.

    `scale` multiplies the network's outputs, and so its gradients; there are `n` samples, and
    `training` is the mode in which the network is passed in, and `left`, unless it is None, a
    number in its gradients.
    """
    for dtype in (torch.float64, torch.float32):
        model, x, y = _small(dtype, scale, n)
        model.train(training)
        on = f"a small network, {steps} steps, lr = {lr}, weight_decay = {weight_decay}, {dtype}"
        on += "" if n == 9 and training else f", {n} samples, training = {training}"
        wanted, losses = _pytorchs(model, x, y, steps, lr, weight_decay)
        on += "" if left is None else f", gradients of {left} left in the model"
        ours, given = copy.deepcopy(model), (x.clone(), y.clone())
        leave_gradients(ours, left)
        got = answer(ours, *given, steps, lr, weight_decay)
        own_losses = losses_in(
            check,
            got,
            steps,
            "step",
            on=on,
            missing=Mistake.LOSSES_MISSING,
            tensors=Mistake.LOSSES_MISSING,
            detached=True,
        )
        check.close(
            "the final parameters are those of AdamW",
            parameters_of(ours),
            wanted,
            on=on,
            hint="compare your lines with the formula, one symbol after the other"
            if training
            else "the model came in evaluation mode; is every step taken in that mode?",
            mistakes={
                mistake: _by_hand(model, x, y, steps, lr, weight_decay, left or 0.0, **fault)
                for mistake, fault in FAULTS.items()
                if weight_decay or "decay" not in fault
            },
            atol=1e-5,
        )
        off = (parameters_of(ours) - wanted).abs().max()
        check.that(
            dtype == torch.float32 or float(off) < 1e-9,
            "the parameters are exact to the model's dtype",
            on=on,
            expected=f"parameters like PyTorch's to 1e-9, in {dtype}",
            got=f"parameters that are off by up to {float(off):.1e}",
            hint="torch.zeros_like(p) has the dtype of p; torch.zeros does not"
            if float(off) < 5e-7
            else "this is more than rounding: where does ε stand, and is the loss the mean?",
        )
        taken_before_steps(check, own_losses, losses, on=on)
        check.that(
            [m.training for m in ours.modules()] == [m.training for m in model.modules()],
            "the model keeps its mode",
            on=on,
            expected=f"training = {model.training}, as before",
            got=f"training = {ours.training}, or another mode of a layer",
            hint="restore every mode that you switch",
        )
        check.kept(given, (x, y), on=on)


FAULTS: dict[Mistake, dict[str, str]] = {
    Mistake.AS_GIVEN: {"decay": "gradient", "root": "raw"},
    Mistake.DECAY_IN_THE_GRADIENT: {"decay": "gradient"},
    Mistake.SECOND_MOMENT_UNCORRECTED: {"root": "raw"},
    Mistake.DECAY_WITHOUT_THE_RATE: {"decay": "no rate"},
    Mistake.DECAY_FORGOTTEN: {"decay": "none"},
    Mistake.DECAY_AFTER_THE_STEP: {"decay": "after"},
    Mistake.GRADIENTS_ADDED: {"gradients": "added"},
}


def compare_with_adamw(train: Trainer, steps: int = 40) -> None:
    """Print the final parameters and losses of the same network under `train` and under AdamW."""
    print("mean |parameter| after", steps, "steps, lr = 0.05")
    for weight_decay in (0.0, 0.5, 2.0):
        model, x, y = _small(torch.float64)
        theirs, losses = _pytorchs(model, x, y, steps, 0.05, weight_decay)
        ours = copy.deepcopy(model)
        own = train(ours, x, y, steps, 0.05, weight_decay)
        here = parameters_of(ours)
        print(
            f"weight_decay {weight_decay}: here {here.abs().mean():.4f}, last loss {own[-1]:.4f};"
            f"  AdamW {theirs.abs().mean():.4f}, last loss {losses[-1]:.4f}"
        )


def _small(dtype: torch.dtype, scale: float = 1.0, n: int = 9) -> tuple[nn.Module, Tensor, Tensor]:
    dice = torch.Generator().manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3), _Scaled(scale)).to(dtype)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=dice, dtype=torch.float64))
    x = torch.randn(n, 3, generator=dice, dtype=torch.float64).to(dtype)
    return model, x, torch.arange(n) % 3


class _Scaled(nn.Module):
    """Multiplies by `scale`, in evaluation mode by twice as much, so that the mode has a say."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return (self.scale if self.training else 2 * self.scale) * x


def _pytorchs(
    model: nn.Module, x: Tensor, y: Tensor, steps: int, lr: float, weight_decay: float
) -> tuple[Tensor, list[float]]:
    model = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr, weight_decay=weight_decay)
    losses = list(steps_of(optimizer, model, x, y, steps))
    return parameters_of(model), losses


def _by_hand(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    steps: int,
    lr: float,
    weight_decay: float,
    left: float,
    *,
    decay: str = "",
    root: str = "",
    gradients: str = "",
) -> Tensor:
    """The parameters after training with a fault, which `decay`, `root` or `gradients` chooses."""
    model = copy.deepcopy(model)
    parameters = list(model.parameters())
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    added = [torch.full_like(p, left) for p in parameters]
    for t in range(1, steps + 1):
        now = torch.autograd.grad(F.cross_entropy(model(x), y), parameters)
        added = [before + g for before, g in zip(added, now, strict=True)]
        slopes = added if gradients == "added" else now
        for p, plain, (m, v) in zip(parameters, slopes, moments, strict=True):
            old = p.detach().clone()
            g = plain + weight_decay * old if decay == "gradient" else plain
            m.lerp_(g, 0.1)
            v.lerp_(g * g, 0.001)
            size = (v if root == "raw" else v / (1 - 0.999**t)).sqrt() + 1e-8
            moved = old - lr * m / (1 - 0.9**t) / size
            if decay == "no rate":
                moved -= weight_decay * old
            elif decay == "after":
                moved *= 1 - lr * weight_decay
            elif decay == "":
                moved -= lr * weight_decay * old
            p.data = moved
    return parameters_of(model)
