"""Scoring a fleet after some of its epochs: the same numbers there, and nothing in between."""

import math
import warnings

import numpy as np
import pytest
import torch

from course_utils.comparison import TIMES, looks
from course_utils.fleet import Run, iter_fleet, train_fleet
from course_utils.models import MLP
from tests.lessons import bars

DATA = bars(60)
EPOCHS = 7


class Branching(MLP):
    """It cannot be batched: its code looks at numbers."""

    def forward(self, x):
        return super().forward(x if x.sum() > -math.inf else -x)


def build(kind):
    model = kind(DATA.input_shape, (5,), 4)
    return Run(model, torch.optim.Adam(model.parameters(), lr=1e-2))


@pytest.mark.parametrize("kind", [MLP, Branching])
@pytest.mark.parametrize("asked", [(), [3], range(0, 50, 2), {1, 7}])
def test_scores_are_those_of_every_epoch_and_nan_between(kind, asked) -> None:
    options = {"values": [kind], "seeds": 2, "epochs": EPOCHS, "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        often = train_fleet(build, DATA, **options)
        seldom = train_fleet(build, DATA, score_at=asked, **options)
    scored = [e for e in range(EPOCHS + 1) if e in asked or e in (0, EPOCHS)]
    for name in ("train_loss", "train_acc", "val_loss", "val_acc"):
        expected = np.full_like(getattr(often, name), np.nan)
        expected[..., scored] = getattr(often, name)[..., scored]
        np.testing.assert_array_equal(getattr(seldom, name), expected)
    for one, other in zip(
        often.model(0, 1).parameters(), seldom.model(0, 1).parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_states_come_where_it_is_scored() -> None:
    states = iter_fleet(build, DATA, values=[MLP], seeds=2, epochs=EPOCHS, score_at=[3, 6])
    assert [fleet.epoch for fleet in states] == [0, 3, 6, 7]


@pytest.mark.parametrize("wrong", [3, "3"])
def test_what_holds_no_epochs_is_refused(wrong) -> None:
    with pytest.raises(TypeError, match=r"use for example \[10, 20\]"):
        train_fleet(build, DATA, values=[MLP], epochs=2, score_at=wrong)


@pytest.mark.parametrize("epochs", [0, 1, 6, 13, 30, 80])
def test_a_comparison_scores_all_of_its_budget_and_both_ends(epochs: int) -> None:
    found = looks(epochs)
    assert found[: epochs + 1] == list(range(epochs + 1))
    assert found[-1] == TIMES * epochs
    gaps = np.diff(found)
    assert (gaps <= max(1, epochs // 10)).all()
    assert len(set(found)) == len(found) or epochs == 0
