"""How strong a penalty should be, and of which kind."""

import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.experiments.proximal import ProximalSGD
from course_utils.experiments.runs import classes_of, labeled
from course_utils.figures.penalties import NEAR, weights_of, weights_text
from course_utils.fleet import Run
from course_utils.live import At, EpochCurves, ScoreAgainst, Sweep, choice, slider, sweep_fleet
from course_utils.models import MLP
from course_utils.panels import noise_choice
from course_utils.plots import Images, Part, PartsBoard, WeightHistogram, format_value
from course_utils.plots.style import WITHOUT_PENALTY
from course_utils.regularizers import l1_penalty, l2_penalty, penalized_weights
from course_utils.training import Penalty

LAMBDAS = [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
ALPHAS = [0, 0.2, 0.5, 1]
IN_LOSS, BY_THRESHOLD = "in the loss", "by soft threshold"
HIDDEN, LR, MOMENTUM = 64, 0.1, 0.9


def lambda_sweep(data: Dataset, l1: Penalty = l1_penalty, l2: Penalty = l2_penalty) -> Sweep:
    """The panel: λ from 0 up, the mix of L1 and L2, how L1 is applied, and the label noise.

    Args:
        data: classes; the training labels are redrawn from its true ones. The weights of a hidden
            unit are shown as an image of the size of a sample, of flat samples as a row.
        l1, l2: the penalties that train: the learner's own, or the package's.
    """
    data = labeled(data)
    shape = data.input_shape
    size = shape[-2:] if len(shape) > 1 else (1, *shape)

    def build(value: float, alpha: float, way: str) -> Run:
        model = MLP(data.input_shape, (HIDDEN,), classes_of(data))
        terms = [(l1, alpha if way == IN_LOSS else 0.0), (l2, 1 - alpha)]
        used = [(penalty, value * share) for penalty, share in terms if share > 0]

        def penalty(model: nn.Module) -> Tensor:
            return torch.stack([price * of(model) for of, price in used]).sum()

        sgd = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
        if way == BY_THRESHOLD and alpha > 0:
            sgd = ProximalSGD(model, lr=LR, momentum=MOMENTUM, l1_lambda=alpha * value)
        return Run(model, sgd, penalty=penalty if used else None)

    def first_layer(at: At) -> Tensor:
        _, first = next(iter(penalized_weights(at.result.model(at.index, 0))))
        return first.detach().reshape(len(first), -1, *size).mean(1)

    parts = [
        EpochCurves("loss", ylim=(0, 2.5), ylabel=WITHOUT_PENALTY),
        ScoreAgainst("acc", ylim=(0.5, 1.0)),
        _Weights(),
        Images(
            first_layer, 4, 8, limits=(-0.6, 0.6), cmap="RdBu_r", gaps="#aaaaaa",
            title=f"first layer, 32 of {HIDDEN} units, seed 0 (blue −, red +)",
        ),
    ]  # fmt: skip
    return sweep_fleet(
        build,
        lambda value, seed, noise: data.with_label_noise(noise),
        PartsBoard(parts, rows=2, height=5.6),
        name="λ",
        values=slider(LAMBDAS, start=3e-3),
        controls={
            "alpha": slider(ALPHAS, label="mix α", start=1, say=_say_mix),
            "way": choice([IN_LOSS, BY_THRESHOLD], label="L1"),
            "noise": noise_choice((0.0, 0.2, 0.4)),
        },
        epochs=80,
        batch_size=100,
        score_at=range(0, 80, 4),
        title="How a penalty's strength and kind change the training and the weights",
    )


def _say_mix(alpha: float) -> str:
    kind = "L2" if alpha == 0 else "L1" if alpha == 1 else "elastic net"
    return f"{format_value(alpha)}: {kind}"


class _Weights(Part):
    """How large the weights of all seeds are."""

    def draw(self, ax: Axes, at: At) -> None:
        self._histogram = self.add(WeightHistogram(ax, limit=1.5))

    def update(self, at: At) -> None:
        self._histogram.update(weights_of(at.result, at.index), near=NEAR)

    def say(self, at: At) -> str:
        return weights_text(weights_of(at.result, at.index))
