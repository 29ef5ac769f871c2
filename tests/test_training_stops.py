"""`fit` stops early, restores the best weights, and gives up when the loss is no number."""

import math

import pytest
import torch
from torch import nn

from course_utils.data import load_dataset
from course_utils.models import MLP
from course_utils.regularizers import early_stopping, l2_penalty
from course_utils.training import (
    DivergedError,
    evaluate,
    fit,
)
from tests.fits import equal, network, sgd, snapshot


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=130, label_noise=0.2)  # batches of 50, 50 and 30


# --- early stopping and the best weights ------------------------------------------------------


def overfitted(data, rule, **options):
    """A run whose best epoch lies before its last."""
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    return model, fit(model, data, optimizer=optimizer, early_stopping=rule, **options)


def never(history):
    return False


def test_stops_after_exactly_patience_epochs(data):
    for patience in (1, 3):
        _, history = overfitted(data, early_stopping(patience), epochs=60)
        assert history.stopped_epoch == history.epochs == history.best_epoch + patience
        assert history.restored_epoch == history.best_epoch


@pytest.mark.parametrize("rule", [never, early_stopping(3)])
def test_the_best_weights_come_back_whether_or_not_the_rule_fired(data, rule):
    model, history = overfitted(data, rule, epochs=25)
    assert 0 < history.best_epoch < history.epochs
    assert (history.stopped_epoch is None) == (rule is never)
    assert history.restored_epoch == history.best_epoch
    val = evaluate(model, data.x_val, data.y_val)
    assert val.loss == min(history.val_loss)
    # The weights are those of that epoch, not an alias of the last ones.
    plain = network()
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.05)
    fit(plain, data, optimizer=optimizer, epochs=history.best_epoch)
    assert equal(snapshot(model), snapshot(plain))


def test_buffers_come_back_too(data):
    torch.manual_seed(0)
    model = MLP(64, (16,), 10, norm_layer=nn.BatchNorm1d)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    history = fit(model, data, optimizer=optimizer, epochs=25, early_stopping=never)
    assert history.best_epoch < history.epochs
    assert model.layers[2].num_batches_tracked == 3 * history.best_epoch
    assert evaluate(model, data.x_val, data.y_val).loss == min(history.val_loss)


def test_the_last_weights_stay_if_asked_to(data):
    model, history = overfitted(data, never, epochs=25, restore_best=False)
    assert history.restored_epoch is None
    assert evaluate(model, data.x_val, data.y_val).loss == history.val_loss[-1]


def test_without_a_rule_nothing_is_restored(data):
    model, history = overfitted(data, None, epochs=25)
    assert (history.stopped_epoch, history.restored_epoch) == (None, None)
    assert evaluate(model, data.x_val, data.y_val).loss == history.val_loss[-1]


def test_the_rule_is_asked_after_every_epoch_with_the_record_so_far(data):
    asked = []

    def rule(history):
        asked.append(history.epochs)
        return history.epochs == 3

    _, history = overfitted(data, rule, epochs=10, restore_best=False)
    assert asked == [0, 1, 2, 3]
    assert history.epochs == history.stopped_epoch == 3


def test_the_best_epoch_may_be_before_training(data):
    model = network()
    before = snapshot(model)
    history = fit(model, data, optimizer=sgd(model, lr=50.0), epochs=2, early_stopping=never)
    assert history.restored_epoch == 0
    assert equal(before, snapshot(model))


# --- divergence -------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_stops_the_run(data):
    model = network()
    with pytest.raises(DivergedError, match=r"loss became (nan|inf) at step \d.*now 1e\+30"):
        fit(model, data, optimizer=sgd(model, lr=1e30), epochs=3)


def test_a_penalty_that_is_no_number_stops_the_run(data):
    model = network()
    with pytest.raises(ValueError, match="got nan from finite weights"):
        fit(model, data, optimizer=sgd(model), epochs=1, penalty=lambda m: math.nan * l2_penalty(m))
