"""Networks that have read much text by one author, before they read a little by another."""

from collections.abc import Iterator, Sequence
from functools import cache

import torch
from torch import Tensor

from course_utils.experiments.next_words import BATCH, DECAY, text, transformer_run
from course_utils.fleet import Fleet, Run, iter_fleet, train_fleet

TUNED = ("all weights", "the head only")
#: What is pretrained need not go far.
SCRATCH_LR, TUNING_LR = 1e-2, 2e-3
FEW_BATCH = 20

State = dict[str, Tensor]


@cache
def pretrained(samples: int, seeds: int, author: int = 0) -> list[State]:
    """The weights after one pass over `samples` samples by `author`, for each seed."""
    fleet = train_fleet(
        lambda _: transformer_run(), lambda _, seed: text(samples, seed, author),
        values=[samples], seeds=seeds, epochs=1, batch_size=BATCH, progress=False,
    )  # fmt: skip
    return [fleet.model(0, seed).state_dict() for seed in range(seeds)]


def fine_tuning(samples: int, tuned: str, seeds: int, author: int = 0) -> Run:
    """A run that starts from the pretrained weights of the seed at hand; from random ones, at the
    rate that suits them, for 0 samples."""
    run = transformer_run(lr=TUNING_LR if samples else SCRATCH_LR)
    if samples:
        run.model.load_state_dict(pretrained(samples, seeds, author)[torch.initial_seed()])
    if samples and tuned == "the head only":
        for name, weight in run.model.named_parameters():
            weight.requires_grad_(name.startswith("head"))
        head = [weight for weight in run.model.parameters() if weight.requires_grad]
        run.optimizer = torch.optim.AdamW(head, lr=TUNING_LR, weight_decay=DECAY)
    return run


def fine_tune(
    amounts: Sequence[int], own: int, tuned: str, *, epochs: int, seeds: int
) -> Iterator[Fleet]:
    """Fine-tune on `own` samples by author 1, from each amount of pretraining.

    Yields the growing `Fleet` over `amounts`; its validation samples are by author 1 as well.
    """
    for amount in filter(None, amounts):
        pretrained(amount, seeds)  # before the fleet sets a seed
    return iter_fleet(
        lambda amount: fine_tuning(amount, tuned, seeds), lambda _, seed: text(own, seed, 1),
        values=amounts, seeds=seeds, epochs=epochs, batch_size=FEW_BATCH,
    )  # fmt: skip
