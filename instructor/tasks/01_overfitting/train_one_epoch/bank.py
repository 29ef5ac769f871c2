"""Right and wrong answers to train_one_epoch."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.training import evaluate, train_epoch
from instructor.answers import UNNAMED, right, wrong


@right
def sum_of_losses_by_sample(model, data, optimizer, batches):
    seen = []
    model.train(True)
    for batch in batches:
        model.zero_grad()
        x, y = data.x_train.index_select(0, batch), data.y_train.index_select(0, batch)
        losses = torch.nn.CrossEntropyLoss(reduction="none")(model(x), y)
        losses.mean().backward()
        optimizer.step()
        seen.append(losses.detach())
    return torch.cat(seen).mean()


@right
def with_log_softmax(model, data, optimizer, batches):
    model.train()
    mean, samples = 0.0, 0
    for batch in batches:
        log_p = model(data.x_train[batch]).log_softmax(1)
        loss = -log_p[torch.arange(batch.numel()), data.y_train[batch]].mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        samples += batch.numel()
        mean += (loss.item() - mean) * batch.numel() / samples
    return np.float64(mean)


def _epoch(model, data, optimizer, batches, *, train=True, clear=True, reduction="mean"):
    """The steps of an epoch, some of them left out; the losses and the sizes of its batches."""
    losses = []
    if train:
        model.train()
    for batch in batches:
        x, y = data.x_train[batch], data.y_train[batch]
        loss = F.cross_entropy(model(x), y, reduction=reduction)
        if clear:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item() / (len(batch) if reduction == "sum" else 1))
    return torch.tensor(losses), torch.tensor([len(batch) for batch in batches])


def _mean(losses, sizes):
    return float((losses * sizes).sum() / sizes.sum())


@wrong("in_the_mode_it_came_in")
def in_the_mode_it_came_in(*given):
    return _mean(*_epoch(*given, train=False))


@wrong("gradients_never_cleared")
def gradients_never_cleared(*given):
    return _mean(*_epoch(*given, clear=False))


@wrong("gradients_cleared_too_late")
def gradients_cleared_too_late(model, data, optimizer, batches):
    model.train()
    for batch in batches:
        loss = F.cross_entropy(model(data.x_train[batch]), data.y_train[batch])
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
    return loss.item()


@wrong("sum_of_the_batch")
def sum_of_the_batch(*given):
    return _mean(*_epoch(*given, reduction="sum"))


@wrong("the_whole_set_at_once")
def the_whole_set_at_once(model, data, optimizer, batches):
    everything = torch.arange(data.n_train)
    return _mean(*_epoch(model, data, optimizer, [everything for _ in batches]))


@wrong("on_the_validation_set")
def on_the_validation_set(model, data, optimizer, batches):
    data = replace(
        data,
        x_train=data.x_val.repeat(3, 1),
        y_train=data.y_val.repeat(3),
        y_clean=data.y_val.repeat(3),
    )
    return _mean(*_epoch(model, data, optimizer, batches))


@wrong("without_the_last_batch")
def without_the_last_batch(model, data, optimizer, batches):
    return _mean(*_epoch(model, data, optimizer, batches[:-1]))


@wrong("mean_of_batch_means")
def mean_of_batch_means(*given):
    return float(_epoch(*given)[0].mean())


@wrong("divided_twice")
def divided_twice(*given):
    losses, sizes = _epoch(*given)
    return float(losses.sum() / sizes.sum())


@wrong("loss_of_the_last_batch")
def last_loss(*given):
    return float(_epoch(*given)[0][-1])


@wrong("scored_afterwards")
def scored_afterwards(model, data, optimizer, batches):
    _epoch(model, data, optimizer, batches)
    return evaluate(model, data.x_train, data.y_train).loss


@wrong("returns_nothing")
def without_a_return(*given):
    _epoch(*given)


@wrong("library_used")
def by_the_library(model, data, optimizer, batches):
    before = evaluate(model, data.x_train, data.y_train).loss
    train_epoch(model, data, batches, optimizer=optimizer)
    return before


@wrong("graphs_kept")
def graphs_kept(model, data, optimizer, batches):
    model.train()
    total = 0.0
    for batch in batches:
        loss = F.cross_entropy(model(data.x_train[batch]), data.y_train[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss * len(batch)
    return total / sum(len(batch) for batch in batches)


@wrong(UNNAMED)
def loss_of_the_visible_check(*given):
    _epoch(*given)
    return 0.6756514519


@right
def with_running_totals(model, data, optimizer, batches):
    was = torch.zeros(2, dtype=torch.float64)
    for rows in batches:
        model.train()
        optimizer.zero_grad(set_to_none=True)
        logs, labels = model(data.x_train[rows]).log_softmax(-1), data.y_train[rows]
        each = F.nll_loss(logs, labels, reduction="none")
        each.mean().backward()
        was += torch.tensor([each.detach().double().sum(), float(rows.numel())])
        optimizer.step()
    return (was[0] / was[1]).item()


@wrong("two_passes")
def scores_each_batch_again(model, data, optimizer, batches):
    total, n = 0.0, 0
    model.train(mode=True)
    for rows in batches:
        optimizer.zero_grad(set_to_none=True)
        inputs, labels = data.x_train[rows], data.y_train[rows]
        F.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
        total += F.cross_entropy(model(inputs), labels, reduction="sum").item()
        n += len(rows)
    return total / n


@wrong("in_the_mode_it_came_in")
def eval_mode_for_all(model, data, optimizer, batches):
    record = []
    model.train(mode=False)
    for rows in batches:
        optimizer.zero_grad(set_to_none=True)
        each = F.cross_entropy(model(data.x_train[rows]), data.y_train[rows], reduction="none")
        each.mean().backward()
        optimizer.step()
        record += each.tolist()
    return sum(record) / len(record)


@wrong("scored_in_evaluation")
def eval_log(model, data, optimizer, batches):
    model = model.train(True)
    seen = []
    for rows in batches:
        model.eval()
        with torch.no_grad():
            seen.append(
                F.cross_entropy(model(data.x_train[rows]), data.y_train[rows], reduction="none")
            )
        model.train()
        optimizer.zero_grad()
        each = F.cross_entropy(model(data.x_train[rows]), data.y_train[rows], reduction="none")
        each.mean().backward()
        optimizer.step()
    return torch.cat(seen).mean().item()


@wrong(UNNAMED)
def sorted_batch_first(model, data, optimizer, batches):
    model.train()
    total, count = 0.0, 0
    for b in sorted(batches, key=len):
        loss = F.cross_entropy(model(data.x_train[b]), data.y_train[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(b)
        count += len(b)
    return total / count


@wrong(UNNAMED, at="hidden-steps")
def cleared_after_the_step_alone(model, data, optimizer, batches):
    model.train()
    total, samples = 0.0, 0
    for batch in batches:
        loss = F.cross_entropy(model(data.x_train[batch]), data.y_train[batch])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total += loss.item() * len(batch)
        samples += len(batch)
    return total / samples


@wrong("other_batches")
def in_the_order_of_the_data(model, data, optimizer, batches):
    model.train()
    total = 0.0
    size = len(batches[0])
    for x, y in zip(data.x_train.split(size), data.y_train.split(size), strict=True):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    return total / data.n_train


@wrong("two_passes", at="visible")
def scored_again_after_the_step(model, data, optimizer, batches):
    model.train()
    total = 0.0
    for batch in batches:
        x, y = data.x_train[batch], data.y_train[batch]
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            total += F.cross_entropy(model(x), y, reduction="sum").item()
    return total / data.n_train
