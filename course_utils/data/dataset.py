"""A data set as tensors in memory: training, validation, and a sealed test set."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from course_utils.data import splits
from course_utils.data.argument_checks import check_count, check_fraction, check_seed, check_split
from course_utils.data.arrays import check_inputs, check_targets
from course_utils.data.seal import SealedTestSet


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Everything a run needs to know about its data.

    The split is made before anything else, so :meth:`subset`, :meth:`per_class` and
    :meth:`with_label_noise` return a new data set in which **only the training part** differs:
    validation and test stay clean, complete, and the same for every run that is compared. Tensors
    that stay the same are shared, not copied, so a change in place reaches all who have them.

    Attributes:
        name: e.g. "digits".
        x_train: float32 [n, ...].
        y_train: int64 [n] class labels, or float32 [n] for a regression.
        x_val, y_val: the same for validation.
        test: opens once, see :class:`SealedTestSet`.
        num_classes: number of classes, None for a regression.
        y_clean: the true training labels [n], before label noise. Left out, it is a copy of
            `y_train`.
    """

    name: str
    x_train: Tensor
    y_train: Tensor
    x_val: Tensor
    y_val: Tensor
    test: SealedTestSet
    num_classes: int | None
    y_clean: Tensor = None  # type: ignore[assignment]  # filled in below, never None afterwards

    def __post_init__(self) -> None:
        if self.y_clean is None:
            object.__setattr__(self, "y_clean", self.y_train.clone())
        train = len(self.x_train), len(self.y_train), len(self.y_clean)
        if len(set(train)) > 1 or len(self.x_val) != len(self.y_val):
            raise ValueError(
                f"x and y must have the same length, got {len(self.x_train)} and "
                f"{len(self.y_train)} for training ({len(self.y_clean)} true labels), "
                f"{len(self.x_val)} and {len(self.y_val)} for validation; "
                "select the same rows of both"
            )

    def __repr__(self) -> str:
        kind = "regression" if self.num_classes is None else f"{self.num_classes} classes"
        noisy = int(self.noisy.sum())
        return (
            f"Dataset({self.name!r}: {self.n_train} training samples"
            + (f" ({noisy} with a wrong label)" if noisy else "")
            + f", {len(self.y_val)} validation, {len(self.test)} test; "
            f"input {list(self.input_shape)}, {kind})"
        )

    @property
    def n_train(self) -> int:
        """Number of training samples."""
        return len(self.y_train)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample, e.g. (1, 8, 8)."""
        return tuple(self.x_train.shape[1:])

    @property
    def num_outputs(self) -> int:
        """Numbers that a network gives per sample: one per class, 1 for a regression."""
        return self.num_classes or 1

    @property
    def noisy(self) -> Tensor:
        """Bool [n]: which training labels differ from the truth."""
        return self.y_train != self.y_clean

    def subset(self, n: int, seed: int = 0) -> "Dataset":
        """Keep `n` training samples, chosen at random.

        Nested: with the same seed a smaller subset lies inside a larger one.

        Raises:
            ValueError: if n is not in 1 .. n_train.
        """
        return self._subset(n, seed, "n")

    def per_class(self, n: int, seed: int = 0) -> "Dataset":
        """Keep `n` training samples of each (true) class, chosen at random, classes mixed.

        Nested like :meth:`subset`.

        Raises:
            ValueError: if a class has fewer than n samples, or for a regression.
        """
        classes = self._classes("per_class")
        labels = self.y_clean.cpu().numpy()
        counts = np.bincount(labels, minlength=classes)
        rarest = int(counts.argmin())
        of = f"training samples of class {rarest} in {self.name!r}, the rarest"
        n = check_count(n, "n", most=int(counts[rarest]), of=of)
        order = splits.permutation("subset", seed, self.n_train)
        rank = np.empty(self.n_train, dtype=np.int64)
        for c in range(classes):
            rank[labels[order] == c] = np.arange(counts[c])
        return self._keep(order[rank < n])

    def with_label_noise(self, fraction: float, seed: int = 0) -> "Dataset":
        """Redraw each training label with probability `fraction`, uniformly from all classes.

        The draw may hit the true class, so about `fraction * (1 - 1/num_classes)` of the labels
        end up wrong (:attr:`noisy` says which); at fraction 1 a label says nothing at all.
        Nested: with the same seed a larger fraction redraws the same labels and more. Noise
        always starts from the true labels: a second call replaces the first, it does not add.

        Raises:
            ValueError: if fraction is outside [0, 1], or for a regression.
        """
        return self._with_label_noise(fraction, seed, "fraction")

    def limit_validation(self, most: int = 1000) -> "Dataset":
        """Keep the first `most` validation samples, or all where there are no more.

        They are in random order since the split. Where little data trains, scoring all of a large
        set takes most of the time, and adds little certainty beside the spread over seeds.

        Raises:
            ValueError: if most is not a whole number of at least 1.
        """
        most = check_count(most, "most")
        return replace(self, x_val=self.x_val[:most], y_val=self.y_val[:most])

    def scored_on(self, most: int = 1000) -> "Dataset":
        """`limit_validation` under its earlier name, which scripts of others may still use."""
        return self.limit_validation(most)

    def to(self, device: torch.device | str) -> "Dataset":
        """Return the data set with every tensor on `device` (the test set under its old seal)."""
        device = torch.device(device)  # or Tensor.to would take a dtype, and turn labels into it
        return replace(
            self,
            x_train=self.x_train.to(device),
            y_train=self.y_train.to(device),
            x_val=self.x_val.to(device),
            y_val=self.y_val.to(device),
            test=self.test.to(device),
            y_clean=self.y_clean.to(device),
        )

    @classmethod
    def from_tensors(
        cls,
        x: Any,
        y: Any,
        *,
        name: str = "my data",
        num_classes: int | None = None,
        val_fraction: float = 0.25,
        test_fraction: float = 0.2,
        seed: int = 0,
    ) -> "Dataset":
        """Make a data set of your own tensors or arrays; it works wherever "digits" does.

        It holds copies, as float32 and int64: what you change in x and y later does not reach it,
        and no gradient flows back.

        Args:
            x: floating point, [n, ...], finite; scale it to about unit size first.
            y: [n]. Whole numbers are class labels counted from 0, floating point a regression.
            num_classes: at least 2; left out, it is how many occur in y.
            val_fraction, test_fraction: shares of all n samples, rounded; the rest is for
                training. Labels are spread evenly over the three parts (stratified).
            seed: which split. Keep it the same for all runs that you compare.

        Raises:
            ValueError: for lengths that differ, NaN, what float32 cannot hold, labels out of range
                or with a gap, or an empty part.
        """
        x = check_inputs(x)
        y, num_classes = check_targets(y, len(x), num_classes)
        n_val, n_test = check_split(len(x), val_fraction, test_fraction)
        if num_classes is None:
            order = splits.permutation("split", seed, len(x))
        else:
            order = splits.stratified_order(y.cpu().numpy(), "split", seed)
        test, val, train = np.split(order, [n_test, n_test + n_val])
        return cls(
            name=name,
            x_train=_rows(x, train),
            y_train=_rows(y, train),
            x_val=_rows(x, val),
            y_val=_rows(y, val),
            test=SealedTestSet(_rows(x, test), _rows(y, test), name=name),
            num_classes=num_classes,
        )

    def _subset(self, n: int, seed: int, word: str) -> "Dataset":
        n = check_count(n, word, most=self.n_train, of=f"training samples in {self.name!r}")
        return self._keep(splits.permutation("subset", seed, self.n_train)[:n])

    def _with_label_noise(self, fraction: float, seed: int, word: str) -> "Dataset":
        classes = self._classes("label noise")
        fraction = check_fraction(fraction, word)
        # Two streams, so that neither the fraction nor n changes which label replaces which.
        redraw = splits.uniforms("noise: which", check_seed(seed), self.n_train) < fraction
        drawn = (splits.uniforms("noise: what", seed, self.n_train) * classes).astype(np.int64)
        labels = torch.from_numpy(np.where(redraw, drawn, self.y_clean.cpu().numpy()))
        return replace(self, y_train=labels.to(self.y_train.device))

    def _keep(self, rows: NDArray[np.int64]) -> "Dataset":
        return replace(
            self,
            x_train=_rows(self.x_train, rows),
            y_train=_rows(self.y_train, rows),
            y_clean=_rows(self.y_clean, rows),
        )

    def _classes(self, what: str) -> int:
        if self.num_classes is None:
            raise ValueError(
                f"{what} needs class labels, got the regression data set {self.name!r}; "
                "use subset(n) for less data, and the noise argument of polynomial() for "
                "noisier targets"
            )
        return self.num_classes


def _rows(values: Tensor, rows: NDArray[np.int64]) -> Tensor:
    return values[torch.from_numpy(rows).to(values.device)]
