"""Lesson 08: decay, dropout in one pass and in many, averages, ensembles, pretraining.

The data are sentences of a made-up language by two authors, in place of the digits and MNIST of the
other lessons. Where a score is called excess, it is the distance from the true probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from claims.claim import ONCE, TEXTS, Claim, Expectation
from course_utils.comparison import ENDINGS, Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.data.language import CONTEXT, WORDS
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.averaged_weights import Averaged, average_along
from course_utils.experiments.ensembles import Asked, ask_together
from course_utils.experiments.next_words import BATCH, excess, text, transformer_run
from course_utils.experiments.pretraining import FEW_BATCH, TUNED, fine_tuning, pretrained
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import SmallTransformer

SAMPLES, SEEDS = 500, 8
LR = 1e-2
STRONG, WEAKER = 2.0, 1.0  # λ
PLAIN, ALL, GROUPS, DROPOUT, RMS = "plain", "all decay", "groups decay", "dropout", "RMSNorm"
SEEN, P = 4_000, 0.4  # the panel's samples, and its largest p


def _author(data: Dataset) -> int:
    """Whose text it is, the only thing that is asked of the data: each seed draws its own."""
    return TEXTS.index(data.name)


def decay_groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Matrices decay, vectors (biases, and the scales of norms) do not."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    return [
        {"params": matrices, "weight_decay": decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


@cache
def _regularized(data: Dataset) -> Comparison:
    """The lesson's comparison, with more kinds; each is a name and a strength of the decay."""

    def build(kind: tuple[str, float]) -> Run:
        name, decay = kind
        norm = nn.RMSNorm if name == RMS else nn.LayerNorm
        p = 0.2 if name == DROPOUT else 0.0
        model = SmallTransformer(len(WORDS), CONTEXT, dropout=p, norm_layer=norm)
        groups = decay_groups(model, decay) if name == GROUPS else model.parameters()
        return Run(model, torch.optim.AdamW(groups, lr=LR, weight_decay=decay))

    kinds = [(PLAIN, 0.0), (DROPOUT, 0.0), (RMS, 0.0)]
    kinds += [(name, decay) for name in (ALL, GROUPS) for decay in (WEAKER, STRONG)]
    return compare(
        build, lambda _, seed: text(SAMPLES, seed, _author(data)), values=kinds, epochs=6
    )


@cache
def _tuned(data: Dataset, own: int) -> Comparison:
    """From scratch, and from pretraining by the other author with all or some weights trained."""
    author = _author(data)
    pretrained(SEEN, SEEDS, 1 - author)
    return compare(
        lambda value: fine_tuning(value[0], value[1], SEEDS, 1 - author),
        lambda _, seed: text(own, seed, author),
        values=[(0, TUNED[0]), *((SEEN, tuned) for tuned in TUNED)],
        epochs=12,
        batch_size=FEW_BATCH,
    )


@cache
def _passes(data: Dataset, count: int) -> Fleet:
    return train_fleet(
        lambda p: transformer_run(dropout=p),
        lambda _, seed: text(SEEN // count, seed, _author(data)),
        values=[0.0, P],
        epochs=count,
        batch_size=BATCH,
        progress=False,
    )


@cache
def _averages(data: Dataset) -> Averaged:
    *_, last = average_along(
        LR, horizons=(5, 20), samples=1000, epochs=7, seeds=SEEDS, author=_author(data)
    )
    return last


@cache
def _asked(data: Dataset) -> Asked:
    *_, last = ask_together(
        members=4, passes=4, p=0.2, samples=SAMPLES, epochs=(6, 16), seeds=SEEDS,
        author=_author(data),
    )  # fmt: skip
    return last


@cache
def _fleet(data: Dataset, smoothing: float) -> Fleet:
    """The lesson's first networks, and the same with smoothed targets."""
    return train_fleet(
        lambda _: transformer_run(lr=LR),
        lambda _, seed: text(SAMPLES, seed, _author(data)),
        values=[smoothing],
        epochs=16,
        batch_size=BATCH,
        loss_fn=partial(F.cross_entropy, label_smoothing=smoothing),
        progress=False,
    )


@cache
def _batches(data: Dataset, size: int, samples: int, epochs: int) -> Any:
    """The excess with batches of a size at the best of three rates, [seeds]."""
    rates = [factor * rate for factor in (0.5, 1, 2) for rate in [{10: 4e-3, 250: 2e-2}[size]]]
    fleet = train_fleet(
        lambda lr: transformer_run(lr=lr),
        lambda _, seed: text(samples, seed, _author(data)),
        values=rates,
        epochs=epochs,
        batch_size=size,
        progress=False,
    )
    found = [_excess(data, (fleet.model(v, s) for s in range(SEEDS))) for v in range(len(rates))]
    return min(found, key=np.mean)


def _excess(data: Dataset, models: Iterable[nn.Module]) -> Any:
    return np.array([excess(model, author=_author(data)) for model in models])


def passes(data: Dataset, count: int) -> Difference:
    """Validation loss with dropout, minus that without, after `count` passes."""
    without, with_it = _passes(data, count).val_loss[:, :, -1]
    return paired_difference(with_it, without)


def averaging(data: Dataset, *sides: tuple[str, int], at: int = -1) -> Difference:
    """Excess of the first of two (schedule, place of the average), minus that of the second."""
    scores = [_averages(data).scores(schedule)[place, at] for schedule, place in sides]
    return paired_difference(*scores)


def asking(data: Dataset, epochs: int, *sides: tuple[str, int]) -> Difference:
    """Excess of the first of two (method, answers averaged), minus that of the second."""
    return paired_difference(*(_asked(data).excess(epochs, *side) for side in sides))


def smoothing(data: Dataset) -> Difference:
    """Excess with smoothed targets, minus that without."""
    fleets = (_fleet(data, share) for share in (0.1, 0.0))
    scores = [_excess(data, (fleet.model(0, s) for s in range(SEEDS))) for fleet in fleets]
    return paired_difference(*scores)


def merging(data: Dataset) -> Difference:
    """Excess of the mean weights of two networks, minus the mean excess of the two."""
    models = [_fleet(data, 0.0).model(0, seed) for seed in range(SEEDS)]
    merged = []
    for one, two in zip(models, models[1:] + models[:1], strict=True):
        model = transformer_run().model
        with torch.no_grad():
            for p, *both in zip(*(m.parameters() for m in (model, one, two)), strict=True):
                p.copy_(sum(both) / 2)
        merged.append(model)
    apart = _excess(data, models)
    return paired_difference(_excess(data, merged), (apart + np.roll(apart, -1)) / 2)


def batches(data: Dataset, samples: int, epochs: int) -> Difference:
    """Excess with batches of 10, minus that with batches of 250, each at its own rate."""
    small, large = (_batches(data, size, samples, epochs) for size in (10, 250))
    return paired_difference(small, large)


def _compared(
    technique: str,
    sentence: str,
    of: Callable[[Dataset], Comparison],
    value: Any,
    over: Any,
    expect: Expectation,
    endings: tuple[Ending, ...] = ENDINGS,
) -> Claim:
    """About the validation loss at each ending."""
    return Claim(
        8, technique, sentence,
        lambda data, ending: of(data).gain(value, over, ending, "loss"), expect, endings, TEXTS,
    )  # fmt: skip


def _once(
    technique: str, sentence: str, measure: Callable[[Dataset], Difference], expect: Expectation
) -> Claim:
    """About one length of training, which the sentence names."""
    return Claim(8, technique, sentence, lambda data, _: measure(data), expect, ONCE, TEXTS)


CLAIMS = [
    _compared("RMSNorm", "RMSNorm in place of LayerNorm does not raise the loss clearly.",
              _regularized, (RMS, 0.0), (PLAIN, 0.0), "not higher"),
    _compared("decay of the matrices", "Strong decay of the matrices lowers the loss.",
              _regularized, (GROUPS, STRONG), (PLAIN, 0.0), "lower"),
    _compared("decay groups", "Decaying everything at this strength is clearly worse.",
              _regularized, (GROUPS, STRONG), (ALL, STRONG), "lower"),
    _compared("decay groups, weaker",
              "With half the decay, decaying everything is no worse than the split.",
              _regularized, (GROUPS, WEAKER), (ALL, WEAKER), "not lower"),
    _compared("dropout, 24 epochs", "After 24 epochs dropout lowers the loss ...",
              _regularized, (DROPOUT, 0.0), (PLAIN, 0.0), "lower", ("long",)),
    _compared("dropout, early-stopped", "... with both sides stopped in time it does not.",
              _regularized, (DROPOUT, 0.0), (PLAIN, 0.0), "not lower", ("early-stopped",)),
    _once("dropout, one pass", "In one pass dropout raises the loss.",
          lambda data: passes(data, 1), "higher"),
    _once("dropout, sixteen passes",
          "In sixteen passes over a sixteenth of the text it lowers the loss at the end.",
          lambda data: passes(data, 16), "lower"),
    _once("average of the weights",
          "At a constant rate, an average over 20 steps is closer to the truth than the last "
          "weights ...",
          lambda data: averaging(data, ("constant", 2), ("constant", 0)), "lower"),
    _once("average against cosine", "... and than the last weights of a cosine of this length.",
          lambda data: averaging(data, ("constant", 2), ("cosine", 0)), "lower"),
    _once("average of a cosine", "With a cosine, averaging adds nothing.",
          lambda data: averaging(data, ("cosine", 1), ("cosine", 0)), "not lower"),
    _once("cosine, halfway", "Halfway, a cosine is no closer to the truth than a constant rate.",
          lambda data: averaging(data, ("cosine", 0), ("constant", 0), at=4), "not lower"),
    _once("label smoothing, 16 epochs",
          "After 16 epochs label smoothing has lowered the excess.", smoothing, "lower"),
    _once("ensemble, 6 epochs", "After 6 epochs four networks are closer to the truth than one ...",
          lambda data: asking(data, 6, ("ensemble", 4), ("ensemble", 1)), "lower"),
    _once("ensemble, 16 epochs", "... and after 16.",
          lambda data: asking(data, 16, ("ensemble", 4), ("ensemble", 1)), "lower"),
    _once("ensemble against MC dropout, 16 epochs",
          "After 16 epochs four networks are closer to the truth than four passes of one.",
          lambda data: asking(data, 16, ("ensemble", 4), ("MC dropout", 4)), "lower"),
    _compared("pretraining", "With 100 own samples, pretraining lowers the loss.",
              lambda data: _tuned(data, 100), (SEEN, TUNED[0]), (0, TUNED[0]), "lower"),
    _compared("the head only, 20 samples",
              "With 20 own samples, training the head only does not raise the loss ...",
              lambda data: _tuned(data, 20), (SEEN, TUNED[1]), (SEEN, TUNED[0]), "not higher",
              ("early-stopped",)),
    _compared("the head only, 400 samples", "... with 400 it does.",
              lambda data: _tuned(data, 400), (SEEN, TUNED[1]), (SEEN, TUNED[0]), "higher",
              ("early-stopped",)),
    _once("mean weights of two networks",
          "The mean of the weights of two networks is further from the truth than they are.",
          merging, "higher"),
    _once("small batches, one pass",
          "In one pass, batches of 10 end closer to the truth than batches of 250 ...",
          lambda data: batches(data, SEEN, 1), "lower"),
    _once("small batches, eight passes", "... and in eight passes.",
          lambda data: batches(data, 1000, 8), "lower"),
]  # fmt: skip
