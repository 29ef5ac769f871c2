"""Mistakes that beginners make, and the words that they read: value, rule and remedy."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Run, train_fleet
from course_utils.models import MLP
from course_utils.regularizers import early_stopping, l2_penalty
from course_utils.training import evaluate, fit
from tests.fleets import DATA, mlp, plain, running, sgd, train

pytestmark = pytest.mark.usefixtures("float64")


def fitted(model=None, **options):
    model = mlp() if model is None else model
    return fit(model, DATA, optimizer=sgd(model), epochs=1, **options)


def said(call, *parts):
    """Each of `parts` stands in the error of `call`, as lines of text."""
    with pytest.raises((ValueError, TypeError, IndexError)) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


# --- arguments of fit ---------------------------------------------------------------------------

PARTS = {
    "a strength": ({"penalty": 0.1}, "penalty must be called as penalty(model), got 0.1"),
    "a value": ({"penalty": l2_penalty(mlp())}, "got a tensor of shape ()"),
    "a class": ({"penalty": nn.L1Loss}, "got the class L1Loss"),
    "a name": ({"augment": "flip"}, "augment must be called as augment(x), got 'flip'"),
    "a list": ({"augment": [torch.flip]}, "augment must be called as augment(x)"),
    "a number": ({"early_stopping": 3}, "early_stopping must be called as"),
}


@pytest.mark.parametrize(("options", "words"), PARTS.values(), ids=PARTS.keys())
def test_what_is_no_function(options, words):
    said(lambda: fitted(**options), words, "use for example")
    if "early_stopping" not in options:
        said(lambda: train(running(mlp, **options), [0]), words, "use for example")


RULES = {
    "an array": lambda history: np.array([True, False]),
    "a word": lambda history: "no",
    "another rule": lambda history: early_stopping(5),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_rules_that_decide_nothing(rule):
    said(lambda: fitted(early_stopping=rule), "must return True or False", "patience=5")


@pytest.mark.parametrize("answer", [np.bool_(True), torch.tensor(True), 1])
def test_rules_that_stop(answer):
    assert fitted(early_stopping=lambda history: answer).stopped_epoch == 0


def test_a_rule_without_its_patience():
    said(lambda: fitted(early_stopping=early_stopping), "given its patience first", "patience=5")


# --- penalties and optimizers that train something else -----------------------------------------

ANOTHER = MLP(16, (8,), 3).double()
OTHER_WEIGHTS = {
    "a copy": lambda model: l2_penalty(copy.deepcopy(model)),
    "another model": lambda model: l2_penalty(ANOTHER),
}


@pytest.mark.parametrize("penalty", OTHER_WEIGHTS.values(), ids=OTHER_WEIGHTS.keys())
def test_a_penalty_on_other_weights_is_refused(penalty):
    words = "must depend on the weights of the model", "trains as λ = 0"
    said(lambda: fitted(penalty=penalty), *words)
    said(lambda: train(running(mlp, penalty=penalty), [0]), *words)


def test_a_penalty_on_whatever_the_optimizer_trains_is_none_on_other_weights():
    model, scale = mlp(), nn.Parameter(torch.tensor(2.0))
    fit(
        model,
        DATA,
        optimizer=torch.optim.SGD([*model.parameters(), scale], lr=0.1),
        epochs=2,
        penalty=lambda m: 0.5 * (scale - 1).square(),
        augment=lambda x: x * scale,
    )
    assert scale < 1.9


def replaced(train_head_alone=False):
    """A model with a new last layer, and an optimizer that was built before."""
    model = mlp()
    if train_head_alone:
        model.requires_grad_(False)
    optimizer = sgd(model)
    model.layers[-1] = nn.Linear(8, 3)
    return Run(model, optimizer)


def test_a_layer_that_was_replaced_after_the_optimizer_was_built():
    words = "one without layers.3.weight", "a layer was replaced", "Build the optimizer last"
    run = replaced()
    said(lambda: fit(run.model, DATA, optimizer=run.optimizer, epochs=1), *words)
    said(lambda: train(lambda value: replaced(), [0]), *words)


def test_an_optimizer_may_leave_out_layers():
    model = mlp()
    fit(model, DATA, optimizer=sgd(model.layers[-1]), epochs=1)


# --- losses and labels --------------------------------------------------------------------------


@pytest.mark.parametrize("loss_fn", [F.nll_loss, nn.NLLLoss()])
def test_logits_are_no_logarithms_of_probabilities(loss_fn):
    words = "needs logarithms of probabilities", "use loss_fn=F.cross_entropy"
    said(lambda: fitted(loss_fn=loss_fn), *words)
    said(lambda: train(plain, [0], loss_fn=loss_fn), *words)
    said(lambda: evaluate(mlp(), DATA.x_val, DATA.y_val, loss_fn=loss_fn), *words)
    model = nn.Sequential(mlp(), nn.LogSoftmax(1))
    as_usual = evaluate(model[0], DATA.x_val, DATA.y_val)
    assert evaluate(model, DATA.x_val, DATA.y_val, loss_fn=loss_fn) == pytest.approx(as_usual)


def test_a_loss_that_takes_the_targets_first():
    def swapped(y, outputs):
        return F.cross_entropy(outputs, y)

    words = "loss_fn must be called as loss_fn(outputs, targets)", "exchange its arguments"
    said(lambda: fitted(loss_fn=swapped), *words)
    said(lambda: train(plain, [0], loss_fn=swapped), *words)


LABELS = {
    "from 1": (lambda y: y + 1, "labels must be in 0 .. 2 for a model of 3 outputs, got 3"),
    "below 0": (lambda y: y - 1, "labels must be in 0 .. 2 for a model of 3 outputs, got -1"),
    "one-hot": (lambda y: F.one_hot(y, 3), "y.argmax(1) for one-hot labels"),
    "a column": (lambda y: y[:, None], "use y.squeeze(1) for a column"),
    "short integers": (lambda y: y.int(), "must be torch.int64, got torch.int32; use y.long()"),
    "truth values": (lambda y: y > 0, "must be torch.int64, got torch.bool; use y.long()"),
}


@pytest.mark.parametrize(("make", "words"), LABELS.values(), ids=LABELS.keys())
def test_labels_that_cannot_be_scored(make, words):
    said(lambda: evaluate(mlp(), DATA.x_val, make(DATA.y_val)), words)


def test_labels_of_which_some_are_below_0_are_counted_right():
    y = torch.arange(30) % 3 - 1
    said(
        lambda: Dataset.from_tensors(torch.rand(30, 2), y), "number the 3 classes from 0", "got -1"
    )


# --- models -------------------------------------------------------------------------------------


class LosesRows(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(32, 3)

    def forward(self, x):
        return self.linear(x.reshape(-1, 32))


def test_models_that_are_none():
    said(lambda: evaluate(MLP, DATA.x_val, DATA.y_val), "model must be an nn.Module", "class MLP")
    said(lambda: train(lambda _: Run(sgd(mlp()), mlp()), [0]), "model must be an nn.Module")


def test_a_model_that_loses_rows():
    said(lambda: fitted(LosesRows()), "returned shape (14, 3) for 28 samples")


# --- what a fleet is asked for ------------------------------------------------------------------


def test_places_in_a_fleet():
    fleet = train_fleet(plain, DATA, values=[0.1, 0.5], seeds=2, epochs=1, progress=False)
    for ask in (fleet.model, fleet.history, fleet.val_outputs):
        said(lambda a=ask: a(2, 0), "value_index must be a whole number in 0 .. 1, got 2")
        said(lambda a=ask: a(0, 5), "seed_index must be a whole number in 0 .. 1, got 5")
        said(lambda a=ask: a(0.5, 0), "got 0.5; it is a place in fleet.values")
    assert fleet.model(-1, -1) is fleet.model(1, 1)
    assert fleet.history(-1, 0) == fleet.history(1, 0)
