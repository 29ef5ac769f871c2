"""How strong a penalty should be, and of which kind."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import MLP
from course_utils.panels.penalties.figures import (
    NEAR,
    said_weights,
    weights_of,
)
from course_utils.panels.requirements import classes_of
from course_utils.plots import (
    Board,
    Curves,
    Metric,
    Mosaic,
    WeightHistogram,
    best_epoch,
    format_value,
    sweep_text,
)
from course_utils.regularizers import l1_penalty, l2_penalty, penalized_weights, strength
from course_utils.training import Penalty

LAMBDAS = [0, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
ALPHAS = [0, 0.2, 0.5, 1]
NOISES = [0, 0.2, 0.4]
L1_WAYS = ["in the loss", "by soft threshold"]
HIDDEN, EPOCHS = 64, 80
LR, MOMENTUM, BATCH = 0.1, 0.9, 100


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


def lambda_sweep(data: Dataset, l1: Penalty = l1_penalty, l2: Penalty = l2_penalty) -> Sweep:
    """The panel: λ from 0 up, the mix of L1 and L2, how L1 is applied, and the label noise.

    Args:
        data: classes; the training labels are redrawn from its true ones. The weights of a hidden
            unit are shown as an image of the size of a sample, of flat samples as a row.
        l1, l2: the penalties that train: the learner's own, or the package's.
    """
    classes, data = classes_of(data), data.scored_on()
    shape = data.input_shape

    def train(alpha: float, way: str, noise: float) -> Iterator[Fleet]:
        by_threshold = alpha if way == L1_WAYS[1] else 0.0
        in_loss = {l1: alpha - by_threshold, l2: 1 - alpha}

        def build(value: float) -> Run:
            model = MLP(shape, (HIDDEN,), classes)
            own = ProximalSGD(model, lr=LR, momentum=MOMENTUM, l1_lambda=by_threshold * value)
            sgd = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
            return Run(model, own if by_threshold else sgd, penalty=_mixed(in_loss, value))

        return iter_fleet(
            build, data.with_label_noise(noise), values=LAMBDAS, epochs=EPOCHS, batch_size=BATCH
        )

    return sweep(
        train,
        LambdaBoard(shape[-2:] if len(shape) > 1 else (1, *shape)),
        name="λ",
        values=slider(LAMBDAS, start=3e-3),
        controls={
            "alpha": slider(ALPHAS, label="mix α", start=1, say=_say_mix),
            "way": choice(L1_WAYS, label="L1"),
            "noise": choice(NOISES, label="label noise", start=0.2),
        },
        epochs=EPOCHS,
        title="How a penalty's strength and kind change the training and the weights",
    )


def _mixed(shares: Mapping[Penalty, float], strength: float) -> Penalty | None:
    """strength * (share * penalty + ...), without the penalties that have no share in it."""
    used = {penalty: strength * share for penalty, share in shares.items() if share > 0}
    if not used:
        return None
    return lambda model: torch.stack([price * of(model) for of, price in used.items()]).sum()


def _say_mix(alpha: float) -> str:
    kind = "L2" if alpha == 0 else "L1" if alpha == 1 else "elastic net"
    return f"{format_value(alpha)}: {kind}"


class LambdaBoard(Board):
    """Loss curves, accuracy against λ, the weights' histogram, and the first layer as images."""

    ROWS, COLUMNS = 4, 8

    def __init__(self, image_size: tuple[int, ...]) -> None:
        super().__init__(columns=2, rows=2, width=9.0, height=5.6)
        self._image_size = image_size
        loss, accuracy, histogram, images = self.axes
        self.curves = self.add(Curves(loss, EPOCHS, ylim=(0, 2.5)))
        self.metric = self.add(
            Metric(accuracy, "λ", LAMBDAS, ylim=(0.5, 1.0), ylabel="accuracy after the last epoch",
                   splits=("train", "val"))
        )  # fmt: skip
        images.set_facecolor("#aaaaaa")  # shows between the images
        self.histogram = self.add(WeightHistogram(histogram, limit=1.5))
        self.images = self.add(
            Mosaic(images, self.ROWS, self.COLUMNS, limits=(-0.6, 0.6), cmap="RdBu_r",
                   title=f"first layer, {self.ROWS * self.COLUMNS} of {HIDDEN} units, seed 0 "
                         "(blue −, red +)")
        )  # fmt: skip

    def update(self, state: At) -> None:
        """Show the runs at the slider's λ."""
        fleet: Fleet = state.result
        i = state.index
        self.curves.update(fleet.train_loss[i], fleet.val_loss[i], best_epoch(fleet.val_loss[i]))
        self.metric.update(
            i, train=fleet.train_acc[:, :, fleet.epoch], val=fleet.val_acc[:, :, fleet.epoch]
        )
        self.histogram.update(weights_of(fleet, i), near=NEAR)
        _, first = next(iter(penalized_weights(fleet.model(i, 0))))
        channels = first.detach().reshape(len(first), -1, *self._image_size)
        self.images.update(channels.mean(1))

    def describe(self, state: At) -> str:
        """Accuracy and its gain over λ = 0, and how many weights are small or gone."""
        fleet: Fleet = state.result
        said = sweep_text("λ", state.values, state.index, fleet.val_acc[:, :, fleet.epoch])
        return f"{said}; {said_weights(weights_of(fleet, state.index))}"
