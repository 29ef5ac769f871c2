"""What a run refuses, each check by itself: the value, the rule and the remedy."""

import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import Dataset, SealedTestSet, load_dataset, polynomial
from course_utils.models import MLP
from course_utils.refusals import (
    check_loss,
    check_optimizer,
    check_reaches,
    check_run,
    checked_loss,
    checked_outputs,
    checked_penalty,
    checked_seed,
    checked_seeds,
    lr_now,
)
from course_utils.regularizers import BatchNorm1d, l1_penalty, l2_penalty


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=60)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MLP(64, (8,), 10)


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr)


def refuses(call, *parts, error=ValueError):
    """`call` raises `error`, whose message has every one of `parts`."""
    with pytest.raises(error) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [2.0, 2.5, True, "5", None, np.float64(3), [5], np.array([5])])
def test_epochs_and_batch_size_that_are_no_whole_numbers(model, data, value):
    run = partial(check_run, model, data, sgd(model))
    got = f"must be a whole number, got {value!r}"
    refuses(lambda: run(epochs=value, batch_size=50), f"epochs {got}", "0 only scores")
    refuses(lambda: run(epochs=1, batch_size=value), f"batch_size {got}", "try 50")


@pytest.mark.parametrize("number", [int, np.int64, np.uint8, np.array, torch.tensor])
def test_whole_numbers_of_any_library(model, data, number):
    settings = check_run(model, data, sgd(model), epochs=number(5), batch_size=number(20))
    assert settings == (5, 20)
    assert [type(setting) for setting in settings] == [int, int]


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        (3, [0, 1, 2]),
        (np.int64(2), [0, 1]),
        (torch.tensor(2), [0, 1]),
        ([4, 2], [4, 2]),
        ((7,), [7]),
        (range(2, 5), [2, 3, 4]),
        (np.array([5, 6]), [5, 6]),
        (np.array([5]), [5]),
        (torch.tensor([5]), [5]),
        (iter([1, 2]), [1, 2]),
    ],
)
def test_seeds_by_their_number_or_by_name(seeds, expected):
    chosen = checked_seeds(seeds)
    assert chosen == expected
    assert all(type(seed) is int for seed in chosen)


@pytest.mark.parametrize("seeds", [True, 2.0, "8", b"8", None, np.float64(2), np.array(2.0)])
def test_seeds_that_are_neither(seeds):
    refuses(lambda: checked_seeds(seeds), "how many (a whole number) or which", repr(seeds), "8")


@pytest.mark.parametrize("seed", [True, 1.0, "1", None])
def test_a_seed_that_is_no_whole_number(seed):
    refuses(lambda: checked_seed(seed), "seed must be a whole number", repr(seed), "seed=0")
    refuses(lambda: checked_seeds([0, seed]), "seed must be a whole number", repr(seed))
    assert checked_seed(np.int64(3)) == 3


def test_seeds_that_are_too_few_or_repeat():
    refuses(lambda: checked_seeds(np.int64(0)), "seeds must be at least 1, got 0", "8 show")
    refuses(lambda: checked_seeds([]), "at least one seed, got none", "8 show")
    refuses(lambda: checked_seeds([1, np.int64(1)]), "must differ from each other, got [1, 1]")


# --- models -----------------------------------------------------------------------------------


def test_a_model_that_is_none(model, data):
    run = partial(check_run, data=data, optimizer=sgd(model), epochs=1, batch_size=50)
    refuses(lambda: run(MLP), "nn.Module, got the class MLP", "MLP(64", error=TypeError)
    refuses(lambda: run(model.forward), "nn.Module, got <bound method", error=TypeError)


def test_a_model_on_two_devices(data):
    torn = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, 10, device="meta"))
    refuses(
        lambda: check_run(torn, data, sgd(torn), epochs=1, batch_size=50),
        "on one device, got cpu and meta",
        "model.to('cpu')",
    )


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_training_without_gradients(model, data, context):
    with context():
        refuses(
            lambda: check_run(model, data, sgd(model), epochs=1, batch_size=50),
            "training needs gradients",
            "torch.no_grad()",
        )
        assert check_run(model, data, sgd(model), epochs=0, batch_size=50) == (0, 50)


class Frozen(nn.BatchNorm1d):
    """A batch norm that keeps its statistics, as fine-tuning wants it."""

    def train(self, mode=True):
        return super().train(False)


def flat(norm):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), norm(8), nn.Linear(8, 10))


def convolutional(norm, pool):
    layers = (nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(pool), norm(4))
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(10))


def trains_on_one(model, data):
    model.train()(data.x_train[:1])


@pytest.mark.parametrize(
    "make",
    [
        lambda: flat(nn.BatchNorm1d),
        lambda: flat(BatchNorm1d),
        lambda: flat(nn.SyncBatchNorm),
        lambda: flat(partial(nn.BatchNorm1d, track_running_stats=False)),
        lambda: MLP(64, (8,), 10, norm_layer=nn.BatchNorm1d),
        lambda: convolutional(nn.BatchNorm2d, 1),
        lambda: convolutional(lambda width: nn.LazyBatchNorm2d(), 1),
    ],
)
@pytest.mark.parametrize(
    ("n", "batch_size", "remedy"),
    [
        (21, 10, "batch_size=11"),
        (21, 20, "batch_size=21"),
        (3, 1, "batch_size=3"),
        (10, 3, "batch_size=4"),
        (1, 50, "at least 2 training samples"),
    ],
)
def test_a_last_batch_of_one_with_batch_norm(make, n, batch_size, remedy):
    data, model = load_dataset("digits", n_train=n), make()
    refuses(
        lambda: check_run(model, data, sgd(model), epochs=1, batch_size=batch_size),
        "must have at least 2 samples",
        f"{n} training samples in batches of {batch_size}",
        remedy,
    )
    if remedy.startswith("batch_size"):
        better = int(remedy.removeprefix("batch_size="))
        check_run(model, data, sgd(model), epochs=1, batch_size=better)
    check_run(model, data, sgd(model), epochs=0, batch_size=batch_size)


@pytest.mark.parametrize(
    "make",
    [
        lambda: flat(nn.LayerNorm),
        lambda: flat(Frozen),
        lambda: convolutional(nn.BatchNorm2d, 2),
        lambda: convolutional(nn.InstanceNorm2d, 2),
    ],
)
def test_layers_that_train_on_one_sample(make):
    data, model = load_dataset("digits", n_train=21), make()
    check_run(model, data, sgd(model), epochs=1, batch_size=20)
    trains_on_one(model, data)


def test_looking_for_batch_norm_changes_nothing():
    data = load_dataset("digits", n_train=21)
    data.x_train.requires_grad_()
    model = nn.Sequential(nn.ReLU(inplace=True), convolutional(nn.BatchNorm2d, 2), nn.Dropout())
    model.eval()[1][2].train()
    model(data.x_train[:2].detach())  # makes the lazy layer
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes, x = [module.training for module in model.modules()], data.x_train.detach().clone()
    state = torch.get_rng_state()
    check_run(model, data, sgd(model), epochs=1, batch_size=20)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(data.x_train, x)
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module._forward_pre_hooks for module in model.modules())


# --- optimizers -------------------------------------------------------------------------------


class ByHand:
    """Gradient descent as a lesson would write it."""

    def __init__(self, params, lr=0.1):
        self.params, self.lr = list(params), lr

    def step(self):
        with torch.no_grad():
            for p in self.params:
                p -= self.lr * p.grad

    def zero_grad(self):
        for p in self.params:
            p.grad = None


class Searching(torch.optim.SGD):
    """An optimizer of the learner's own that must be able to compute the loss again."""

    def step(self, closure):
        return super().step(closure)


def test_optimizers_that_can_train(model):
    for make in (torch.optim.SGD, torch.optim.Adam, torch.optim.Rprop, ByHand):
        check_optimizer(make(model.parameters(), lr=0.1), model)


def test_optimizers_with_a_learning_rate_schedule(model):
    for make in (torch.optim.SGD, torch.optim.Adam):
        optimizer = make(model.parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        optimizer.register_step_post_hook(lambda *_, schedule=schedule: schedule.step())
        check_optimizer(optimizer, model)


def test_optimizers_of_another_model(model):
    other = MLP(64, (8,), 10)
    refuses(lambda: check_optimizer(sgd(other), model), "none of this model's parameters", "SGD(")


def test_an_optimizer_that_needs_a_closure(model):
    for make in (torch.optim.LBFGS, partial(Searching, lr=0.1)):
        optimizer = make(model.parameters())
        torch.optim.lr_scheduler.StepLR(optimizer, 1)  # hides step(), and changes nothing here
        refuses(
            lambda o=optimizer: check_optimizer(o, model),
            "optimizer.step() must work without arguments",
            f"{type(optimizer).__name__}, whose step() needs closure",
            "torch.optim.SGD or torch.optim.Adam",
            error=TypeError,
        )


def test_the_class_of_an_optimizer(model):
    for given in (torch.optim.SGD, ByHand):
        refuses(
            lambda g=given: check_optimizer(g, model),
            f"got the class {given.__name__}",
            f"write {given.__name__}(model.parameters(), lr=0.1)",
            error=TypeError,
        )


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (lambda model: lambda: None, "without step()"),
        (lambda model: sgd, "without step()"),
        (lambda model: partial(torch.optim.SGD, lr=0.1), "without step()"),
        (lambda model: sgd(model).step, "without step()"),
        (lambda model: "sgd", "'sgd' without step()"),
        (lambda model: None, "None without step()"),
        (lambda model: torch.optim.lr_scheduler.StepLR(sgd(model), 1), "without zero_grad()"),
    ],
)
def test_what_is_no_optimizer(model, make, missing):
    refuses(
        lambda: check_optimizer(make(model), model),
        "optimizer must have step() and zero_grad()",
        missing,
        "torch.optim.SGD(model.parameters()",
        error=TypeError,
    )


def test_the_learning_rate_in_words(model):
    assert lr_now(sgd(model, lr=0.25)) == " (now 0.25)"
    assert lr_now(ByHand(model.parameters())) == ""


# --- losses and their targets -----------------------------------------------------------------

CROSS_ENTROPIES = [
    F.cross_entropy,
    nn.CrossEntropyLoss(),
    nn.CrossEntropyLoss(label_smoothing=0.1).forward,
    partial(F.cross_entropy, label_smoothing=0.1),
    partial(partial(F.cross_entropy, reduction="sum"), label_smoothing=0.1),
]
REGRESSIONS = [F.mse_loss, nn.MSELoss(), F.l1_loss, nn.L1Loss(), F.smooth_l1_loss]
REGRESSIONS += [nn.SmoothL1Loss(), nn.HuberLoss(), partial(F.huber_loss, delta=0.5)]
REGRESSIONS += [F.binary_cross_entropy, nn.BCELoss(), nn.BCEWithLogitsLoss()]
LABELS, NUMBERS = torch.arange(6) % 3, torch.linspace(-1, 1, 6)


class Mine(nn.CrossEntropyLoss):
    """A learner's loss, which knows what to do with its targets."""

    def forward(self, outputs, y):
        return super().forward(outputs, y.long())


@pytest.mark.parametrize("loss_fn", [*CROSS_ENTROPIES, F.nll_loss, nn.NLLLoss()])
@pytest.mark.parametrize("y", [NUMBERS, LABELS.double(), polynomial(6).y_train])
def test_floating_point_targets_for_cross_entropy(loss_fn, y):
    refuses(
        lambda: check_loss(loss_fn, y),
        f"needs class labels, got {y.dtype} targets such as {float(y[0]):.4g}",
        "for a regression pass loss_fn=F.mse_loss",
        "Dataset.from_tensors(x, y.long())",
    )
    check_loss(loss_fn, LABELS)


@pytest.mark.parametrize("loss_fn", CROSS_ENTROPIES)
def test_class_probabilities_for_cross_entropy(loss_fn):
    check_loss(loss_fn, F.one_hot(LABELS).float())
    check_loss(loss_fn, torch.softmax(torch.randn(6, 3, 4, 4), dim=1))
    rule = "or class probabilities [n, classes] of 0 or more that sum to 1"
    for y, got in [
        (NUMBERS[:, None], "got [6, 1]"),
        (torch.ones(6, 1), "got [6, 1] with a smallest of 1 and a sum of 1"),
        (torch.tensor([[1.0, 1, 0], [0, 1, 0]]), "a sum of 2"),
        (torch.tensor([[1.5, -0.5], [0, 1.0]]), "a smallest of -0.5"),
    ]:
        refuses(lambda y=y: check_loss(loss_fn, y), rule, got, "F.mse_loss", "with_logits")


@pytest.mark.parametrize("loss_fn", REGRESSIONS)
@pytest.mark.parametrize("y", [LABELS, LABELS.bool()])
def test_class_labels_for_a_regression(loss_fn, y):
    refuses(
        lambda: check_loss(loss_fn, y),
        f"needs floating-point targets, got {y.dtype} class labels",
        "loss_fn=F.cross_entropy",
        "y.float()",
    )
    check_loss(loss_fn, NUMBERS)


def test_the_name_of_a_refused_loss_is_the_one_that_was_given():
    refuses(lambda: check_loss(F.cross_entropy, NUMBERS), "F.cross_entropy needs")
    refuses(lambda: check_loss(nn.CrossEntropyLoss(), NUMBERS), "nn.CrossEntropyLoss needs")
    refuses(lambda: check_loss(nn.MSELoss(), LABELS), "nn.MSELoss needs")


@pytest.mark.parametrize("loss_fn", [Mine(), lambda outputs, y: outputs.mean(), math.dist])
def test_a_loss_of_ones_own_is_taken_at_its_word(loss_fn):
    for y in (LABELS, NUMBERS):
        check_loss(loss_fn, y)


@pytest.mark.parametrize(
    ("given", "got"),
    [(nn.CrossEntropyLoss, "the class CrossEntropyLoss"), ("mse", "'mse'"), (None, "None")],
)
def test_a_loss_that_cannot_be_called(given, got):
    refuses(lambda: check_loss(given, LABELS), f"got {got}", "with brackets", error=TypeError)


# --- what model, loss and penalty return ------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "got"),
    [
        ((torch.ones(6, 3), None), "got a tuple of 2"),
        ([torch.ones(6, 3)], "got a list of 1"),
        ({"logits": torch.ones(6, 3)}, "got a dict of 1"),
        (None, "got None (is a return missing?)"),
        (np.ones((6, 3)), "got array("),
        (0.5, "got 0.5"),
    ],
)
@pytest.mark.parametrize(("y", "num_classes"), [(LABELS, 3), (NUMBERS, None)])
def test_outputs_that_are_no_tensor(outputs, got, y, num_classes):
    refuses(
        lambda: checked_outputs(outputs, y, num_classes),
        "the model must return one tensor",
        got,
        "let forward() return the logits alone",
        error=TypeError,
    )


def test_class_labels_that_became_a_regression():
    refuses(
        lambda: checked_outputs(torch.ones(6, 3), LABELS.float(), None),
        "returned shape (6, 3) for targets (6,)",
        "If the targets name classes, make them whole numbers",
        "y.long()",
    )
    refuses(lambda: checked_outputs(torch.ones(6, 1), NUMBERS, None), "try outputs.squeeze(-1)")


def test_a_loss_for_each_sample():
    logits = torch.randn(6, 3, requires_grad=True)
    for loss_fn in (
        nn.CrossEntropyLoss(reduction="none"),
        partial(F.cross_entropy, reduction="none"),
    ):
        refuses(
            lambda f=loss_fn: checked_loss(f(logits, LABELS)),
            "loss_fn must return a scalar tensor, got shape (6,)",
            'reduction="mean", or loss.mean()',
            error=TypeError,
        )
    loss = F.cross_entropy(logits, LABELS)
    assert checked_loss(loss) is loss


@pytest.mark.parametrize(("value", "got"), [(0.5, "got 0.5"), (None, "got None"), ((1, 2), "of 2")])
def test_a_loss_that_is_no_tensor(value, got):
    refuses(
        lambda: checked_loss(value), "must return a scalar tensor", got, ".item()", error=TypeError
    )


def test_a_loss_without_a_gradient():
    loss = torch.tensor(0.5)
    refuses(lambda: checked_loss(loss), "no gradient, so nothing would train", "requires_grad=True")
    assert checked_loss(loss, traced=True) is loss
    with torch.no_grad():  # scoring
        assert checked_loss(loss) is loss


def without_gradient(model):
    with torch.no_grad():
        return l2_penalty(model)


@pytest.mark.parametrize(
    "penalty",
    [
        lambda m: l2_penalty(m).detach(),
        lambda m: torch.tensor(l2_penalty(m).item()),
        lambda m: sum(p.data.square().sum() for p in m.parameters()),
        lambda m: torch.tensor(0.5),
        without_gradient,
    ],
)
def test_a_penalty_without_a_gradient(model, penalty):
    refuses(
        lambda: checked_penalty(penalty(model)),
        "penalty(model) must have a gradient, got the constant",
        "trains as λ = 0",
        ".detach(), .data, .item() or torch.no_grad()",
    )
    with torch.no_grad():  # where nobody asks for one
        assert checked_penalty(penalty(model)) > 0


@pytest.mark.parametrize(
    "penalty",
    [
        l2_penalty,
        lambda m: 0 * l2_penalty(m),
        lambda m: torch.tensor(0.0),
        lambda m: torch.tensor(0),
        lambda m: 0 * l2_penalty(m).detach(),
        lambda m: l1_penalty(m) + l2_penalty(m).detach(),
    ],
)
def test_penalties_that_are_harmless(model, penalty):
    value = penalty(model)
    assert checked_penalty(value, model) is value
    check_reaches(value, model)


def test_a_penalty_that_is_no_number(model):
    value = l2_penalty(model) / 0 * 0
    rule = "must be a number of 0 or more, got nan from finite weights"
    refuses(lambda: checked_penalty(value, model), rule, "0/0")
    with torch.no_grad():
        next(model.parameters())[0] = math.inf
    # The run has diverged, and will say that.
    assert checked_penalty(value, model) is value


def test_a_penalty_of_complex_numbers():
    layer = nn.Linear(2, 2, dtype=torch.complex64)
    refuses(
        lambda: checked_penalty(layer.weight.square().sum()),
        "must return a scalar tensor, got shape () of complex numbers",
        "w.abs().square().sum()",
        error=TypeError,
    )
    expected = layer.weight.abs().square().sum()
    torch.testing.assert_close(checked_penalty(l2_penalty(layer)), expected)


class Square(torch.autograd.Function):
    """A function of the learner's own, with its gradient."""

    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return w.square().sum()

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient * ctx.saved_tensors[0]


def test_a_penalty_on_another_model(model):
    other = MLP(64, (8,), 10)
    for value in (l2_penalty(other), nn.Parameter(torch.tensor(1.0))):
        refuses(
            lambda v=value: check_reaches(v, model),
            "must depend on the weights of the model that it is given",
            "trains as λ = 0",
            "lambda model: lam * l2_penalty(model)",
        )
    frozen = MLP(64, (8,), 10)
    frozen.layers[1].requires_grad_(False)
    refuses(
        lambda: check_reaches(l2_penalty(frozen.layers[1]) + l2_penalty(other), frozen), "λ = 0"
    )


@pytest.mark.parametrize(
    "penalty",
    [
        l2_penalty,
        lambda m: l2_penalty(m).sqrt() + 3 * l1_penalty(m),
        lambda m: sum(Square.apply(p) for p in m.parameters()),
        lambda m: next(m.parameters())[0, 0].square(),
        lambda m: torch.utils.checkpoint.checkpoint(l2_penalty, m, use_reentrant=False),
    ],
)
def test_penalties_that_reach_the_model(model, penalty):
    check_reaches(penalty(model), model)


def test_a_penalty_on_weights_behind_a_parametrization(model):
    nn.utils.parametrizations.weight_norm(model.layers[1])
    check_reaches(model.layers[1].weight.square().sum(), model)


def test_looking_for_the_weights_leaves_the_gradient_alone(model):
    calls = []
    first = next(model.parameters())
    first.register_hook(calls.append)
    value = l2_penalty(model)
    check_reaches(value, model)
    assert not calls
    assert first.grad is None
    value.backward()
    assert len(calls) == 1


# --- what is refused is what would have gone wrong --------------------------------------------


def test_cross_entropy_of_numbers_is_computed_without_a_word():
    """Why `check_loss` exists: PyTorch takes n numbers for the probabilities of n classes."""
    assert F.cross_entropy(10 * NUMBERS, 100 * NUMBERS) < 0


def test_the_checks_know_data_sets_that_were_split_by_hand(model, data):
    x, y = data.x_val, F.one_hot(data.y_val, 10).float()
    soft = Dataset("soft", x, y, x, y, SealedTestSet(x, y, name="soft"), None)
    check_run(model, soft, sgd(model), epochs=1, batch_size=50)
    check_loss(F.cross_entropy, soft.y_train)
    checked_outputs(model(x), y, soft.num_classes)
