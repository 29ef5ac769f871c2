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
from course_utils.panels.runs import noise_choice
from course_utils.plots import (
    COLORS,
    Part,
    PartsBoard,
    format_value,
    said_accuracy,
    said_gain,
    tidy,
)
from course_utils.plots.style import NEUTRAL, legend_above

Array = NDArray[np.float64]

RATIOS = (0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.25, 1.6, 2.5, 5.0, 10.0)
LAMBDAS = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
_PLACES = np.log10(RATIOS)


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
    data: Dataset, *, samples: Sequence[int] = (50, 100), lambdas: Sequence[float] = LAMBDAS,
    seeds: int = 20,
) -> Sweep:  # fmt: skip
    """Random features, from far fewer than samples to ten times as many; the slider is λ.

    The panel's `result` is a `Ridges`.
    """

    def compute(samples: int, noise: float) -> Iterator[Ridges]:
        return ridge_on_random_features(data, samples, noise, lambdas=lambdas, seeds=seeds)

    return sweep(
        compute,
        PartsBoard([_Error(), _Accuracy()], height=3.4),
        name="λ",
        values=slider(lambdas),
        controls={
            "samples": choice(samples, label="training samples", start=samples[-1]),
            "noise": noise_choice(),
        },
        epochs=seeds,
        title="Double descent, and λ against it",
    )


class _AgainstFeatures(Part):
    """What stands against the number of features, λ = 0 in gray."""

    STYLES: tuple[tuple[str, str, str], ...]  # of each curve: line, color, label

    def samples(self, at: At) -> list[Array]:
        """Of each curve, [ratios, seeds]."""
        raise NotImplementedError(f"{type(self).__name__} must define samples(at)")

    def draw(self, ax: Axes, at: At) -> None:
        tidy(ax)
        ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10]
        ax.set(
            xlim=(_PLACES[0], _PLACES[-1]), xlabel="features for each training sample (log scale)"
        )
        ax.set_xticks(np.log10(ticks), [format_value(tick) for tick in ticks])
        ax.axvline(0, color=NEUTRAL, linewidth=1, linestyle=":")
        self._curves = [
            self.curve(style, color=color, linewidth=1.8, label=label)
            for style, color, label in self.STYLES
        ]
        legend_above(ax)

    def update(self, at: At) -> None:
        for curve, samples in zip(self._curves, self.samples(at), strict=True):
            curve.show(_PLACES, samples[:, : at.result.done])


class _Error(_AgainstFeatures):
    # Logarithms on a plain axis: their mean over seeds and its band are those of the ratios.
    STYLES = (
        ("--", NEUTRAL, "validation, λ = 0"),
        ("-", COLORS[0], "training"),
        ("--", COLORS[0], "validation"),
    )

    def draw(self, ax: Axes, at: At) -> None:
        super().draw(ax, at)
        ax.set_yticks(range(-2, 4), ["0.01", "0.1", "1", "10", "100", "1000"])
        ax.set(ylim=(-2.2, 3), ylabel="squared error (log scale)")

    def samples(self, at: At) -> list[Array]:
        found: Ridges = at.result
        errors = (found.val_error[0], found.train_error[at.index], found.val_error[at.index])
        return [np.log10(np.maximum(error, 1e-12)) for error in errors]

    def say(self, at: At) -> str:
        found: Ridges = at.result
        lam, most, none = at.value, RATIOS[-1], found.lambdas[0]
        peak, end = (_short(found.typical_error(lam, ratio)) for ratio in (1.0, most))
        over = f" ({_short(found.typical_error(none, 1.0))} for λ = 0)" if lam > 0 else ""
        accuracy = found.accuracy(lam, most)
        gain = f", {said_gain(accuracy, found.accuracy(none, most))} over λ = 0" if lam > 0 else ""
        return (
            f"λ = {format_value(lam)}, {found.n} training samples: squared validation error {peak} "
            f"with {found.n} features{over} and {end} with {round(most * found.n)}; validation "
            f"accuracy there {said_accuracy(accuracy)}{gain}; {found.done} "
            f"{'paired ' if lam > 0 else ''}seeds"
        )


class _Accuracy(_AgainstFeatures):
    STYLES = (("--", NEUTRAL, "λ = 0"), ("--", COLORS[0], "λ of the slider"))

    def draw(self, ax: Axes, at: At) -> None:
        super().draw(ax, at)
        ax.set(ylim=(0, 1), ylabel="validation accuracy")

    def samples(self, at: At) -> list[Array]:
        return [at.result.val_acc[0], at.result.val_acc[at.index]]


def _short(error: float) -> str:
    return f"{error:.2f}" if error < 10 else f"{error:.0f}"
