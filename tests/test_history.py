"""What a run recorded: entry 0 is before training, and the best epoch is one that exists."""

import math

import pytest

from course_utils.history import History

nan = math.nan


def recorded(val_loss, train_loss=None):
    history = History()
    for train, val in zip(train_loss or val_loss, val_loss, strict=True):
        history.record((train, 0.25), (val, 0.75))
    return history


def test_record_appends_loss_and_accuracy_of_both_sets():
    history = recorded([2.0, 1.5], [2.5, 1.0])
    assert history.train_loss == [2.5, 1.0]
    assert history.val_loss == [2.0, 1.5]
    assert history.train_acc == [0.25, 0.25]
    assert history.val_acc == [0.75, 0.75]


def test_epochs_counts_training_not_entries():
    assert recorded([2.0]).epochs == 0
    assert recorded([2.0, 1.0, 1.5]).epochs == 2


@pytest.mark.parametrize(
    ("val_loss", "best"),
    [
        ([3.0, 2.0, 1.0], 2),
        ([1.0, 2.0, 3.0], 0),
        ([3.0, 1.0, 1.0, 1.0], 1),  # the first on ties
        ([nan, 2.0, nan, 1.0, nan], 3),  # never a NaN
        ([2.0, nan], 0),
        ([math.inf, 5.0], 1),
        ([-1.0, -3.0, -2.0], 1),
    ],
)
def test_best_epoch(val_loss, best):
    assert recorded(val_loss).best_epoch == best


@pytest.mark.parametrize("val_loss", [[], [nan], [nan, nan]])
def test_without_a_number_there_is_no_best_epoch(val_loss):
    with pytest.raises(ValueError, match=r"needs a validation loss that is a number, got \["):
        _ = recorded(val_loss).best_epoch


def test_generalization_gap_is_validation_minus_training():
    assert recorded([2.0, 1.5], [2.0, 0.5]).generalization_gap == [0.0, 1.0]


def test_two_histories_share_no_list():
    first, second = History(), History()
    first.record((1.0, 1.0), (1.0, 1.0))
    assert second.val_loss == []
