"""The *double descent* panel of lesson 01: random features, from too few to far more than samples.

Belkin, Hsu, Ma and Mandal (2019) described the second descent. Ridge regression has its solution in
closed form, and one decomposition of the features serves every λ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from course_utils.data import Dataset
from course_utils.data.splits import normals
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.plots import COLORS, Board, format_value, said_accuracy, said_gain, tidy
from course_utils.plots.curves import Line
from course_utils.plots.style import NEUTRAL, Split, legend_above

Array = NDArray[np.float64]

RATIOS = (0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.25, 1.6, 2.5, 5.0, 10.0)
LAMBDAS = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)


@dataclass
class Ridges:
    """Errors of ridge regressions; entry [λ, ratio, seed] is NaN until its seed is computed."""

    lambdas: Sequence[float]
    n: int
    seeds: int
    done: int = 0
    ratios: tuple[float, ...] = RATIOS  # features for each training sample
    train_error: Array = field(init=False)
    val_error: Array = field(init=False)
    val_acc: Array = field(init=False)

    def __post_init__(self) -> None:
        shape = (len(self.lambdas), len(self.ratios), self.seeds)
        self.train_error, self.val_error, self.val_acc = np.full((3, *shape), np.nan)

    def typical_error(self, lam: float, ratio: float) -> float:
        """Validation error as a geometric mean over seeds.

        Near the peak a plain mean would be that of the worst seed.
        """
        errors = self.val_error[self._at(lam, ratio)][: self.done]
        return float(np.exp(np.log(errors).mean()))

    def accuracy(self, lam: float, ratio: float) -> Array:
        """Validation accuracy in [0, 1], one for each seed."""
        return self.val_acc[self._at(lam, ratio)][: self.done]

    def _at(self, lam: float, ratio: float) -> tuple[int, int]:
        return list(self.lambdas).index(lam), self.ratios.index(ratio)


def ridge_on_random_features(
    data: Dataset, n: int, label_noise: float, *, lambdas: Sequence[float], seeds: int
) -> Iterator[Ridges]:
    """Fit one-hot labels with ridge regression on random ReLU features (Rahimi and Recht, 2007).

    For each seed: `n` training samples, `label_noise` on their labels, and for each ratio in
    RATIOS as many features as ratio · n. The error is the mean squared distance to the one-hot
    label. λ multiplies Σw² beside the *mean* squared error; 0 is the solution of least norm.
    Yields the same growing `Ridges` after each seed.
    """
    found = Ridges(lambdas, n, seeds)
    classes = data.num_classes or 1
    eye = np.eye(classes)
    y_val = data.y_val.numpy()
    for seed in range(seeds):
        part = data.subset(n, seed).with_label_noise(label_noise, seed)
        targets = eye[part.y_train.numpy()]
        train, val = _random_features(part, max(RATIOS), seed)
        for j, ratio in enumerate(RATIOS):
            # One decomposition serves every λ.
            u, s, vt = np.linalg.svd(train[:, : round(ratio * n)], full_matrices=False)
            u_targets = u.T @ (targets - 1 / classes)
            val_v = val[:, : round(ratio * n)] @ vt.T
            scale = round(ratio * n)  # features are divided by √width, so that λ means the same
            for i, lam in enumerate(lambdas):
                shrunk = s / (s**2 + n * lam * scale) if lam else _inverse(s)
                fitted = (u * s) @ (shrunk[:, None] * u_targets) + 1 / classes
                predicted = val_v @ (shrunk[:, None] * u_targets) + 1 / classes
                found.train_error[i, j, seed] = ((fitted - targets) ** 2).sum(axis=1).mean()
                found.val_error[i, j, seed] = ((predicted - eye[y_val]) ** 2).sum(axis=1).mean()
                found.val_acc[i, j, seed] = (predicted.argmax(axis=1) == y_val).mean()
        found.done = seed + 1
        yield found


def _inverse(s: Array) -> Array:
    """1 / s, and 0 where s is: of all solutions the one of least norm."""
    return np.divide(1.0, s, out=np.zeros_like(s), where=s > 1e-10 * s[0])


def _random_features(part: Dataset, most: float, seed: int) -> tuple[Array, Array]:
    """ReLU features of the training and the validation inputs, [n, most · n] and [n_val, ...]."""
    x = part.x_train.flatten(1).double().numpy()
    x_val = part.x_val.flatten(1).double().numpy()
    center, spread = x.mean(axis=0), x.std()
    width = round(most * part.n_train)
    weights = normals("double descent", seed, x.shape[1], width) / np.sqrt(x.shape[1])
    train, val = (np.maximum((z - center) / spread @ weights, 0) for z in (x, x_val))
    return train, val


def double_descent(
    data: Dataset,
    *,
    samples: Sequence[int] = (50, 100),
    lambdas: Sequence[float] = LAMBDAS,
    seeds: int = 20,
) -> Sweep:
    """Random features, from far fewer than samples to ten times as many; the slider is λ.

    The panel's `result` is a `Ridges`.
    """

    def compute(**settings: float) -> Iterator[Ridges]:
        n, noise = int(settings["training samples"]), settings["label noise"]
        return ridge_on_random_features(data, n, noise, lambdas=lambdas, seeds=seeds)

    return sweep(
        compute,
        _DescentBoard(),
        name="λ",
        values=slider(lambdas),
        controls={
            "training samples": choice(samples, start=samples[-1]),
            "label noise": choice((0.0, 0.2), start=0.2),
        },
        epochs=seeds,
        title="Double descent, and λ against it",
    )


class _DescentBoard(Board):
    """Errors and accuracy against the number of features; λ = 0 stays in sight."""

    def __init__(self) -> None:
        super().__init__(columns=2, height=3.4)
        ratios = np.log10(RATIOS)
        ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10]
        for ax in self.axes:
            tidy(ax)
            ax.set(
                xlim=(ratios[0], ratios[-1]), xlabel="features for each training sample (log scale)"
            )
            ax.set_xticks(np.log10(ticks), [format_value(tick) for tick in ticks])
            ax.axvline(0, color=NEUTRAL, linewidth=1, linestyle=":")
        # Logarithms on a plain axis: their mean over seeds and its band are those of the ratios.
        self.axes[0].set_yticks(range(-2, 4), ["0.01", "0.1", "1", "10", "100", "1000"])
        self.axes[0].set(ylim=(-2.2, 3), ylabel="squared error (log scale)")
        self.axes[1].set(ylim=(0, 1), ylabel="validation accuracy")
        error, accuracy = self.axes
        self.none = self._line(error, "val", NEUTRAL, "validation, λ = 0")
        self.train = self._line(error, "train", COLORS[0], "training")
        self.val = self._line(error, "val", COLORS[0], "validation")
        self.none_acc = self._line(accuracy, "val", NEUTRAL, "λ = 0")
        self.acc = self._line(accuracy, "val", COLORS[0], "λ of the slider")
        for ax in self.axes:
            legend_above(ax)

    def _line(self, ax: Axes, split: Split, color: str, label: str) -> Line:
        return self.add(Line(ax, np.log10(RATIOS), split=split, color=color, label=label))

    def update(self, at: At) -> None:
        found: Ridges = at.result
        self.none.update(_logs(found.val_error[0], found.done))
        self.train.update(_logs(found.train_error[at.index], found.done))
        self.val.update(_logs(found.val_error[at.index], found.done))
        self.none_acc.update(found.val_acc[0, :, : found.done].T)
        self.acc.update(found.val_acc[at.index, :, : found.done].T)

    def describe(self, at: At) -> str:
        found: Ridges = at.result
        lam, most = at.value, RATIOS[-1]
        text = (
            f"λ = {format_value(lam)}, {found.n} training samples: squared validation error "
            f"{_short(found.typical_error(lam, 1.0))} with {found.n} features"
        )
        if lam > 0:
            text += f" ({_short(found.typical_error(found.lambdas[0], 1.0))} for λ = 0)"
        accuracy = found.accuracy(lam, most)
        text += (
            f" and {_short(found.typical_error(lam, most))} with {round(most * found.n)}; "
            f"validation accuracy there {said_accuracy(accuracy)}"
        )
        if lam > 0:
            text += f", {said_gain(accuracy, found.accuracy(found.lambdas[0], most))} over λ = 0"
        return f"{text}; {found.done} {'paired ' if lam > 0 else ''}seeds"


def _logs(errors: Array, done: int) -> Array:
    """[ratios, seeds] -> log10 of those computed, [seeds, ratios]."""
    return np.log10(np.maximum(errors[:, :done], 1e-12)).T


def _short(error: float) -> str:
    return f"{error:.2f}" if error < 10 else f"{error:.0f}"
