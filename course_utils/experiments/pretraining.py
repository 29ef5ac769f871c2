"""Networks that have read much text by one author, before they read a little by another."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.experiments.next_words import BATCH, DECAY, LR, text, transformer_run
from course_utils.fleet import Fleet, Run, iter_fleet, train_fleet

TUNED = ("all weights", "the head only")
#: What is pretrained need not go far.
SCRATCH_LR, TUNING_LR = 1e-2, 2e-3
FEW_BATCH = 20

State = dict[str, Tensor]


class Along:
    """The weights of a model after some of the steps of its training."""

    def __init__(self, model: nn.Module, steps: Sequence[int]) -> None:
        self._own, self._steps = dict(model.named_parameters()), set(steps)
        self.kept: dict[int, State] = {}
        self._step = 0

    def update(self, *_: Any) -> None:
        """To be called after every step."""
        self._step += 1
        if self._step in self._steps:
            self.kept[self._step] = {name: p.detach().clone() for name, p in self._own.items()}


@cache
def read_along(amounts: tuple[int, ...], seeds: int, author: int) -> dict[int, list[State]]:
    """The weights after so many samples of one pass over the largest of `amounts`, by `author`:
    for each amount, in whole batches, those of every seed."""
    steps = {amount: -(-amount // BATCH) for amount in amounts}
    found: dict[int, Along] = {}

    def build(_: int) -> Run:
        run = transformer_run()
        # With hooks each network steps by itself, which the fused step does several times faster.
        run.optimizer = torch.optim.AdamW(
            run.model.parameters(), lr=LR, weight_decay=DECAY, fused=True
        )
        found[torch.initial_seed()] = along = Along(run.model, [*steps.values()])
        run.optimizer.register_step_post_hook(along.update)
        return run

    train_fleet(
        build, lambda _, seed: text(max(amounts), seed, author), values=[max(amounts)],
        seeds=seeds, epochs=1, batch_size=BATCH, progress=False,
    )  # fmt: skip
    return {n: [found[seed].kept[step] for seed in range(seeds)] for n, step in steps.items()}


def pretrained(samples: int, seeds: int, author: int = 0) -> list[State]:
    """The weights after one pass over `samples` samples by `author`, for each seed."""
    return read_along((samples,), seeds, author)[samples]


def fine_tuning(
    samples: int, tuned: str, seeds: int, author: int = 0, *,
    read: Mapping[int, Sequence[State]] | None = None,
) -> Run:  # fmt: skip
    """A run that starts from the pretrained weights of the seed at hand; from random ones, at the
    rate that suits them, for 0 samples. `read` holds weights by samples, where they are known."""
    run = transformer_run(lr=TUNING_LR if samples else SCRATCH_LR)
    if samples:
        weights = read[samples] if read is not None else pretrained(samples, seeds, author)
        run.model.load_state_dict(weights[torch.initial_seed()])
    if samples and tuned == "the head only":
        for name, weight in run.model.named_parameters():
            weight.requires_grad_(name.startswith("head"))
        head = [weight for weight in run.model.parameters() if weight.requires_grad]
        run.optimizer = torch.optim.AdamW(head, lr=TUNING_LR, weight_decay=DECAY)
    return run


def fine_tune(
    amounts: Sequence[int], own: int, tuned: str, *, epochs: int, seeds: int = 8
) -> Iterator[Fleet]:
    """Fine-tune on `own` samples by author 1, from each amount of pretraining.

    Yields the growing `Fleet` over `amounts`; its validation samples are by author 1 as well.
    """
    read = read_along(tuple(filter(None, amounts)), seeds, 0)  # before the fleet sets a seed
    return iter_fleet(
        lambda amount: fine_tuning(amount, tuned, seeds, read=read),
        lambda _, seed: text(own, seed, 1),
        values=amounts, seeds=seeds, epochs=epochs, batch_size=FEW_BATCH,
    )  # fmt: skip
