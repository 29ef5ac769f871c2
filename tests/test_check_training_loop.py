"""The check of the training loop: right answers pass, wrong ones are named."""

from dataclasses import replace

import torch
import torch.nn.functional as F

from course_utils import checks
from course_utils.blanks import yours_or_ours
from course_utils.history import History
from course_utils.random_streams import stream
from course_utils.training import evaluate, fit, shuffled_batches
from tests.checking import cases, named, passes


def score_by_hand(model, x, y):
    model.eval()
    with torch.no_grad():
        logits = model(x)
        loss = F.cross_entropy(logits, y).item()
    return loss, (logits.argmax(1) == y).float().mean().item()


def looping(
    *,
    clear="before",
    step=True,
    train_mode="every epoch",
    score=score_by_hand,
    batches=lambda all_batches: next(all_batches),
    reduction="mean",
    epochs_of=lambda n: range(n + 1),
    first_score=True,
    give_back=lambda history: history,
    sets=lambda data: ((data.x_train, data.y_train), (data.x_val, data.y_val)),
):
    """The loop of lesson 01, with one thing done differently."""

    def loop(model, data, *, optimizer, epochs, batch_size=50, seed=0):
        all_batches, history = shuffled_batches(data.n_train, batch_size, seed), History()
        if train_mode == "once":
            model.train()
        for epoch in epochs_of(epochs):
            if epoch > 0:
                if train_mode == "every epoch":
                    model.train()
                for batch in batches(all_batches):
                    x, y = data.x_train[batch], data.y_train[batch]
                    loss = F.cross_entropy(model(x), y, reduction=reduction)
                    if clear == "before":
                        optimizer.zero_grad()
                    loss.backward()
                    if clear == "after":
                        optimizer.zero_grad()
                    if step:
                        optimizer.step()
            if epoch > 0 or first_score:
                history.record(*(score(model, x, y) for x, y in sets(data)))
        return give_back(history)

    return loop


def short_loop(model, data, *, optimizer, epochs):
    """Without the arguments that a loop may leave out."""
    return fit(model, data, optimizer=optimizer, epochs=epochs)


def own_shuffle(model, data, *, optimizer, epochs, batch_size, seed):
    """The same batches, made by hand."""
    history, generator = History(), stream("order of batches", seed)
    for epoch in range(epochs + 1):
        if epoch:
            model.train()
            order = torch.randperm(data.n_train, generator=generator)
            for start in range(0, data.n_train, batch_size):
                rows = order[start : start + batch_size]
                optimizer.zero_grad()
                F.cross_entropy(model(data.x_train[rows]), data.y_train[rows]).backward()
                optimizer.step()
        history.record(
            evaluate(model, data.x_train, data.y_train), evaluate(model, data.x_val, data.y_val)
        )
    return history


def test_right_loops_pass():
    passes(checks.training_loop, fit, looping(), short_loop, own_shuffle)


def score_in_training(model, x, y):
    model.train()
    with torch.no_grad():
        logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def score_with_gradients(model, x, y):
    model.train()
    logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def batch_means(model, x, y):
    parts = [score_by_hand(model, *part) for part in zip(x.split(8), y.split(8), strict=True)]
    return tuple(sum(column) / len(parts) for column in zip(*parts, strict=True))


def swapped(model, x, y):
    return score_by_hand(model, x, y)[::-1]


def in_order(all_batches):
    return torch.arange(28).split(8)


def always_first():
    kept = []

    def batches(all_batches):
        kept.extend(next(all_batches) if not kept else ())
        return kept

    return batches


def on_validation(model, data, *, optimizer, epochs, batch_size=50, seed=0):
    model.train()
    for _ in range(epochs):
        F.cross_entropy(model(data.x_val), data.y_val).backward()
        optimizer.step()


@cases(
    kept=(looping(clear="never"), "gradients of earlier steps are still there"),
    cleared_late=(looping(clear="after"), "gradients cleared before `backward`"),
    no_step=(looping(step=False), "is there a step after the gradient"),
    summed=(looping(reduction="sum"), "the loss of a batch is a sum here"),
    no_train_mode=(
        looping(train_mode="never", score=score_by_hand),
        "need training mode before the batches",
    ),
    train_mode_once=(looping(train_mode="once"), "need training mode before the batches"),
    stays_in_evaluation=(
        looping(train_mode="once", first_score=False),
        "every epoch has to switch back",
    ),
    in_order=(looping(batches=in_order), "in the order they are stored in"),
    no_last=(looping(batches=lambda b: next(b)[:-1]), "the last batch of an epoch is missing"),
    same=(looping(batches=always_first()), "every epoch has the same batches"),
    two_passes=(
        looping(batches=lambda b: [batch for batch in next(b) for _ in range(2)]),
        "each batch goes through the model twice",
    ),
    whole=(
        looping(batches=lambda b: [torch.arange(28)]),
        "the whole training set goes into each",
    ),
    too_few=(looping(epochs_of=range), "2 epochs of training for epochs = 3"),
    too_many=(looping(epochs_of=lambda n: range(n + 2)), "4 epochs of training for epochs = 3"),
    own_order=(
        looping(batches=lambda b: torch.randperm(28).split(8)),
        "one pass in training mode for each batch of shuffled_batches",
    ),
    validation=(on_validation, "samples of the validation set are trained on"),
    scored_in_training=(looping(score=score_in_training), "scores are taken in training mode"),
    scored_with_gradients=(
        looping(score=score_with_gradients),
        "scores are taken in training mode",
    ),
    no_entry_0=(looping(first_score=False), "entry 0 is missing"),
    batch_means=(looping(score=batch_means), "a mean of batch means"),
    swapped=(looping(score=swapped), "loss and accuracy have changed places"),
    exchanged=(
        looping(sets=lambda d: ((d.x_val, d.y_val), (d.x_train, d.y_train))),
        "training and validation scores have changed places",
    ),
    scored_twice=(
        looping(sets=lambda d: ((d.x_train, d.y_train), (d.x_train, d.y_train))),
        "this is the score of the other part",
    ),
    true_labels=(
        lambda model, data, **options: fit(model, replace(data, y_train=data.y_clean), **options),
        "the steps differ",
    ),
    nothing=(looping(give_back=lambda history: None), "return the record at the end"),
    a_list=(looping(give_back=lambda history: history.val_loss), "fills a History()"),
)
def test_wrong_loops(answer, hint):
    named(checks.training_loop, answer, hint)


def test_another_learning_rate_is_told_in_general():
    def loop(model, data, *, optimizer, epochs, **options):
        optimizer.param_groups[0]["lr"] = 0.1
        return fit(model, data, optimizer=optimizer, epochs=epochs, **options)

    named(checks.training_loop, loop, "the steps differ")


def test_numbers_of_samples_in_place_of_samples_are_told(capsys):
    def train(model, data, *, optimizer, epochs):
        for batch in next(shuffled_batches(data.n_train, 50, 0)):
            model(batch)

    yours_or_ours(train, checks.training_loop)
    assert "data.x_train[batch] are the samples" in capsys.readouterr().out
