"""`fit`: one plain loop, scored honestly."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import RandomShift
from course_utils.data import load_dataset, polynomial
from course_utils.history import History
from course_utils.regularizers import l2_penalty
from course_utils.training import (
    evaluate,
    fit,
    shuffled_batches,
)
from tests.fits import equal, network, sgd, snapshot, watched


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=130, label_noise=0.2)  # batches of 50, 50 and 30


# --- the loop ---------------------------------------------------------------------------------


def by_hand(model, data, optimizer, epochs, batch_size=50, seed=0):
    """The loop that lesson 01 has its readers write."""
    batches = shuffled_batches(data.n_train, batch_size, seed)
    history = History()
    for epoch in range(epochs + 1):
        if epoch > 0:
            model.train()
            for batch in next(batches):
                loss = F.cross_entropy(model(data.x_train[batch]), data.y_train[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        model.eval()
        with torch.no_grad():
            scores = []
            for x, y in ((data.x_train, data.y_train), (data.x_val, data.y_val)):
                logits = model(x)
                accuracy = (logits.argmax(1) == y).sum().item() / len(y)
                scores.append((F.cross_entropy(logits, y).item(), accuracy))
        history.record(*scores)
    return history


OPTIMIZERS = {
    "SGD": (torch.optim.SGD, {}),
    "SGD, momentum": (torch.optim.SGD, {"momentum": 0.9, "dampening": 0.1, "weight_decay": 1e-3}),
    "SGD, Nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "maximize": True}),
    "Adam": (torch.optim.Adam, {}),
    "Adam, decay": (torch.optim.Adam, {"weight_decay": 1e-3, "amsgrad": True}),
    "Adam, tensor": (torch.optim.Adam, {"lr": torch.tensor(0.05)}),
    "Adam, tensors": (torch.optim.Adam, {"betas": (torch.tensor(0.9), torch.tensor(0.99))}),
    "AdamW": (torch.optim.AdamW, {"weight_decay": 0.1}),
    "Adamax": (torch.optim.Adamax, {"weight_decay": 1e-3}),
    "NAdam": (torch.optim.NAdam, {}),
    "RAdam": (torch.optim.RAdam, {}),
    "RMSprop": (torch.optim.RMSprop, {"momentum": 0.9, "centered": True}),
    "Adagrad": (torch.optim.Adagrad, {"lr_decay": 0.01, "weight_decay": 1e-3}),
    "Adadelta": (torch.optim.Adadelta, {"weight_decay": 1e-3}),
}


@pytest.mark.parametrize("norm_layer", [None, nn.BatchNorm1d])
@pytest.mark.parametrize(("kind", "options"), OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_fit_is_the_loop_written_by_hand_bit_for_bit(data, kind, options, norm_layer):
    first, second = network(norm_layer=norm_layer), network(norm_layer=norm_layer)
    mine, theirs = (kind(m.parameters(), **{"lr": 0.05, **options}) for m in (first, second))
    got = fit(first, data, optimizer=mine, epochs=4, seed=3)
    expected = by_hand(second, data, theirs, 4, seed=3)
    assert got == expected
    assert equal(snapshot(first), snapshot(second))
    assert mine.param_groups[0].keys() == theirs.param_groups[0].keys()
    assert mine.param_groups[0].get("foreach") is None


def test_every_sample_comes_once_an_epoch_and_the_last_batch_is_smaller(data):
    model = watched()
    fit(model, data, optimizer=sgd(model), epochs=2)
    batches = model[0].trained_on
    assert [len(b) for b in batches] == [50, 50, 30] * 2
    for epoch in (batches[:3], batches[3:]):
        rows = {tuple(row) for row in torch.cat(epoch).flatten(1).tolist()}
        assert rows == {tuple(row) for row in data.x_train.flatten(1).tolist()}
    assert not torch.equal(batches[0], batches[3])  # a fresh shuffle


def test_it_trains_in_training_mode_whatever_mode_the_model_comes_in(data):
    model = watched().eval()
    fit(model, data, optimizer=sgd(model), epochs=2)
    assert len(model[0].trained_on) == 6
    assert model.training


def test_a_batch_may_be_larger_than_the_data(data):
    model = watched()
    fit(model, data, optimizer=sgd(model), epochs=1, batch_size=1000)
    assert [len(b) for b in model[0].trained_on] == [130]


def test_the_penalty_is_minimized_by_its_gradient(data):
    first, second = network(), network()
    fit(first, data, optimizer=sgd(first), epochs=1, penalty=lambda m: 0.01 * l2_penalty(m))
    batches = next(shuffled_batches(data.n_train, 50, 0))
    for batch in batches:
        loss = F.cross_entropy(second(data.x_train[batch]), data.y_train[batch])
        gradients = torch.autograd.grad(loss, list(second.parameters()))
        with torch.no_grad():
            for p, g in zip(second.parameters(), gradients, strict=True):
                p -= 0.1 * (g + (0.02 * p if p.ndim > 1 else 0.0))
    for p, q in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.allclose(p, q, atol=1e-6)


def test_augmentation_meets_training_batches_and_nothing_else(data):
    model, seen = watched(), []

    def augment(x):
        seen.append(len(x))
        return torch.zeros_like(x)

    history = fit(model, data, optimizer=sgd(model), epochs=1, augment=augment)
    assert seen == [50, 50, 30]
    assert all(not batch.any() for batch in model[0].trained_on)
    scored = [x for training, _, x in model[0].seen if not training]
    assert all(batch.any() for batch in scored)
    assert history.val_loss[1] == evaluate(model, data.x_val, data.y_val).loss


def test_zero_epochs_only_score(data):
    model = network()
    before = snapshot(model)
    history = fit(model, data, optimizer=sgd(model), epochs=0)
    assert history.epochs == 0
    assert equal(before, snapshot(model))


def test_regression(data):
    curve = polynomial(40)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    history = fit(model, curve, optimizer=optimizer, epochs=60, loss_fn=F.mse_loss)
    assert history.train_loss[-1] < history.train_loss[0]
    assert all(map(math.isnan, history.train_acc + history.val_acc))
    assert history.val_loss[-1] < 0.9 * history.val_loss[0]


# --- what is recorded -------------------------------------------------------------------------


def test_entry_0_is_the_untrained_model(data):
    model = network(dropout=0.5)
    train = evaluate(model, data.x_train, data.y_train)
    val = evaluate(model, data.x_val, data.y_val)
    history = fit(model, data, optimizer=sgd(model), epochs=3)
    assert (history.train_loss[0], history.train_acc[0]) == train
    assert (history.val_loss[0], history.val_acc[0]) == val
    assert history.epochs == 3
    assert {len(values) for values in (history.train_loss, history.val_acc)} == {4}


def test_scores_are_clean(data):
    """Without dropout, augmentation and penalty: the same as scoring the final model by hand."""
    model = network(dropout=0.5)
    history = fit(
        model,
        data,
        optimizer=sgd(model),
        epochs=2,
        augment=RandomShift(2),
        penalty=lambda m: 5.0 + l2_penalty(m),
    )
    model.eval()
    with torch.no_grad():
        for x, y, loss, acc in (
            (data.x_train, data.y_train, history.train_loss, history.train_acc),
            (data.x_val, data.y_val, history.val_loss, history.val_acc),
        ):
            logits = model(x)
            assert loss[-1] == pytest.approx(F.cross_entropy(logits, y).item())
            assert acc[-1] == pytest.approx((logits.argmax(1) == y).float().mean().item())


def test_scoring_does_not_move_batch_norm(data):
    first, second = network(norm_layer=nn.BatchNorm1d), network(norm_layer=nn.BatchNorm1d)
    fit(first, data, optimizer=sgd(first, lr=0.0), epochs=1)
    second.train()
    with torch.no_grad():
        for batch in next(shuffled_batches(data.n_train, 50, 0)):
            second(data.x_train[batch])
    assert equal(snapshot(first), snapshot(second))
    assert first.layers[2].num_batches_tracked == 3


# --- batches ----------------------------------------------------------------------------------


def test_shuffled_batches():
    epochs = shuffled_batches(7, 3, seed=1)
    first, second = next(epochs), next(epochs)
    assert [len(b) for b in first] == [3, 3, 1]
    for epoch in (first, second):
        assert sorted(torch.cat(epoch).tolist()) == list(range(7))
    assert not torch.equal(torch.cat(first), torch.cat(second))
    again = next(shuffled_batches(7, 3, seed=1))
    assert torch.equal(torch.cat(first), torch.cat(again))
    assert not torch.equal(torch.cat(first), torch.cat(next(shuffled_batches(7, 3, seed=2))))
    # The order does not depend on how it is cut.
    assert torch.equal(torch.cat(first), next(shuffled_batches(7, 7, seed=1))[0])


def test_a_copy_trains_alike(data):
    first = network(dropout=0.3)
    second = copy.deepcopy(first)
    assert fit(first, data, optimizer=sgd(first), epochs=2) == fit(
        second, data, optimizer=sgd(second), epochs=2
    )
