"""Lesson 08: decay, dropout in one pass and in many, pretraining. `claims.averages` has the rest.

The data are sentences of a made-up language by two authors, in place of the digits and MNIST of the
other lessons. Where a score is called excess, it is the distance from the true probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import nn

from claims.claim import ONCE, TEXTS, Claim, Expectation, author_of
from course_utils.comparison import ENDINGS, Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.data.language import CONTEXT, WORDS
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.next_words import BATCH, excess, text, transformer_run
from course_utils.experiments.pretraining import FEW_BATCH, TUNED, fine_tuning, pretrained
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import SmallTransformer

SAMPLES, SEEDS = 500, 8
LR = 1e-2
STRONG, WEAKER = 2.0, 1.0  # λ
PLAIN, ALL, GROUPS, DROPOUT, RMS = "plain", "all decay", "groups decay", "dropout", "RMSNorm"
SEEN, P = 3_200, 0.4  # the samples of the panel with dropout, and its largest p
READ = 4_000  # samples of the pretraining


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
        build, lambda _, seed: text(SAMPLES, seed, author_of(data)), values=kinds, epochs=6
    )


@cache
def _tuned(data: Dataset) -> Comparison:
    """100 samples, from scratch and from pretraining by the other author."""
    author = author_of(data)
    pretrained(READ, SEEDS, 1 - author)
    return compare(
        lambda amount: fine_tuning(amount, TUNED[0], SEEDS, 1 - author),
        lambda _, seed: text(100, seed, author),
        values=[0, READ],
        epochs=12,
        batch_size=FEW_BATCH,
    )


@cache
def _passes(data: Dataset, count: int) -> Fleet:
    return train_fleet(
        lambda p: transformer_run(dropout=p),
        lambda _, seed: text(SEEN // count, seed, author_of(data)),
        values=[0.0, P],
        epochs=count,
        batch_size=BATCH,
        progress=False,
    )


def passes(data: Dataset, count: int) -> Difference:
    """Validation loss with dropout, minus that without, after `count` passes."""
    without, with_it = _passes(data, count).val_loss[:, :, -1]
    return paired_difference(with_it, without)


def rereading(data: Dataset) -> Difference:
    """Validation loss after sixteen passes over a sixteenth of the text, minus that after one."""
    many, once = (_passes(data, count).val_loss[0, :, -1] for count in (16, 1))
    return paired_difference(many, once)


@cache
def _forgetting(data: Dataset) -> Difference:
    """Excess on the other author's text after fine-tuning, minus that before."""
    author = author_of(data)
    states = pretrained(READ, SEEDS, 1 - author)
    fleet = train_fleet(
        lambda _: fine_tuning(READ, TUNED[0], SEEDS, 1 - author),
        lambda _, seed: text(100, seed, author),
        values=[READ],
        epochs=12,
        batch_size=FEW_BATCH,
        progress=False,
    )
    after = [excess(fleet.model(0, seed), author=1 - author) for seed in range(SEEDS)]
    model, before = transformer_run().model, []
    for weights in states:
        model.load_state_dict(weights)
        before.append(excess(model, author=1 - author))
    return paired_difference(after, before)


def tuning_the_head(data: Dataset) -> Difference:
    """Loss after the last epoch with the head fine-tuned alone, minus that with all weights."""
    author = author_of(data)
    pretrained(READ, SEEDS, 1 - author)
    fleet = train_fleet(
        lambda part: fine_tuning(READ, part, SEEDS, 1 - author),
        lambda _, seed: text(100, seed, author),
        values=TUNED,
        epochs=12,
        batch_size=FEW_BATCH,
        progress=False,
    )
    all_weights, head = fleet.val_loss[:, :, -1]
    return paired_difference(head, all_weights)


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
              "With half the decay, after 24 epochs, decaying everything is better than the split.",
              _regularized, (GROUPS, WEAKER), (ALL, WEAKER), "higher", ("long",)),
    _compared("dropout, 24 epochs", "After 24 epochs dropout lowers the loss ...",
              _regularized, (DROPOUT, 0.0), (PLAIN, 0.0), "lower", ("long",)),
    _compared("dropout, early-stopped", "... with both sides stopped in time it does not.",
              _regularized, (DROPOUT, 0.0), (PLAIN, 0.0), "not lower", ("early-stopped",)),
    _once("dropout, one pass", "In one pass dropout raises the loss.",
          lambda data: passes(data, 1), "higher"),
    _once("dropout, four passes", "In four passes over a quarter of the text it raises it, too.",
          lambda data: passes(data, 4), "higher"),
    _once("sixteen passes",
          "Sixteen passes over a sixteenth of the text end with a higher loss than one pass.",
          rereading, "higher"),
    _once("dropout, sixteen passes",
          "In sixteen passes over a sixteenth of the text it lowers the loss at the end.",
          lambda data: passes(data, 16), "lower"),
    _compared("pretraining", "With 100 own samples, pretraining lowers the loss.",
              _tuned, READ, 0, "lower"),
    _once("the head only",
          "After the last epoch the head alone has overfitted less than all weights.",
          tuning_the_head, "lower"),
    _once("forgetting",
          "After fine-tuning the network is further from the truth of what it had read before.",
          _forgetting, "higher"),
]  # fmt: skip
