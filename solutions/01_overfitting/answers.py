"""Known answers to exercise 01: right ones written differently, wrong ones with their mistake."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.exercises.bank import right, wrong
from course_utils.data import load_dataset
from course_utils.evidence import estimate, paired_difference
from course_utils.training import evaluate, train_epoch

# --- train_one_epoch --------------------------------------------------------------------------


@right("train_one_epoch")
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


@right("train_one_epoch")
def with_log_softmax(model, data, optimizer, batches):
    model.train()
    mean, samples = 0.0, 0
    for batch in batches:
        log_p = model(data.x_train[batch]).log_softmax(1)
        loss = -log_p[torch.arange(batch.numel()), data.y_train[batch]].mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
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


@wrong("train_one_epoch", "need training mode before the batches")
def in_the_mode_it_came_in(*given):
    return _mean(*_epoch(*given, train=False))


@wrong("train_one_epoch", "gradients of earlier steps are still there")
def gradients_never_cleared(*given):
    return _mean(*_epoch(*given, clear=False))


@wrong("train_one_epoch", "are gradients cleared before `backward`")
def gradients_cleared_too_late(model, data, optimizer, batches):
    model.train()
    for batch in batches:
        loss = F.cross_entropy(model(data.x_train[batch]), data.y_train[batch])
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
    return loss.item()


@wrong("train_one_epoch", "the loss of a batch is a sum here")
def sum_of_the_batch(*given):
    return _mean(*_epoch(*given, reduction="sum"))


@wrong("train_one_epoch", "the whole training set goes into each step")
def the_whole_set_at_once(model, data, optimizer, batches):
    everything = torch.arange(data.n_train)
    return _mean(*_epoch(model, data, optimizer, [everything for _ in batches]))


@wrong("train_one_epoch", "samples of the validation set are trained on")
def on_the_validation_set(model, data, optimizer, batches):
    data = replace(
        data,
        x_train=data.x_val.repeat(3, 1),
        y_train=data.y_val.repeat(3),
        y_clean=data.y_val.repeat(3),
    )
    return _mean(*_epoch(model, data, optimizer, batches))


@wrong("train_one_epoch", "the last batch of an epoch is missing")
def without_the_last_batch(model, data, optimizer, batches):
    return _mean(*_epoch(model, data, optimizer, batches[:-1]))


@wrong("train_one_epoch", "this is a mean of batch means")
def mean_of_batch_means(*given):
    return float(_epoch(*given)[0].mean())


@wrong("train_one_epoch", "are divided twice")
def divided_twice(*given):
    losses, sizes = _epoch(*given)
    return float(losses.sum() / sizes.sum())


@wrong("train_one_epoch", "this is the loss of the last batch alone")
def last_loss(*given):
    return float(_epoch(*given)[0][-1])


@wrong("train_one_epoch", "this was scored after the epoch")
def scored_afterwards(model, data, optimizer, batches):
    _epoch(model, data, optimizer, batches)
    return evaluate(model, data.x_train, data.y_train).loss


@wrong("train_one_epoch", "the function gives nothing back")
def without_a_return(*given):
    _epoch(*given)


@wrong("train_one_epoch", "the library's version does the whole task")
def by_the_library(model, data, optimizer, batches):
    before = evaluate(model, data.x_train, data.y_train).loss
    train_epoch(model, data, batches, optimizer=optimizer)
    return before


@wrong("train_one_epoch", "the loss keeps the graph of every step")
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


@wrong("train_one_epoch", "each sample counts once")
def loss_of_the_visible_check(*given):
    _epoch(*given)
    return 0.6756514519


# --- corrupt_labels ---------------------------------------------------------------------------


@right("corrupt_labels")
def label_by_label(y, fraction, num_classes, generator):
    noisy = y.clone()
    for i, u in enumerate(torch.rand(len(y), generator=generator, dtype=torch.float64).tolist()):
        if u < fraction:
            noisy[i] = min(int(u / fraction * num_classes), num_classes - 1)
    return noisy


@right("corrupt_labels")
def with_a_mask(y, fraction, num_classes, generator):
    mask = torch.bernoulli(torch.full(y.shape, float(fraction)), generator=generator).bool()
    noisy = y.detach().clone()
    noisy[mask] = torch.randint(0, num_classes, (int(mask.sum()),), generator=generator)
    return noisy


def _noise(y, fraction, drawn, generator, redrawn=None):
    if redrawn is None:
        redrawn = torch.rand(len(y), generator=generator) < fraction
    return torch.where(redrawn, drawn, y)


def _drawn(y, num_classes, generator, low=0):
    return torch.randint(low, num_classes, (len(y),), generator=generator)


@wrong("corrupt_labels", "the redrawn label is never the old one")
def always_another_class(y, fraction, num_classes, generator):
    drawn = (y + _drawn(y, num_classes, generator, low=1)) % num_classes
    return _noise(y, fraction, drawn, generator)


@wrong("corrupt_labels", "fraction and 1 - fraction are swapped")
def keeps_the_fraction(y, fraction, num_classes, generator):
    return _noise(y, 1 - fraction, _drawn(y, num_classes, generator), generator)


@wrong("corrupt_labels", "the last class is never drawn")
def without_the_last_class(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes - 1, generator), generator)


@wrong("corrupt_labels", "class 0 is never drawn")
def without_class_0(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes, generator, low=1), generator)


@wrong("corrupt_labels", "the upper end of torch.randint is exclusive")
def one_class_too_many(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes + 1, generator), generator)


@wrong("corrupt_labels", "y was changed in place")
def in_place(y, fraction, num_classes, generator):
    redrawn = torch.rand(len(y), generator=generator) < fraction
    y[redrawn] = _drawn(y, num_classes, generator)[redrawn]
    return y


@wrong("corrupt_labels", "to every draw")
def global_draws(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes, None), generator)


@wrong("corrupt_labels", "do not seed it again")
def seeded_inside(y, fraction, num_classes, generator):
    generator.manual_seed(0)
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator)


@wrong("corrupt_labels", "one draw decides for all labels")
def one_coin_for_all(y, fraction, num_classes, generator):
    redrawn = torch.rand(1, generator=generator) < fraction
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator, redrawn)


@wrong("corrupt_labels", "all redrawn labels become the same class")
def one_class_for_all(y, fraction, num_classes, generator):
    drawn = torch.randint(num_classes, (1,), generator=generator)
    return _noise(y, fraction, drawn, generator)


@wrong("corrupt_labels", "each label is redrawn with its own chance")
def a_fixed_number(y, fraction, num_classes, generator):
    redrawn = torch.zeros(len(y), dtype=torch.bool)
    redrawn[torch.randperm(len(y), generator=generator)[: round(fraction * len(y))]] = True
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator, redrawn)


@wrong("corrupt_labels", "the share is off")
def fraction_of_the_visible_check(y, fraction, num_classes, generator):
    return _noise(y, 0.6, _drawn(y, num_classes, generator), generator)


@wrong("corrupt_labels", "the library's version does the whole task")
def by_the_data_set(y, fraction, num_classes, generator):
    x, seed = torch.zeros(len(y), 1), int(torch.randint(2**31, (1,), generator=generator))
    data = replace(load_dataset("moons"), x_train=x, y_train=y, y_clean=y, num_classes=num_classes)
    return data.with_label_noise(fraction, seed).y_train


# --- bias_variance ----------------------------------------------------------------------------


@right("bias_variance")
def with_var(predictions, truth):
    error = torch.mean(predictions, dim=0) - truth
    return (error**2).mean().item(), predictions.var(0, correction=0).mean().item()


@right("bias_variance")
def point_by_point(predictions, truth):
    bias2 = variance = 0.0
    for column, right_one in zip(predictions.T.tolist(), truth.tolist(), strict=True):
        bias2 += (np.mean(column) - right_one) ** 2 / len(truth)
        variance += np.var(column) / len(truth)
    return bias2, variance


def _variance(predictions):
    return predictions.var(0, correction=0).mean()


def _bias2(predictions, truth):
    return (predictions.mean(0) - truth).square().mean()


@wrong("bias_variance", "errors of opposite sign cancel")
def square_of_the_mean_error(predictions, truth):
    return (predictions.mean(0) - truth).mean() ** 2, _variance(predictions)


@wrong("bias_variance", "this is the whole error")
def mean_squared_error(predictions, truth):
    return (predictions - truth).square().mean(), _variance(predictions)


@wrong("bias_variance", "the fits are averaged along the wrong axis")
def averaged_over_the_points(predictions, truth):
    return (predictions.mean(1) - truth).square().mean(), _variance(predictions)


@wrong("bias_variance", "these are distances, not squares")
def distances(predictions, truth):
    return (predictions.mean(0) - truth).abs().mean(), _variance(predictions)


@wrong("bias_variance", "this is the sum over the points")
def sums(predictions, truth):
    return (predictions.mean(0) - truth).square().sum(), _variance(predictions)


@wrong("bias_variance", "this divides by fits - 1")
def unbiased_variance(predictions, truth):
    return _bias2(predictions, truth), predictions.var(0).mean()


@wrong("bias_variance", "this is the variance among points")
def variance_among_points(predictions, truth):
    return _bias2(predictions, truth), predictions.var(1, correction=0).mean()


@wrong("bias_variance", "this is the variance of all numbers at once")
def variance_of_everything(predictions, truth):
    return _bias2(predictions, truth), predictions.var(correction=0)


@wrong("bias_variance", "this is the standard deviation")
def standard_deviation(predictions, truth):
    return _bias2(predictions, truth), predictions.std(0, correction=0).mean()


@wrong("bias_variance", "a pair (bias2, variance)")
def the_sum(predictions, truth):
    return _bias2(predictions, truth) + _variance(predictions)


@wrong("bias_variance", "average over the points")
def the_visible_pair(predictions, truth):
    return 2.5, 4.0


# --- exposes_leak -----------------------------------------------------------------------------


@right("exposes_leak")
def by_sets_of_rows(split):
    x = torch.stack([torch.arange(60.0), -torch.arange(60.0)], dim=1)
    x_train, _, x_val, _ = split(x, torch.tensor([0, 1] * 30))
    rows = {tuple(row) for row in x_train.tolist()} & {tuple(row) for row in x_val.tolist()}
    return len(rows) > 0


@right("exposes_leak")
def by_all_pairs(split):
    x = torch.randn(40, 8)
    x_train, _, x_val, _ = split(x, torch.randint(2, (40,)))
    for one in x_train:
        for other in x_val:
            if torch.equal(one, other):
                return True
    return False


def _numbered(split, n=100):
    return split(torch.arange(float(n))[:, None], torch.arange(n) % 2)


@wrong("exposes_leak", "look for each training sample in the whole validation part")
def always_innocent(split):
    return False


@wrong("exposes_leak", "a right split is accused")
def always_guilty(split):
    return True


@wrong("exposes_leak", "look for each training sample in the whole validation part")
def by_the_sizes(split):
    x_train, _, x_val, _ = _numbered(split)
    return len(x_train) + len(x_val) > 100


@wrong("exposes_leak", "look for each training sample in the whole validation part")
def place_by_place(split):
    x_train, _, x_val, _ = _numbered(split)
    return torch.equal(x_train[: len(x_val)], x_val)


@wrong("exposes_leak", "look for each training sample in the whole validation part")
def first_training_sample_only(split):
    x_train, _, x_val, _ = _numbered(split)
    return bool((x_val == x_train[0]).any())


@wrong("exposes_leak", "are two of your samples equal")
def all_samples_alike(split):
    x_train, _, x_val, _ = split(torch.zeros(100, 3), torch.arange(100) % 2)
    return bool(torch.isin(x_train, x_val).any())


@wrong("exposes_leak", "are two of your samples equal")
def by_the_labels(split):
    _, y_train, _, y_val = _numbered(split)
    return bool(torch.isin(y_train, y_val).any())


@wrong("exposes_leak", "Only a sample in both parts is a leak")
def by_doubled_rows(split):
    x_train, _, x_val, _ = _numbered(split)
    both = torch.cat([x_train, x_val])
    return len(both.unique(dim=0)) < len(both)


@wrong("exposes_leak", "a right split is accused")
def wants_all_samples_back(split):
    x_train, _, x_val, _ = _numbered(split)
    return len(torch.cat([x_train, x_val]).unique()) < 100


@wrong("exposes_leak", "whole numbers 0 or 1")
def labels_of_their_own(split):
    x_train, _, x_val, _ = split(torch.arange(100.0)[:, None], torch.arange(100))
    return bool(torch.isin(x_train, x_val).any())


@wrong("exposes_leak", "an answer for each entry")
def a_tensor_of_answers(split):
    x_train, _, x_val, _ = _numbered(split)
    return torch.isin(x_train, x_val)


@wrong("exposes_leak", "a right split is accused")
def the_wrong_way_round(split):
    x_train, _, x_val, _ = _numbered(split)
    return not torch.isin(x_train, x_val).all()


# --- overfits_since ---------------------------------------------------------------------------


@right("overfits_since")
def forward_with_a_reset(train_loss, val_loss):
    means = [float(np.mean(column)) for column in val_loss.T]
    turn, since = means.index(min(means)), None
    for epoch in range(turn + 1, len(means)):
        up = paired_difference(val_loss[:, epoch], val_loss[:, turn])
        down = paired_difference(train_loss[:, epoch], train_loss[:, turn])
        if up.is_clear and up.mean > 0 and down.is_clear and down.mean < 0:
            since = epoch if since is None else since
        else:
            since = None
    return turn, since


@right("overfits_since")
def by_the_last_epoch_that_is_not_clear(train_loss, val_loss):
    turn, epochs = int(np.argmin(np.mean(val_loss, axis=0))), val_loss.shape[1]
    up = [estimate(val_loss[:, e] - val_loss[:, turn]).low > 0 for e in range(epochs)]
    down = [estimate(train_loss[:, turn] - train_loss[:, e]).low > 0 for e in range(epochs)]
    unclear = [e for e in range(epochs) if e <= turn or not (up[e] and down[e])]
    return [turn, unclear[-1] + 1 if unclear[-1] + 1 < epochs else None]


def _since(train_loss, val_loss, turn, clear, *, lasting=True):
    since = None
    for epoch in range(val_loss.shape[1] - 1, turn, -1):
        val, train = (losses[:, (epoch, turn)].T for losses in (val_loss, train_loss))
        if clear(paired_difference(*val), paired_difference(*train)):
            since = epoch
        elif lasting:
            break
    return since


def _up_and_down(val, train):
    return val.low > 0 and train.high < 0


def _turn(val_loss):
    return int(val_loss.mean(0).argmin())


@wrong("overfits_since", "one seed is no evidence")
def lowest_single_loss(train_loss, val_loss):
    turn = int(val_loss.min(0).argmin())
    return turn, _since(train_loss, val_loss, turn, _up_and_down)


@wrong("overfits_since", "this is where the training loss is lowest")
def turn_of_the_training_loss(train_loss, val_loss):
    turn = int(train_loss.mean(0).argmin())
    return turn, _since(train_loss, val_loss, turn, _up_and_down)


@wrong("overfits_since", "it has to last to the end")
def first_clear_epoch(train_loss, val_loss):
    turn = _turn(val_loss)
    return turn, _since(train_loss, val_loss, turn, _up_and_down, lasting=False)


@wrong("overfits_since", "the mean is higher from here on")
def by_the_means(train_loss, val_loss):
    turn = _turn(val_loss)
    return turn, _since(train_loss, val_loss, turn, lambda val, train: val.mean > 0)


@wrong("overfits_since", "compare within each seed")
def overlapping_intervals(train_loss, val_loss):
    turn, since = _turn(val_loss), None
    for epoch in range(val_loss.shape[1] - 1, turn, -1):
        if estimate(val_loss[:, epoch]).low <= estimate(val_loss[:, turn]).high:
            break
        since = epoch
    return turn, since


@wrong("overfits_since", "validation clearly up, and training clearly down")
def without_the_training_loss(train_loss, val_loss):
    turn = _turn(val_loss)
    return turn, _since(train_loss, val_loss, turn, lambda val, train: val.low > 0)


@wrong("overfits_since", "validation clearly up, and training clearly down")
def clear_in_either_direction(train_loss, val_loss):
    turn = _turn(val_loss)
    return turn, _since(train_loss, val_loss, turn, lambda val, t: val.is_clear and t.is_clear)


@wrong("overfits_since", "a pair (turn, since)")
def one_value(train_loss, val_loss):
    return _since(train_loss, val_loss, _turn(val_loss), _up_and_down)


@wrong("overfits_since", "the mean over the seeds decides")
def the_visible_epochs(train_loss, val_loss):
    return 3, 7 if train_loss[0, -1] < train_loss[0, 0] else None


@wrong("overfits_since", "the last stretch in which every epoch is clear")
def last_epoch_for_none(train_loss, val_loss):
    turn = _turn(val_loss)
    since = _since(train_loss, val_loss, turn, _up_and_down)
    return turn, val_loss.shape[1] - 1 if since is None else since


EQUIVALENT = {
    "corrupt_labels": {
        "torch.rand(len(y), generator=generator) < fraction -> "
        "torch.rand(len(y), generator=generator) <= fraction": "a draw equals it by chance 2^-24",
    },
    "exposes_leak": {
        "100.0 -> 200.0": "any number of samples that is large enough will do",
        "2 -> 1": "all samples may be of one class",
        "0 -> -1": "there is one feature, so the last is the first",
    },
    "overfits_since": {
        "val_loss.mean(0) -> val_loss.sum(0)": "each epoch has the same seeds: both rank alike",
    },
}
