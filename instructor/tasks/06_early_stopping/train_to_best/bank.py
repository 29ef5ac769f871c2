"""Right and wrong answers to train_to_best."""

import copy
import math

import numpy as np
import torch

from instructor.answers import UNNAMED, right, wrong


@right
def with_clones(model, train_epoch, val_loss, epochs, tired):
    losses = [val_loss(model)]
    best, kept = losses[0], {k: v.clone() for k, v in model.state_dict().items()}
    while len(losses) <= epochs and not (len(losses) > 1 and tired(losses)):
        train_epoch(model)
        losses += [val_loss(model)]
        if losses[-1] < best or math.isnan(best):
            best, kept = losses[-1], {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(kept)
    return losses


@right
def by_a_copy_of_the_model(model, train_epoch, val_loss, epochs, tired):
    losses, kept = [val_loss(model)], copy.deepcopy(model)
    for _ in range(epochs):
        train_epoch(model)
        loss = val_loss(model)
        if loss < np.nanmin(losses):
            kept = copy.deepcopy(model)
        losses.append(loss)
        if tired(losses):
            break
    with torch.no_grad():
        for tensors, best in (
            (model.parameters(), kept.parameters()),
            (model.buffers(), kept.buffers()),
        ):
            for tensor, value in zip(tensors, best, strict=True):
                tensor.copy_(value)
    return losses


@right
def all_states_kept(model, train_epoch, val_loss, epochs, tired):
    losses, states = [], []
    for epoch in range(epochs + 1):
        if epoch:
            train_epoch(model)
        losses.append(val_loss(model))
        states.append(copy.deepcopy(model.state_dict()))
        if epoch and tired(losses):
            break
    model.load_state_dict(states[int(np.nanargmin(losses))])
    return torch.tensor(losses)


def _train(
    model, train_epoch, val_loss, epochs, tired, *, keep, better=None, first=0, only_if_tired=False
):
    losses, lowest, kept, fired = [], math.inf, keep(model), False
    for epoch in range(epochs + 1):
        if epoch > 0:
            train_epoch(model)
        losses.append(val_loss(model))
        if better(losses[-1], lowest) if better else losses[-1] < lowest:
            lowest, kept = losses[-1], keep(model)
        if tired(losses):
            fired = True
            break
    if fired or not only_if_tired:
        model.load_state_dict(kept, strict=False)
    return losses[first:]


def _state(model):
    return copy.deepcopy(model.state_dict())


@wrong("kept_a_view")
def aliased(*given):
    return _train(*given, keep=lambda model: model.state_dict())


@wrong("kept_a_view")
def copied_on_the_surface(*given):
    return _train(*given, keep=lambda model: copy.copy(model.state_dict()))


@wrong("last_weights")
def last_weights(model, train_epoch, val_loss, epochs, tired):
    losses = [val_loss(model)]
    while len(losses) <= epochs and not tired(losses):
        train_epoch(model)
        losses.append(val_loss(model))
    return losses


@wrong("only_if_patience_ran_out")
def only_if_patience_ran_out(*given):
    return _train(*given, keep=_state, only_if_tired=True)


@wrong("later_of_two")
def later_of_two(*given):
    return _train(*given, keep=_state, better=lambda loss, lowest: loss <= lowest)


@wrong(UNNAMED)
def nan_is_better(*given):
    return _train(*given, keep=_state, better=lambda loss, lowest: not loss >= lowest)


@wrong("without_buffers")
def without_buffers(*given):
    def parameters(model):
        return {name: p.detach().clone() for name, p in model.named_parameters()}

    return _train(*given, keep=parameters)


@wrong("without_the_untrained_model")
def without_the_untrained_model(*given):
    return _train(*given, keep=_state, first=1)


@wrong("never_tired")
def never_tired(model, train_epoch, val_loss, epochs, tired):
    return _train(model, train_epoch, val_loss, epochs, lambda losses: False, keep=_state)


@wrong("asked_before_the_first")
def tired_before_anything_was_trained(model, train_epoch, val_loss, epochs, tired):
    record, best = [float(val_loss(model))], copy.deepcopy(model)
    while len(record) < epochs + 1:
        if tired(record):
            break
        train_epoch(model)
        if (score := float(val_loss(model))) < np.nanmin(record):
            best = copy.deepcopy(model)
        record = [*record, score]
    model.load_state_dict(best.state_dict())
    return record


@wrong(UNNAMED)
def losses_rounded_to_three_digits(model, train_epoch, val_loss, epochs, tired):
    record, states = [], []
    for e in range(1 + epochs):
        record += [round(val_loss(model), 3)] if not e else []
        states += [copy.deepcopy(model.state_dict())] if not e else []
        if e:
            train_epoch(model)
            record.append(round(val_loss(model), 3))
            states.append(copy.deepcopy(model.state_dict()))
            if tired(record):
                break
    model.load_state_dict(states[int(np.nanargmin(record))])
    return record


@wrong("one_epoch_short")
def one_epoch_short(model, train_epoch, val_loss, epochs, tired):
    return _train(model, train_epoch, val_loss, epochs - 1, tired, keep=_state)


@wrong("returns_nothing")
def without_a_return(*given):
    _train(*given, keep=_state)


@wrong(UNNAMED)
def untrained_model_never_kept(model, train_epoch, val_loss, epochs, tired):
    losses, lowest, kept = [val_loss(model)], math.inf, _state(model)
    while len(losses) <= epochs and not tired(losses):
        train_epoch(model)
        losses.append(val_loss(model))
        if losses[-1] < lowest:
            lowest, kept = losses[-1], _state(model)
    model.load_state_dict(kept)
    return losses


@right
def with_a_best_epoch(model, train_epoch, val_loss, epochs, tired):
    record, snapshots = [val_loss(model)], {}
    snapshots[0] = {name: value.detach().clone() for name, value in model.state_dict().items()}
    epoch, best_epoch, over = 0, 0, False
    while not over and epoch < epochs:
        epoch += 1
        train_epoch(model)
        record.append(val_loss(model))
        if record[epoch] < record[best_epoch]:
            snapshots = {
                epoch: {name: value.detach().clone() for name, value in model.state_dict().items()}
            }
            best_epoch = epoch
        over = bool(tired(record))
    model.load_state_dict(snapshots[best_epoch])
    return record


def _loop(model, train_epoch, val_loss, epochs, stop):
    """The loop of the answers below; each says when to stop, and what it hands out."""
    record, best = [val_loss(model)], copy.deepcopy(model)
    for done in range(1, epochs + 1):
        train_epoch(model)
        record.append(val_loss(model))
        if record[-1] < min([loss for loss in record[:-1] if loss == loss]):
            best = copy.deepcopy(model)
        if stop(record, done):
            break
    with torch.no_grad():
        for name, value in model.state_dict().items():
            value.copy_(best.state_dict()[name])
    return record


@wrong("never_tired")
def a_patience_of_its_own(model, train_epoch, val_loss, epochs, tired):
    def stop(record, done):
        numbers = [math.inf if math.isnan(loss) else loss for loss in record]
        waited = done - numbers.index(min(numbers))
        return waited > 0 and tired(record)

    return _loop(model, train_epoch, val_loss, epochs, stop)


@wrong(UNNAMED)
def asks_with_the_last_loss_alone(model, train_epoch, val_loss, epochs, tired):
    return _loop(
        model,
        train_epoch,
        val_loss,
        epochs,
        lambda record, done: tired([min(record), *[math.nan] * (len(record) - 2), record[-1]]),
    )


@wrong(UNNAMED)
def asks_one_epoch_late(model, train_epoch, val_loss, epochs, tired):
    return _loop(model, train_epoch, val_loss, epochs, lambda record, done: tired(record[:-1]))


@wrong("never_tired")
def shows_the_last_four_losses(model, train_epoch, val_loss, epochs, tired):
    return _loop(model, train_epoch, val_loss, epochs, lambda record, done: tired(record[-4:]))


@wrong(UNNAMED)
def kept_in_single_precision(model, train_epoch, val_loss, epochs, tired):
    record, states = [], []
    for done in range(epochs + 1):
        if done:
            train_epoch(model)
        record.append(val_loss(model))
        states.append({name: value.float() * 1 for name, value in model.state_dict().items()})
        if done and tired(record):
            break
    model.load_state_dict(states[int(np.nanargmin(record))])
    return record


@wrong(UNNAMED)
def scores_twice(model, train_epoch, val_loss, epochs, tired):
    lowest, best, record = val_loss(model), copy.deepcopy(model.state_dict()), [val_loss(model)]
    for _ in range(epochs):
        train_epoch(model)
        record.append(val_loss(model))
        if val_loss(model) < lowest:
            lowest, best = record[-1], copy.deepcopy(model.state_dict())
        if tired(record):
            break
    model.load_state_dict(best)
    return record


@wrong(UNNAMED)
def scores_the_best_again(model, train_epoch, val_loss, epochs, tired):
    record = _loop(model, train_epoch, val_loss, epochs, lambda record, done: tired(record))
    return [*record[:-1], max(record[-1], val_loss(model))]


@wrong("never_tired", at="hidden")
def tired_must_be_the_true_of_python(model, train_epoch, val_loss, epochs, tired):
    return _loop(model, train_epoch, val_loss, epochs, lambda record, done: tired(record) is True)


@wrong(UNNAMED, at="hidden")
def goes_on_only_at_the_false_of_python(model, train_epoch, val_loss, epochs, tired):
    return _loop(
        model, train_epoch, val_loss, epochs, lambda record, done: tired(record) is not False
    )


@wrong("never_tired", at="hidden")
def tired_must_be_a_bool_of_python(model, train_epoch, val_loss, epochs, tired):
    def stop(record, done):
        said = tired(record)
        return isinstance(said, bool) and said

    return _loop(model, train_epoch, val_loss, epochs, stop)
