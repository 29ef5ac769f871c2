"""Ridge regression on random features, from too few to far more than samples: double descent.

Belkin, Hsu, Ma and Mandal (2019) described the second descent. Ridge regression has its solution in
closed form, and one decomposition of the features serves every λ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from course_utils.data import Dataset
from course_utils.data.splits import normals

Array = NDArray[np.float64]

RATIOS = (0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.25, 1.6, 2.5, 5.0, 10.0)


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

        Near the peak an arithmetic mean would be dominated by the worst seed.
        """
        errors = self.val_error[self._at(lam, ratio)][: self.done]
        return float(np.exp(np.log(errors).mean()))

    def accuracy(self, lam: float, ratio: float) -> Array:
        """Validation accuracy in [0, 1], per seed."""
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
    classes = data.num_outputs
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
    """1 / s, and 0 where s is 0, which gives the solution of least norm."""
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
