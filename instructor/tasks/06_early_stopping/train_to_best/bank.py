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
    while len(losses) <= epochs and not tired(losses):
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
        if tired(losses):
            break
        train_epoch(model)
        loss = val_loss(model)
        if loss < np.nanmin(losses):
            kept = copy.deepcopy(model)
        losses.append(loss)
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
        if tired(losses):
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
