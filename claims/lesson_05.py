"""Lesson 05: what augmentation buys and what it costs.

A shift is in pixels for digits of 8 x 8, and in as large a part of the image for others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from claims.claim import ONCE, UNSTOPPED, Claim, Expectation
from course_utils.augmentation import Augment, RandomFlip, RandomShift, compose
from course_utils.comparison import ENDINGS, Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Run
from course_utils.models import MLP, SmallCNN
from course_utils.panels.augmentation import transform_of
from course_utils.training import evaluate

NOISE, EPOCHS, LR, BATCH = 0.2, 30, 5e-3, 50
STRENGTHS = (0.0, 0.5, 1.0, 2.0)
PIXEL_NOISE, SHIFT, ONE_SHIFT = "pixel noise", "shift", "one shift for the batch"
FLIP = tuple(f"flip {kind}" for kind in ("horizontal", "vertical", "both"))


def _pixels(data: Dataset) -> int:
    return max(1, data.input_shape[-1] // 14)


def _augment(data: Dataset, value: float | str) -> Augment | None:
    width, shift = data.input_shape[-1], RandomShift(_pixels(data))
    if isinstance(value, float):
        return transform_of("all three", value, width) if value else None
    augments: dict[str, Augment] = {
        PIXEL_NOISE: transform_of(PIXEL_NOISE, 1.0, width),
        SHIFT: shift,
        ONE_SHIFT: lambda x: shift(x.flatten(0, 1)[None])[0].reshape(x.shape),
        "flip horizontal": RandomFlip(0.5),
        "flip vertical": RandomFlip(0.5, vertical=True),
        "flip both": compose(RandomFlip(0.5), RandomFlip(0.5, vertical=True)),
    }
    return augments[value]


def on_moved(model: nn.Module, data: Dataset) -> float:
    """Accuracy on validation images moved to the right."""
    right = _pixels(data)
    return evaluate(model, F.pad(data.x_val, (right, -right, 0, 0)), data.y_val).acc


def _on_drawn(model: nn.Module, data: Dataset) -> float:
    """Loss on training images drawn at strength 2."""
    transform = transform_of("all three", 2.0, data.input_shape[-1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return evaluate(model, transform(data.x_train), data.y_train).loss


def _repeats(model: nn.Module, data: Dataset) -> float:
    """Share of the wrong labels that are repeated."""
    return evaluate(model, data.x_train[data.noisy], data.y_train[data.noisy]).acc


def compared_at(
    data: Dataset,
    values: tuple[float | str, ...],
    noise: float = 0.0,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    network: Callable[..., nn.Module] = MLP,
) -> Comparison:
    """The lesson's networks with eight seeds, each with its own draw of the noise."""
    sizes = {"hidden_sizes": (64, 64)} if network is MLP else {}

    def build(value: float | str) -> Run:
        model = network(data.input_shape, num_classes=data.num_outputs, **sizes)
        adam = torch.optim.Adam(model.parameters(), lr=LR)
        return Run(model, adam, augment=_augment(data, value))

    return compare(
        build,
        lambda _, seed: data.with_label_noise(noise, seed),
        values=values,
        epochs=EPOCHS,
        batch_size=BATCH,
        loss_fn=loss_fn,
        measure={"repeats": _repeats} if noise else {"moved": on_moved, "drawn": _on_drawn},
    )


@cache
def _clean(data: Dataset) -> Comparison:
    return compared_at(data, (*STRENGTHS, SHIFT, ONE_SHIFT, *FLIP))


@cache
def noisy(data: Dataset) -> Comparison:
    """Strengths and pixel noise where 20% of the labels were drawn anew."""
    return compared_at(data, (*STRENGTHS, PIXEL_NOISE), NOISE)


@cache
def _convolutional(data: Dataset) -> Comparison:
    return compared_at(data, (0.0,), network=SmallCNN)


def moving(data: Dataset, ending: Ending) -> Difference:
    """Accuracy of plain networks on moved images, minus that on images as they are."""
    found = _clean(data)
    return paired_difference(found.scores(0.0, ending, "moved"), found.scores(0.0, ending))


def bought_and_paid(data: Dataset, ending: Ending) -> Difference:
    """What random shifts gain on moved images, minus what they cost on images as they are."""
    found = _clean(data)
    gained = found.scores(SHIFT, ending, "moved") - found.scores(0.0, ending, "moved")
    return paired_difference(gained, found.scores(0.0, ending) - found.scores(SHIFT, ending))


def cost_of_shifts(data: Dataset, ending: Ending) -> Difference:
    """Accuracy with random shifts minus that without, at this ending minus at the budget."""
    found = _clean(data)
    late, soon = (
        found.scores(SHIFT, end) - found.scores(0.0, end) for end in (ending, "budget")
    )  # fmt: skip
    return paired_difference(late, soon)


def convolutionon_moved(data: Dataset, ending: Ending) -> Difference:
    """Accuracy of a convolutional network on moved images, minus the plain network's."""
    return paired_difference(
        _convolutional(data).scores(0.0, ending, "moved"), _clean(data).scores(0.0, ending, "moved")
    )


def drawn_training_loss(data: Dataset, ending: Ending) -> Difference:
    """Training loss on augmented images at strength 2, minus that on images as they are."""
    found = _clean(data)
    return paired_difference(
        found.scores(2.0, ending, "drawn"), found.scores(2.0, ending, "train_loss")
    )


def _claim(
    technique: str,
    sentence: str,
    value: float | str,
    over: float | str,
    expect: Expectation,
    score: str = "acc",
    endings: tuple[Ending, ...] = ENDINGS,
    compared: Callable[[Dataset], Comparison] = _clean,
) -> Claim:
    def measure(data: Dataset, ending: Ending) -> Difference:
        return compared(data).gain(value, over, ending, score)

    return Claim(5, technique, sentence, measure, expect, endings)


CLAIMS = [
    Claim(5, "moved images, trained plain",
          "A network that never saw moved images reads them far less well.", moving, "lower"),
    _claim("moved images, trained with shifts",
           "Random shifts in training raise the accuracy on moved images.",
           SHIFT, 0.0, "higher", "moved"),
    Claim(5, "shifts: gain on moved images, cost on others",
          "Random shifts gain more on moved images than they cost on images as they are.",
          bought_and_paid, "higher"),
    Claim(5, "shifts, four times the training",
          "Trained four times as long, shifts cost less than after the lesson's 30 epochs.",
          cost_of_shifts, "higher", ("long",)),
    Claim(5, "moved images, convolutional network",
          "A convolutional network reads moved images better, without having seen any.",
          convolutionon_moved, "higher"),
    _claim("turn, zoom, shift; 20% label noise",
           "With noisy labels, gentle changes of the images raise the accuracy ...",
           1.0, 0.0, "higher", compared=noisy),
    _claim("turn, zoom, shift; 20% label noise, loss", "... and lower the loss.",
           1.0, 0.0, "lower", "loss", compared=noisy),
    _claim("turn, zoom, shift; wrong labels repeated",
           "Trained past the turn, changed images make a network repeat fewer wrong labels.",
           1.0, 0.0, "lower", "repeats", UNSTOPPED, noisy),
    _claim("turn, zoom, shift; clean labels, loss",
           "With clean labels and enough training, gentle changes lower the loss ...",
           1.0, 0.0, "lower", "loss", ("long", "early-stopped")),
    _claim("turn, zoom, shift; clean labels",
           "... and raise the accuracy.", 1.0, 0.0, "higher", "acc", ("long", "early-stopped")),
    _claim("half strength; clean labels",
           "With clean labels, half of that strength does not lower the accuracy.",
           0.5, 0.0, "not lower"),
    _claim("pixel noise; 20% label noise",
           "With noisy labels, pixel noise does not lower the accuracy.",
           PIXEL_NOISE, 0.0, "not lower", compared=noisy),
    *(
        _claim(f"flips, {kind.removeprefix('flip ')}",
               f"Flips of digits ({kind.removeprefix('flip ')}) lower the accuracy.",
               kind, 0.0, "lower")
        for kind in FLIP
    ),
    _claim("one draw for each batch",
           "One transform for the whole batch is not better than one for each image.",
           ONE_SHIFT, SHIFT, "not higher"),
    _claim("one draw for each batch, four times the training",
           "After four times as many epochs eight seeds do not see that it is worse ...",
           ONE_SHIFT, SHIFT, "not lower", endings=("long",)),
    replace(
        _claim("one draw for each batch, on MNIST", "... and on MNIST not after 30 either.",
               ONE_SHIFT, SHIFT, "not lower", endings=ONCE),
        datasets=("mnist",),
    ),
    Claim(5, "training scored on augmented images",
          "On augmented images the training loss looks higher than it is.",
          drawn_training_loss, "higher"),
]  # fmt: skip
