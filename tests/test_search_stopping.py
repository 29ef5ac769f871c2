"""The weights that early stopping restores, kept by an ablation while it trains."""

from typing import Any

import numpy as np
import pytest
import torch

from course_utils.search import EARLY_STOPPING, Ablation, build_mix
from course_utils.training import evaluate
from tests.lessons import bars

SEEDS = 2


def ablation(**options: Any) -> Ablation:
    data = bars(240, noise=0.4, brightness=0.5)
    settings = {"seeds": SEEDS, "batch_size": 40, **options}
    return Ablation(lambda mix: build_mix(data, mix, hidden=12), data, **settings)


def test_the_networks_that_stopping_restores_are_those_that_were_judged() -> None:
    mix = {"dropout": 0.5, EARLY_STOPPING: 1}
    kept = ablation(epochs=30, patience=1)
    kept.train([mix])
    kept.relabeled(0.0).train([mix])  # another ablation, which keeps its own
    before = torch.get_rng_state()
    scores = [evaluate(kept.stopped(mix, seed), *kept.judged) for seed in range(SEEDS)]
    assert torch.equal(before, torch.get_rng_state())
    assert [score.acc for score in scores] == pytest.approx(kept.accuracy(mix), abs=1e-6)
    assert [score.loss for score in scores] == pytest.approx(kept.loss(mix), abs=1e-5)
    # The patience decides: some run restores another epoch than its best.
    best = np.nanargmin(kept.curves(mix).watched_loss, axis=1)
    assert (kept.chosen_epochs(mix) != best).any()
    with pytest.raises(ValueError, match="of epoch 30 are not remembered, but those of epoch"):
        kept.stopped({"dropout": 0.5}, 0)


def test_weights_that_nobody_asked_to_keep_are_refused() -> None:
    with pytest.raises(ValueError, match=r"but none: .* patience=20"):
        ablation(epochs=2).stopped({EARLY_STOPPING: 1}, 0)
