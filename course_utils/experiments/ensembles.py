"""Several networks asked together, or one with dropout left on asked again and again.

On the made-up sentences the true probabilities are known, so that an answer is compared with the
truth itself and not with a label drawn from it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from course_utils.experiments.next_words import (
    BATCH,
    excess_of,
    scored_beginnings,
    text,
    transformer_run,
    truth_of,
)
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.random_streams.streams import stream_seed

METHODS = ("ensemble", "MC dropout", "dropout off")
BINS = 10

Array = NDArray[Any]


@dataclass(eq=False)
class Asked:
    """What was answered about the beginnings that score, so far.

    Attributes:
        answers: by number of epochs, then by method: probabilities [members, seeds, n, words].
            The members of an ensemble are networks that differ in their first weights; those of MC
            dropout are passes of one network, which "dropout off" asks once, in evaluation mode.
    """

    seeds: int
    author: int = 0
    epoch: int = 0  # so many are trained
    answers: dict[int, dict[str, torch.Tensor]] = field(default_factory=dict)

    def together(self, epochs: int, method: str, members: int) -> torch.Tensor:
        """The mean answer of the first `members`, [seeds, n, words]."""
        return self.answers[epochs][method][:members].mean(0)

    def excess(self, epochs: int, method: str, members: int) -> Array:
        """How far that is from the truth, in nats, [seeds]."""
        mean = self.together(epochs, method, members)
        return np.array([excess_of(of_seed.log(), author=self.author) for of_seed in mean])

    def calibration(self, epochs: int, method: str, members: int) -> tuple[Array, Array, Array]:
        """Confidence in the likeliest word and its true probability, both [BINS, seeds], in bins of
        confidence (NaN where there is none), and the expected calibration error, [seeds]."""
        found = [
            reliability(p, truth_of(self.author)) for p in self.together(epochs, method, members)
        ]
        said, true, error = (np.array(part) for part in zip(*found, strict=True))
        return said.T, true.T, error


def reliability(answers: torch.Tensor, truth: torch.Tensor) -> tuple[Array, Array, float]:
    """How sure an answer is, against how likely that word truly is.

    Args:
        answers, truth: probabilities [n, words].

    Returns:
        The mean confidence and the mean true probability in each of `BINS` equal bins of
        confidence, NaN where a bin is empty, and the mean distance of the two over all samples
        (expected calibration error, Guo et al. 2017, with the truth in place of the share that is
        right).
    """
    sure, word = answers.max(1)
    true = truth.gather(1, word[:, None])[:, 0]
    place = (sure * BINS).long().clamp(max=BINS - 1)
    count = torch.bincount(place, minlength=BINS)
    sums = (torch.bincount(place, part.double(), minlength=BINS) for part in (sure, true))
    said, right = (total / count for total in sums)
    error = float(((said - right).abs() * count).nansum() / len(sure))
    return said.numpy(), right.numpy(), error


def ask_together(
    *,
    members: int,
    passes: int,
    p: float = 0.2,
    samples: int = 400,
    epochs: Sequence[int],
    seeds: int = 8,
    author: int = 0,
) -> Iterator[Asked]:
    """Train ensembles, and networks with dropout, and yield the growing `Asked`.

    Args:
        members: networks of one ensemble, trained on the same text from different first weights.
        passes: how often a network with dropout of `p` is asked.
        samples, author: of the training text; each seed has its own.
        epochs: after how many epochs the networks are asked.
    """

    def build(value: tuple[int, float]) -> Run:
        member, share = value
        # The fleet has set the run's seed; from it each member gets first weights of its own.
        torch.manual_seed(stream_seed(f"member {member}", torch.initial_seed()))
        return transformer_run(dropout=share)

    x = scored_beginnings(author)
    values = [(member, 0.0) for member in range(members)] + [(0, p)]
    state = Asked(seeds, author)
    fleets = iter_fleet(
        build, lambda _, seed: text(samples, seed, author), values=values, seeds=seeds,
        epochs=max(epochs), batch_size=BATCH, score_at=epochs,
    )  # fmt: skip
    for fleet in fleets:
        state.epoch = fleet.epoch
        if fleet.epoch in epochs:
            state.answers[fleet.epoch] = {
                "ensemble": torch.stack([_answers(fleet, m, x) for m in range(members)]),
                "MC dropout": torch.stack([_answers(fleet, members, x, t) for t in range(passes)]),
                "dropout off": _answers(fleet, members, x)[None],
            }
        yield state


@torch.no_grad()
def _answers(fleet: Fleet, place: int, x: torch.Tensor, drawn: int | None = None) -> torch.Tensor:
    """Probabilities [seeds, n, words], in evaluation mode or, with a number, of one random pass."""
    found = []
    for seed in range(len(fleet.seeds)):
        model = fleet.model(place, seed)
        with torch.random.fork_rng(devices=[]):
            if drawn is not None:
                torch.manual_seed(stream_seed("stochastic passes", drawn))
            found.append(model.train(drawn is not None)(x).softmax(1))
        model.eval()
    return torch.stack(found)
