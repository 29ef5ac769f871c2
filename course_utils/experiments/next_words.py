"""What lesson 08's experiments with sentences share: the text, the network, the score."""

from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.data.language import CONTEXT, WORDS, sentences, truth
from course_utils.fleet import Run
from course_utils.models import SmallTransformer
from course_utils.snapshot import evaluating

#: Held-out beginnings that score a network.
SCORED = 300
LR, DECAY, BATCH = 5e-3, 0.01, 50


@cache
def text(n: int, seed: int, author: int = 0) -> Dataset:
    """`n` training samples, and few to score; with the same seed a smaller n is a part of them."""
    return sentences(n, seed, author=author).limit_validation(SCORED)


def transformer_run(*, lr: float = LR, weight_decay: float = DECAY, **options: Any) -> Run:
    """A `SmallTransformer` for the sentences, with its `options`, and AdamW."""
    model = SmallTransformer(len(WORDS), CONTEXT, **options)
    return Run(model, torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay))


def excess(model: nn.Module, data: Dataset | None = None, *, author: int = 0) -> float:
    """How far a network's probabilities are from the true ones, in nats for each word, on the
    beginnings that score: its cross-entropy minus the lowest that anything can have."""
    with torch.no_grad(), evaluating(model):
        return excess_of(model(_scored(author)[0]).log_softmax(1), author=author)


def excess_of(log_probabilities: Tensor, *, author: int = 0) -> float:
    """The same for log-probabilities [n, words] of those beginnings."""
    _, true, entropy = _scored(author)
    return float(-(true * log_probabilities).sum(1).mean() - entropy)


def lowest_loss(author: int = 0) -> float:
    """The cross-entropy of the true probabilities themselves: what no network gets below."""
    return _scored(author)[2]


def truth_of(author: int = 0) -> Tensor:
    """The true probabilities of the beginnings that score, [n, words]."""
    return _scored(author)[1]


def scored_beginnings(author: int = 0) -> Tensor:
    """The beginnings that score, x [n, 8]."""
    return _scored(author)[0]


@cache
def _scored(author: int) -> tuple[Tensor, Tensor, float]:
    x = text(1, 0, author).x_val
    true = truth(x, author)
    entropy = -torch.special.xlogy(true, true).sum(1).mean()
    return x, true, float(entropy)


def first(data: Dataset, n: int) -> Dataset:
    """The first `n` training samples."""
    x, y = data.x_train[:n], data.y_train[:n]
    return replace(data, x_train=x, y_train=y, y_clean=y)
