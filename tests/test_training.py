"""`fit` and `evaluate`: one plain loop, scored honestly, that leaves the world as it was."""

import copy
import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import RandomShift
from course_utils.data import load_dataset, polynomial
from course_utils.history import History
from course_utils.models import MLP
from course_utils.noise import SeededDraws
from course_utils.regularizers import early_stopping, l2_penalty
from course_utils.scoring import Score, evaluating
from course_utils.shortcuts import all_at_once, is_plain
from course_utils.training import (
    DivergedError,
    evaluate,
    fit,
    shuffled_batches,
    train_epoch,
)


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=130, label_noise=0.2)  # batches of 50, 50 and 30


def network(dropout=None, norm_layer=None, seed=0):
    torch.manual_seed(seed)
    return MLP(64, (16,), 10, dropout=dropout, norm_layer=norm_layer)


def sgd(model, lr=0.1, **options):
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


def snapshot(model):
    return {name: t.clone() for name, t in model.state_dict().items()}


def equal(state, other):
    return all(torch.equal(t, other[name]) for name, t in state.items())


class Spy(nn.Module):
    """Passes x on, and notes every batch with the mode it came in."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, torch.is_grad_enabled(), x.detach().clone()))
        return x

    @property
    def trained_on(self):
        return [x for training, _, x in self.seen if training]


def watched(seed=0):
    model = network(seed=seed)
    return nn.Sequential(Spy(), model)


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


# --- the world stays as it was ----------------------------------------------------------------


def test_a_seed_decides_everything_and_the_global_state_nothing(data):
    def run(seed, world):
        torch.manual_seed(world)
        model = network(dropout=0.5)
        torch.manual_seed(world)
        state = torch.get_rng_state()
        history = fit(
            model,
            data,
            optimizer=sgd(model),
            epochs=2,
            seed=seed,
            augment=RandomShift(1),
            penalty=lambda m: (torch.rand(()) * 0.01) * l2_penalty(m),
        )
        assert torch.equal(torch.get_rng_state(), state)
        return history, snapshot(model)

    (first, weights), (again, same_weights) = run(0, 1), run(0, 2)
    assert first == again
    assert equal(weights, same_weights)
    other, _ = run(1, 1)
    assert other != first
    assert other.val_loss[0] == first.val_loss[0]  # the start is the caller's


def test_python_and_numpy_states_are_left_alone(data):
    random.seed(0)
    numpy_state, python_state = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    model = network(dropout=0.5)
    fit(model, data, optimizer=sgd(model), epochs=1)
    assert random.getstate() == python_state
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002


def test_the_test_set_stays_sealed(data):
    model = network()
    fit(model, data, optimizer=sgd(model), epochs=1)
    assert data.test.opened_at is None


def test_dropout_meets_the_streams_draws(data):
    """A run alone draws what the fleet hands out: one stream for each seed."""
    model, masks = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), Spy(), nn.Linear(64, 10)), []
    fit(model, data, optimizer=sgd(model), epochs=1, seed=7)
    with SeededDraws(7):
        for batch in next(shuffled_batches(data.n_train, 50, 7)):
            masks.append(F.dropout(data.x_train[batch].flatten(1), 0.5))
    assert all(torch.equal(a, b) for a, b in zip(model[2].trained_on, masks, strict=True))


class NoisyLinear(nn.Linear):
    def forward(self, x):
        return super().forward(x) + 0.1 * torch.randn(self.out_features)


def hooked(model):
    model.layers[-1].register_forward_hook(lambda m, given, made: made + 0.1 * torch.rand(10))


def prepared(model):
    model.register_forward_pre_hook(lambda m, given: (given[0] + 0.1 * torch.rand(8),))


def replaced(model):
    forward = model.forward
    model.forward = lambda x: forward(x + 0.1 * torch.rand(1))


def swapped(model):
    model.layers[-1] = NoisyLinear(16, 10)


def noisy_loss(outputs, y):
    return F.cross_entropy(outputs + 0.1 * torch.randn(10), y)


DRAWS = {
    "a layer": (swapped, {}),
    "a hook": (hooked, {}),
    "a hook before": (prepared, {}),
    "another forward": (replaced, {}),
    "an augmentation": (lambda model: None, {"augment": lambda x: x + 0.1 * torch.rand(1)}),
    "a penalty": (
        lambda model: None,
        {"penalty": lambda m: 0.01 * torch.rand(()) * l2_penalty(m)},
    ),
    "a loss": (lambda model: None, {"loss_fn": noisy_loss}),
}


@pytest.mark.parametrize(("change", "options"), DRAWS.values(), ids=DRAWS.keys())
def test_wherever_a_run_draws_the_seed_decides(data, change, options):
    def run(world):
        model = network()
        change(model)
        torch.manual_seed(world)
        fit(model, data, optimizer=sgd(model), epochs=1, **options)
        return snapshot(model)

    assert equal(run(1), run(2))


@pytest.mark.parametrize("norm_layer", [None, nn.BatchNorm1d])
def test_a_plain_network_is_known_to_draw_nothing(norm_layer):
    assert is_plain(network(norm_layer=norm_layer))
    assert not is_plain(network(dropout=0.5, norm_layer=norm_layer))


CHOSEN = [{"foreach": False}, {"foreach": True}, {"fused": True}, {"differentiable": True}]


@pytest.mark.parametrize("options", CHOSEN, ids=str)
def test_how_an_optimizer_was_told_to_step_is_left_alone(options):
    optimizer = sgd(network(), **options)
    before = copy.deepcopy(optimizer.state_dict())
    with all_at_once(optimizer):
        assert optimizer.state_dict() == before


def test_on_other_devices_the_choice_is_left_to_pytorch():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(3, device="meta"))], lr=0.1)
    with all_at_once(optimizer):
        assert optimizer.param_groups[0]["foreach"] is None


def test_an_undecided_optimizer_is_undecided_again_after_an_error(data):
    model = network()
    optimizer = sgd(model)
    seen = []

    def loss_that_stops(logits, y):
        seen.append(optimizer.param_groups[0]["foreach"])
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        train_epoch(model, data, [torch.arange(9)], optimizer=optimizer, loss_fn=loss_that_stops)
    assert seen == [True]
    assert optimizer.param_groups[0]["foreach"] is None


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


# --- evaluate ---------------------------------------------------------------------------------


class Given(nn.Module):
    """Its input is its output, times a weight of 1."""

    def __init__(self):
        super().__init__()
        self.one = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.one * x


def test_evaluate_on_numbers_worked_out_by_hand():
    logits = torch.tensor([[0.0, 0.0], [math.log(3.0), 0.0], [0.0, math.log(3.0)]])
    score = evaluate(Given(), logits, torch.tensor([0, 0, 0]))
    # Chances of class 0: 1/2, 3/4, 1/4; a tie goes to the first class.
    assert score.loss == pytest.approx((math.log(2) + math.log(4 / 3) + math.log(4)) / 3)
    assert score.acc == pytest.approx(2 / 3)
    assert isinstance(score, Score)


@pytest.mark.parametrize("n", [1, 999, 1000, 1001, 2500])
def test_means_are_per_sample_whatever_the_chunks(n):
    generator = torch.Generator().manual_seed(0)
    logits = (
        torch.randn(n, 3, generator=generator) + torch.linspace(0, 3, n)[:, None] * torch.eye(3)[0]
    )
    y = torch.randint(3, (n,), generator=generator)
    score = evaluate(Given(), logits, y)
    assert score.loss == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
    assert score.acc == pytest.approx((logits.argmax(1) == y).float().mean().item())


def test_evaluate_on_a_regression():
    x = torch.tensor([1.0, 2.0, 4.0])
    score = evaluate(Given(), x, torch.tensor([1.0, 1.0, 1.0]), loss_fn=F.mse_loss)
    assert score.loss == pytest.approx((0 + 1 + 9) / 3)
    assert math.isnan(score.acc)


def test_evaluate_leaves_the_model_as_it_was(data):
    model = network(dropout=0.5, norm_layer=nn.BatchNorm1d)
    model.layers[2].eval()  # one submodule is frozen
    F.cross_entropy(model(data.x_train), data.y_train).backward()
    modes = [m.training for m in model.modules()]
    assert True in modes
    assert False in modes
    state, gradients = snapshot(model), [p.grad.clone() for p in model.parameters()]
    world = torch.get_rng_state()
    first = evaluate(model, data.x_val, data.y_val)
    assert torch.equal(torch.get_rng_state(), world)
    assert [m.training for m in model.modules()] == modes
    assert equal(state, snapshot(model))
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True))
    assert evaluate(model, data.x_val, data.y_val) == first


def test_evaluate_keeps_the_world_even_of_a_model_that_draws_in_evaluation(data):
    class Noisy(nn.Module):
        def forward(self, x):
            return x.flatten(1)[:, :10] + torch.rand(10)

    world = torch.get_rng_state()
    evaluate(Noisy(), data.x_val, data.y_val)
    assert torch.equal(torch.get_rng_state(), world)


def test_evaluate_scores_in_evaluation_mode_without_gradients(data):
    model = watched()
    evaluate(model, data.x_val, data.y_val)
    assert [(training, grad) for training, grad, _ in model[0].seen] == [(False, False)]


def test_modes_come_back_after_an_error(data):
    model = network(dropout=0.5)
    with pytest.raises(RuntimeError, match="shapes"):
        evaluate(model, data.x_val[:, :, :4], data.y_val)
    assert all(m.training for m in model.modules())
    model.layers[1].eval()
    with evaluating(model):
        assert not any(m.training for m in model.modules())
    assert not model.layers[1].training
    assert model.layers[3].training


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
