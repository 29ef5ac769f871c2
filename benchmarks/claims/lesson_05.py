"""Lesson 05: what augmentation buys, what it costs, and what flips mix up.

A shift is in pixels for digits of 8 x 8, and in as large a part of the image for others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.claims.claim import Claim
from course_utils.augmentation import Augment, RandomShift
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels.augmenting import transform_of
from course_utils.panels.augmenting.flipping import FLIPS, confusions, train_flips
from course_utils.training import LossFn, evaluate, shuffled_batches

NOISE, SEEDS, EPOCHS, LR, BATCH = 0.2, 8, 30, 5e-3, 50

Scores = list[float] | NDArray[np.float64]


def _build(data: Dataset, augment: Augment | None) -> Run:
    model = MLP(data.input_shape, (64, 64), data.num_classes or 1)
    return Run(model, torch.optim.Adam(model.parameters(), lr=LR), augment=augment)


def _train(
    data: Dataset,
    augment: Augment | None = None,
    *,
    noise: float = 0.0,
    loss_fn: LossFn = F.cross_entropy,
) -> Fleet:
    """One setting with eight seeds, each with its own draw of the noise."""

    return train_fleet(
        lambda augment: _build(data, augment),
        lambda _, seed: data.with_label_noise(noise, seed),
        values=[augment],
        seeds=SEEDS,
        epochs=EPOCHS,
        batch_size=BATCH,
        loss_fn=loss_fn,
        progress=False,
    )


@cache
def _plain(data: Dataset, noise: float = 0.0) -> Fleet:
    return _train(data, noise=noise)


@cache
def _shifted(data: Dataset) -> Fleet:
    return _train(data, RandomShift(_pixels(data)))


@cache
def _augmented(data: Dataset, strength: float, noise: float, kind: str = "all three") -> Fleet:
    return _train(data, transform_of(kind, strength, data.input_shape[-1]), noise=noise)


@cache
def _flipped(data: Dataset) -> Fleet:
    *_, fleet = train_flips(data)
    return fleet


def _pixels(data: Dataset) -> int:
    return max(1, data.input_shape[-1] // 14)


def _last(fleet: Fleet, index: int = 0) -> NDArray[np.float64]:
    return fleet.val_acc[index, :, -1]


def _on_moved(fleet: Fleet, data: Dataset) -> list[float]:
    """Accuracies on validation images moved to the right."""
    right = _pixels(data)
    x = F.pad(data.x_val, (right, -right, 0, 0))
    return [evaluate(fleet.model(0, s), x, data.y_val).acc for s in range(SEEDS)]


def moving(data: Dataset) -> Difference:
    """Accuracy of plain networks on moved images, minus that on images as they are."""
    fleet = _plain(data)
    return paired_difference(_on_moved(fleet, data), _last(fleet))


def shifts_on_moved(data: Dataset) -> Difference:
    """Accuracy on moved images with random shifts in training, minus that without."""
    return paired_difference(_on_moved(_shifted(data), data), _on_moved(_plain(data), data))


def bought_and_paid(data: Dataset) -> Difference:
    """What random shifts gain on moved images, minus what they cost on images as they are."""
    plain, shifted = _plain(data), _shifted(data)
    gained = np.subtract(_on_moved(shifted, data), _on_moved(plain, data))
    return paired_difference(gained, _last(plain) - _last(shifted))


def strength(data: Dataset, value: float, noise: float, kind: str = "all three") -> Difference:
    """Accuracy on images as they are at one strength of the panel, minus that at strength 0."""
    return paired_difference(
        _last(_augmented(data, value, noise, kind)), _last(_plain(data, noise))
    )


def repeated(data: Dataset) -> Difference:
    """Share of the wrong labels that are repeated at strength 1, minus that at strength 0."""

    def shares(fleet: Fleet) -> list[float]:
        found = []
        for seed in range(SEEDS):
            drawn = data.with_label_noise(NOISE, seed)
            x, y = drawn.x_train[drawn.noisy], drawn.y_train[drawn.noisy]
            found.append(evaluate(fleet.model(0, seed), x, y).acc)
        return found

    return paired_difference(shares(_augmented(data, 1.0, NOISE)), shares(_plain(data, NOISE)))


def flip_accuracy(data: Dataset, kind: str) -> Difference:
    """Accuracy with flips in training, minus that without."""
    fleet = _flipped(data)
    return paired_difference(_last(fleet, list(FLIPS).index(kind)), _last(fleet))


def mixed_up(data: Dataset, kind: str, pair: tuple[int, int]) -> Difference:
    """How often one of `pair` is read as the other with flips in training, minus without."""
    fleet = _flipped(data)
    a, b = pair

    def shares(index: int) -> NDArray[np.float64]:
        trained = confusions(fleet, data, index).trained
        return (trained[:, a, b] + trained[:, b, a]) / 2

    return paired_difference(shares(list(FLIPS).index(kind)), shares(0))


def one_draw(data: Dataset) -> Difference:
    """Accuracy with one shift for each batch, minus that with one for each image."""
    shift = RandomShift(_pixels(data))

    def one_for_all(x: Tensor) -> Tensor:
        return shift(x.flatten(0, 1)[None])[0].reshape(x.shape)

    return paired_difference(_last(_train(data, one_for_all)), _last(_shifted(data)))


def smoothing(data: Dataset) -> Difference:
    """Accuracy with label smoothing of 0.1, minus that without."""
    loss_fn = partial(F.cross_entropy, label_smoothing=0.1)
    return paired_difference(
        _last(_train(data, noise=NOISE, loss_fn=loss_fn)), _last(_plain(data, NOISE))
    )


def mixup(data: Dataset, alpha: float = 0.4) -> Difference:
    """Accuracy with mixup, minus that without."""
    scores = [_mixup_run(data.with_label_noise(NOISE, seed), seed, alpha) for seed in range(SEEDS)]
    return paired_difference(scores, _last(_plain(data, NOISE)))


def _mixup_run(data: Dataset, seed: int, alpha: float) -> float:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        run = _build(data, None)
        beta = torch.distributions.Beta(alpha, alpha)
        batches = shuffled_batches(data.n_train, BATCH, seed)
        for _ in range(EPOCHS):
            for batch in next(batches):
                x, y = data.x_train[batch], data.y_train[batch]
                share, other = beta.sample(), torch.randperm(len(x))
                logits = run.model(share * x + (1 - share) * x[other])
                losses = F.cross_entropy(logits, y), F.cross_entropy(logits, y[other])
                loss = share * losses[0] + (1 - share) * losses[1]
                run.optimizer.zero_grad()
                loss.backward()
                run.optimizer.step()
    return evaluate(run.model, data.x_val, data.y_val).acc


def drawn_training_loss(data: Dataset) -> Difference:
    """Training loss on augmented images at strength 2, minus that on images as they are."""
    fleet = _augmented(data, 2.0, 0.0)
    transform = transform_of("all three", 2.0, data.input_shape[-1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x = transform(data.x_train)
    drawn = [evaluate(fleet.model(0, s), x, data.y_train).loss for s in range(SEEDS)]
    return paired_difference(drawn, fleet.train_loss[0, :, -1])


def _claim(
    technique: str,
    sentence: str,
    compare: Callable[[Dataset], Difference],
    expect: str,
) -> Claim:
    return Claim(5, technique, sentence, compare, expect)  # type: ignore[arg-type]


CLAIMS = [
    _claim(
        "moved images, trained plain",
        "A network that never saw moved images reads them far less well.",
        moving,
        "lower",
    ),
    _claim(
        "moved images, trained with shifts",
        "Random shifts in training raise the accuracy on moved images.",
        shifts_on_moved,
        "higher",
    ),
    _claim(
        "shifts: gain on moved images, cost on others",
        "Random shifts gain more on moved images than they cost on images as they are.",
        bought_and_paid,
        "higher",
    ),
    _claim(
        "turn, zoom, shift; 20 % label noise",
        "With noisy labels, gentle changes of the images raise the accuracy.",
        lambda data: strength(data, 1.0, NOISE),
        "higher",
    ),
    _claim(
        "turn, zoom, shift; wrong labels repeated",
        "Changed images make a network repeat fewer of the wrong labels.",
        repeated,
        "lower",
    ),
    _claim(
        "half strength; clean labels",
        "With clean labels, gentle changes of the images do not lower the accuracy.",
        lambda data: strength(data, 0.5, 0.0),
        "not lower",
    ),
    _claim(
        "pixel noise; 20 % label noise",
        "With noisy labels, pixel noise does not lower the accuracy.",
        lambda data: strength(data, 1.0, NOISE, "pixel noise"),
        "not lower",
    ),
    *(
        _claim(
            f"flips, {kind}",
            f"Flips of digits ({kind}) lower the accuracy.",
            partial(flip_accuracy, kind=kind),
            "lower",
        )
        for kind in ("horizontal", "vertical", "both")
    ),
    _claim(
        "flips, horizontal: 2 and 5",
        "With horizontal flips 2 and 5 are mixed up more often.",
        lambda data: mixed_up(data, "horizontal", (2, 5)),
        "higher",
    ),
    _claim(
        "flips, horizontal: 6 and 9",
        "With horizontal flips 6 and 9 are not mixed up more often.",
        lambda data: mixed_up(data, "horizontal", (6, 9)),
        "not higher",
    ),
    _claim(
        "flips, vertical: 2 and 5",
        "With vertical flips 2 and 5 are mixed up more often.",
        lambda data: mixed_up(data, "vertical", (2, 5)),
        "higher",
    ),
    _claim(
        "flips, both: 6 and 9",
        "With both flips 6 and 9 are mixed up more often.",
        lambda data: mixed_up(data, "both", (6, 9)),
        "higher",
    ),
    _claim(
        "one draw for each batch",
        "One transform for the whole batch is not better than one for each image.",
        one_draw,
        "not higher",
    ),
    _claim(
        "mixup; 20 % label noise",
        "With noisy labels, mixup does not lower the accuracy.",
        mixup,
        "not lower",
    ),
    _claim(
        "label smoothing; 20 % label noise",
        "With noisy labels, label smoothing does not lower the accuracy.",
        smoothing,
        "not lower",
    ),
    _claim(
        "training scored on augmented images",
        "On augmented images the training loss looks higher than it is.",
        drawn_training_loss,
        "higher",
    ),
]
