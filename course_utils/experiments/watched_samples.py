"""Stopping rules that watch few validation samples, and what their choices are really worth.

From the record of every validation sample, many small validation sets are drawn. A rule watches one
of them, and samples that it never saw say how good its choice was.
"""

from dataclasses import dataclass

import numpy as np

from course_utils.experiments.recorded_runs import Array, SampleScores, StopRule, stops

SIZES = (5, 10, 20, 50, 100, 200, 500)
DRAWS = 20  # of small validation sets, for each seed


@dataclass(frozen=True, eq=False)
class Watched:
    """Curves on small validation sets, at one noise level.

    `loss` and `error` (1 - accuracy) are [sizes, seeds, draws, epochs + 1], on as many samples as
    the size says; `fresh_loss` and `fresh_error` [seeds, draws, epochs + 1] on the half of the
    validation set that no size of that draw contains.
    """

    sizes: tuple[int, ...]
    loss: Array
    error: Array
    fresh_loss: Array
    fresh_error: Array

    def scores(self, metric: str) -> tuple[Array, Array]:
        """The "loss" or the "accuracy", on the small sets and on fresh samples."""
        if metric == "loss":
            return self.loss, self.fresh_loss
        return 1 - self.error, 1 - self.fresh_error


@dataclass(frozen=True, eq=False)
class Chosen:
    """The epochs chosen by watching one quantity, at every size."""

    curves: Watched
    metric: str
    size: int
    wait: int
    noise: float
    epochs: Array  # [sizes, seeds, draws]
    reported: Array  # accuracy on the watched samples, [sizes, seeds]
    fresh: Array  # accuracy on fresh samples, [sizes, seeds]

    @property
    def now(self) -> tuple[Array, Array]:
        """Reported and fresh accuracy at `size`, each [seeds]."""
        place = self.curves.sizes.index(self.size)
        return self.reported[place], self.fresh[place]


def draw_watched(runs: SampleScores, noise: float, *, draws: int = DRAWS) -> Watched:
    """Draw `draws` validation sets of every size for each seed; a smaller one lies in a larger."""
    half = runs.samples // 2
    sizes = tuple(n for n in SIZES if n <= half) or (half,)
    rng = np.random.default_rng(0)
    order = np.array(
        [[rng.permutation(runs.samples) for _ in range(draws)] for _ in range(runs.seeds)]
    )
    place = order.argsort(axis=-1)  # of each sample in its draw, [seeds, draws, samples]
    index = runs.label_noise.index(noise)

    def means(scores: Array, chosen: Array) -> Array:
        # Summed before they are divided, so that equal accuracies are equal to the last bit: a rule
        # must see a tie as one.
        sums = np.matmul(scores, chosen.swapaxes(1, 2).astype(scores.dtype)).swapaxes(1, 2)
        return np.asarray(sums, dtype=float) / chosen[0, 0].sum()

    loss, error = runs.loss[index], 1 - runs.correct[index]
    return Watched(
        sizes,
        np.array([means(loss, place < n) for n in sizes]),
        np.array([means(error, place < n) for n in sizes]),
        means(loss, place >= half),
        means(error, place >= half),
    )


def choose(
    curves: Watched, rule: StopRule, *, metric: str, size: int, wait: int, noise: float
) -> Chosen:
    """Let `rule` watch `metric` with patience `wait` at every size; score both sets of samples."""
    watched = curves.loss if metric == "loss" else curves.error
    shape = watched.shape[:-1]
    flat = watched.reshape(-1, watched.shape[-1])
    epochs = stops(rule, flat, wait).restored.reshape(shape)
    reported = 1 - np.take_along_axis(curves.error, epochs[..., None], -1)[..., 0]
    fresh_error = np.broadcast_to(curves.fresh_error, curves.error.shape)
    fresh = 1 - np.take_along_axis(fresh_error, epochs[..., None], -1)[..., 0]
    return Chosen(curves, metric, size, wait, noise, epochs, reported.mean(-1), fresh.mean(-1))
