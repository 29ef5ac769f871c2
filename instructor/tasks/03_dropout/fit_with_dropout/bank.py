"""Right and wrong answers to fit_with_dropout."""

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import Dataset
from course_utils.data.seal import SealedTestSet
from course_utils.training import train_epoch
from instructor.answers import UNNAMED, right, wrong


@right
def steps_by_hand(model, x, y, x_val, y_val, epochs, lr):
    record = []
    for _ in range(epochs):
        gradients = torch.autograd.grad(
            F.cross_entropy(model.train()(x), y), list(model.parameters())
        )
        for p, g in zip(model.parameters(), gradients, strict=True):
            p.data -= lr * g
        record.append(float(F.cross_entropy(model.eval()(x_val), y_val).detach()))
    return record


@right
def with_a_function_for_each_half(model, x, y, x_val, y_val, epochs, lr):
    sgd = torch.optim.SGD(model.parameters(), lr)

    def learn():
        model.train(True)
        sgd.zero_grad()
        F.nll_loss(model(x).log_softmax(-1), y).backward()
        sgd.step()

    @torch.no_grad()
    def score():
        model.train(False)
        return F.cross_entropy(model(x_val), y_val).item()

    def epoch():
        learn()
        return score()

    return [epoch() for _ in range(epochs)]


@right
def which_looks_at_its_training_loss_too(model, x, y, x_val, y_val, epochs, lr):
    optimizer, seen, losses = torch.optim.SGD(model.parameters(), lr=lr), [], []
    for _ in range(epochs):
        was = model.training
        model.train()
        model.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        model.eval()
        with torch.inference_mode():
            seen.append(F.cross_entropy(model(x), y).item())
            losses.append(F.cross_entropy(model(x_val), y_val).item())
        model.train(was)
    return losses


def _loop(model, x, y, x_val, y_val, epochs, lr, before, between, *, clear=True):
    """What the answers below share: what is done before a step, and between step and score."""
    sgd, losses = torch.optim.SGD(model.parameters(), lr=lr), []
    for epoch in range(epochs):
        before(model, epoch)
        if clear:
            sgd.zero_grad()
        F.cross_entropy(model(x), y).backward()
        sgd.step()
        between(model)
        losses.append(F.cross_entropy(model(x_val), y_val).item())
    return losses


def _train(model, epoch):
    model.train()


@wrong("as_given")
def train_before_the_loop_only(*given):
    return _loop(*given, lambda m, epoch: m.train() if epoch == 0 else m, lambda m: m.eval())


@wrong("masks_never")
def evaluation_throughout(*given):
    return _loop(*given, lambda m, epoch: m.eval(), lambda m: m)


@wrong("masks_never")
def back_to_training_after_the_loop(model, *given):
    model.eval()
    losses = _loop(model, *given, lambda m, epoch: m, lambda m: m.eval())
    model.train()
    return losses


@wrong("validated_with_masks")
def training_throughout(*given):
    return _loop(*given, _train, lambda m: m)


@wrong("validated_with_masks")
def evaluation_line_deleted(model, x, y, x_val, y_val, epochs, lr):
    optimizer, losses = torch.optim.SGD(model.parameters(), lr), []
    model.train()
    while len(losses) < epochs:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            losses += [F.cross_entropy(model(x_val), y_val).item()]
    return losses


@wrong("losses_missing")
def without_a_return(*given):
    _loop(*given, _train, lambda m: m.eval())


@wrong("losses_missing")
def the_last_loss_alone(*given):
    return _loop(*given, _train, lambda m: m.eval())[-1]


@wrong(UNNAMED)
def training_losses(model, x, y, x_val, y_val, epochs, lr):
    return _loop(model, x, y, x, y, epochs, lr, _train, lambda m: m.eval())


@wrong(UNNAMED)
def gradients_add_up(*given):
    return _loop(*given, _train, lambda m: m.eval(), clear=False)


@wrong(UNNAMED)
def scored_before_the_step(model, x, y, x_val, y_val, epochs, lr):
    sgd, losses = torch.optim.SGD(model.parameters(), lr), []
    for _ in range(epochs):
        losses.append(F.cross_entropy(model.eval()(x_val), y_val).item())
        sgd.zero_grad()
        F.cross_entropy(model.train()(x), y).backward()
        sgd.step()
    return losses


@wrong(UNNAMED)
def two_steps_in_an_epoch(model, x, y, x_val, y_val, epochs, lr):
    twice = _loop(model, x, y, x_val, y_val, 2 * epochs, lr, _train, lambda m: m.eval())
    return twice[1::2]


@wrong(UNNAMED)
def by_adam(model, x, y, x_val, y_val, epochs, lr):
    adam, losses = torch.optim.Adam(model.parameters(), lr=lr), []
    for _ in range(epochs):
        adam.zero_grad()
        F.cross_entropy(model.train()(x), y).backward()
        adam.step()
        losses.append(F.cross_entropy(model.eval()(x_val), y_val).item())
    return losses


@wrong(UNNAMED)
def trains_on_the_validation_set_too(model, x, y, x_val, y_val, epochs, lr):
    both, labels = torch.cat([x, x_val]), torch.cat([y, y_val])
    return _loop(model, both, labels, x_val, y_val, epochs, lr, _train, lambda m: m.eval())


@wrong("library_used")
def by_the_courses_epoch(model, x, y, x_val, y_val, epochs, lr):
    sgd, losses = torch.optim.SGD(model.parameters(), lr=lr), []
    parts = {"x_train": x, "y_train": y, "x_val": x_val, "y_val": y_val}
    data = Dataset(name="own", test=SealedTestSet(x_val, y_val, name="own"), num_classes=3, **parts)
    for _ in range(epochs):
        train_epoch(model.train(), data, [torch.arange(len(x))], optimizer=sgd)
        losses.append(F.cross_entropy(model.eval()(x_val), y_val).item())
    return losses


@wrong("no_floats")
def tensors(model, x, y, x_val, y_val, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        model.train()
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(x_val), y_val))
    return losses


@wrong("losses_missing")
def tensor_result(model, x, y, x_val, y_val, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        model.train()
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(x_val), y_val).item())
    return torch.tensor(losses)


@wrong(UNNAMED)
def minibatches(model, x, y, x_val, y_val, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        model.train()
        for b in torch.randperm(len(x)).split(16):
            loss = nn.functional.cross_entropy(model(x[b]), y[b])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(x_val), y_val).item())
    return losses


@wrong(UNNAMED)
def cumulative_minimum(model, x, y, x_val, y_val, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        model.train()
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(x_val), y_val).item())
    return [min(losses[: i + 1]) for i in range(len(losses))]


@wrong(UNNAMED)
def same_mask(model, x, y, x_val, y_val, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        model.train()
        torch.manual_seed(0)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(x_val), y_val).item())
    return losses


@wrong("validated_with_masks", at="hidden")
def switches_one_class_alone(model, x, y, x_val, y_val, epochs, lr):
    def switch(on):
        for layer in model.modules():
            if isinstance(layer, nn.Dropout):
                layer.train(on)

    model.train()
    given = model, x, y, x_val, y_val, epochs, lr
    return _loop(*given, lambda *_: switch(True), lambda *_: switch(False))


@wrong(UNNAMED, at="hidden")
def cleared_after_the_step_alone(model, x, y, x_val, y_val, epochs, lr):
    sgd, losses = torch.optim.SGD(model.parameters(), lr=lr), []
    for _ in range(epochs):
        F.cross_entropy(model.train()(x), y).backward()
        sgd.step()
        sgd.zero_grad()
        with torch.no_grad():
            losses.append(F.cross_entropy(model.eval()(x_val), y_val).item())
    return losses


@wrong("losses_missing", at="hidden")
def which_stops_when_it_gets_worse(model, x, y, x_val, y_val, epochs, lr):
    losses = []
    sgd = torch.optim.SGD(model.parameters(), lr)
    while len(losses) < epochs and (len(losses) < 6 or min(losses[-5:]) <= min(losses)):
        model.train()
        sgd.zero_grad()
        F.cross_entropy(model(x), y).backward()
        sgd.step()
        with torch.no_grad():
            losses.append(F.cross_entropy(model.eval()(x_val), y_val).item())
    return losses


@wrong("input_changed")
def on_standardized_data(model, x, y, x_val, y_val, epochs, lr):
    mean, std = x.mean(0), x.std(0)
    for part in (x, x_val):
        part.sub_(mean).div_(std)
    return steps_by_hand(model, x, y, x_val, y_val, epochs, lr)
