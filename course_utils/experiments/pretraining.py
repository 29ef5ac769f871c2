"""Networks that have read much text by one author, before they read a little by another."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from course_utils.experiments.next_words import BATCH, DECAY, first, text, transformer_run
from course_utils.fleet import Fleet, Run, iter_fleet, train_fleet

TUNED = ("all weights", "the head only")
#: Learning rates, each the best of a few tried: what is pretrained need not go far.
SCRATCH_LR, TUNING_LR = 1e-2, 2e-3
FEW_BATCH = 20

State = dict[str, Tensor]


@cache
def pretrained(samples: int, seeds: int) -> list[State]:
    """The weights after one pass over `samples` samples by author 0, for each seed."""
    fleet = train_fleet(
        lambda _: transformer_run(), lambda _, seed: text(samples, seed), values=[samples],
        seeds=seeds, epochs=1, batch_size=BATCH, progress=False,
    )  # fmt: skip
    return [fleet.model(0, seed).state_dict() for seed in range(seeds)]


def fine_tuning(samples: int, tuned: str, seeds: int) -> Callable[[], Run]:
    """Makes a run that starts from pretrained weights (none for 0 samples) of the seed at hand."""

    def build() -> Run:
        run = transformer_run(lr=TUNING_LR if samples else SCRATCH_LR)
        if samples:
            run.model.load_state_dict(pretrained(samples, seeds)[torch.initial_seed()])
        if tuned == "the head only" and samples:
            for name, weight in run.model.named_parameters():
                weight.requires_grad_(name.startswith("head"))
            head = [p for p in run.model.parameters() if p.requires_grad]
            run.optimizer = torch.optim.AdamW(head, lr=TUNING_LR, weight_decay=DECAY)
        return run

    return build


def fine_tune(
    amounts: Sequence[int], own: int, tuned: str, *, epochs: int, seeds: int
) -> Iterator[Fleet]:
    """Fine-tune on `own` samples by author 1, from each amount of pretraining.

    Yields the growing `Fleet` over `amounts`; its validation samples are by author 1 as well.
    """
    starts = {amount: fine_tuning(amount, tuned, seeds) for amount in amounts}
    for amount in filter(None, amounts):
        pretrained(amount, seeds)  # before the fleet sets a seed

    def own_text(_: Any, seed: int) -> Any:
        return first(text(max(own, 200), seed, 1), own)

    return iter_fleet(
        lambda amount: starts[amount](), own_text, values=amounts, seeds=seeds, epochs=epochs,
        batch_size=FEW_BATCH,
    )  # fmt: skip
