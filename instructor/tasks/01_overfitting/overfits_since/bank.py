"""Right and wrong answers to overfits_since."""

import numpy as np

from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


@right
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


@right
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


@wrong("lowest_single_loss")
def lowest_single_loss(train_loss, val_loss):
    turn = int(val_loss.min(0).argmin())
    return turn, _since(train_loss, val_loss, turn, _up_and_down)


@wrong("turn_of_the_training_loss")
def turn_of_the_training_loss(train_loss, val_loss):
    turn = int(train_loss.mean(0).argmin())
    return turn, _since(train_loss, val_loss, turn, _up_and_down)


@wrong("first_clear_epoch")
def first_clear_epoch(train_loss, val_loss):
    turn = _turn(val_loss)
    return turn, _since(train_loss, val_loss, turn, _up_and_down, lasting=False)


@wrong("by_the_means")
def by_the_means(train_loss, val_loss):
    turn = _turn(val_loss)
    return turn, _since(train_loss, val_loss, turn, lambda val, train: val.mean > 0)


@wrong("overlapping_intervals")
def overlapping_intervals(train_loss, val_loss):
    turn, since = _turn(val_loss), None
    for epoch in range(val_loss.shape[1] - 1, turn, -1):
        if estimate(val_loss[:, epoch]).low <= estimate(val_loss[:, turn]).high:
            break
        since = epoch
    return turn, since


@wrong("without_the_training_loss")
def without_the_training_loss(train_loss, val_loss):
    turn = _turn(val_loss)
    return turn, _since(train_loss, val_loss, turn, lambda val, train: val.low > 0)


@wrong("not_both_clear")
def clear_in_either_direction(train_loss, val_loss):
    turn = _turn(val_loss)
    return turn, _since(train_loss, val_loss, turn, lambda val, t: val.is_clear and t.is_clear)


@wrong("not_a_pair")
def one_value(train_loss, val_loss):
    return _since(train_loss, val_loss, _turn(val_loss), _up_and_down)


@wrong(UNNAMED)
def the_visible_epochs(train_loss, val_loss):
    return 3, 7 if train_loss[0, -1] < train_loss[0, 0] else None


@wrong("not_to_the_end")
def last_epoch_for_none(train_loss, val_loss):
    turn = _turn(val_loss)
    since = _since(train_loss, val_loss, turn, _up_and_down)
    return turn, val_loss.shape[1] - 1 if since is None else since


@wrong("input_changed")
def subtracts_the_turn_in_place(train_loss, val_loss):
    turn = int(np.argmin([column.mean() for column in val_loss.T]))
    train_loss -= train_loss[:, [turn]].copy()
    val_loss -= val_loss[:, [turn]].copy()
    since = None
    for epoch in reversed(range(turn + 1, val_loss.shape[1])):
        if estimate(val_loss[:, epoch]).low <= 0 or estimate(train_loss[:, epoch]).high >= 0:
            return turn, since
        since = epoch
    return turn, since


@wrong(UNNAMED)
def sorts_the_seeds(train_loss, val_loss):
    return forward_with_a_reset(np.sort(train_loss, axis=0), np.sort(val_loss, axis=0))


@wrong(UNNAMED)
def by_the_median_curve(train_loss, val_loss):
    middle = np.median(val_loss, axis=0).argmin()
    return int(middle), forward_with_a_reset(train_loss, val_loss)[1]


#: Mutants of the model answer that behave like it, each with the reason.


@wrong("not_both_clear")
def training_previous(train_loss, val_loss):
    turn = int(val_loss.mean(axis=0).argmin())
    since = None
    for epoch in range(val_loss.shape[1] - 1, turn, -1):
        v = paired_difference(val_loss[:, epoch], val_loss[:, turn])
        t = paired_difference(train_loss[:, epoch], train_loss[:, epoch - 1])
        if v.low > 0 and t.high < 0:
            since = epoch
        else:
            break
    return turn, since


@wrong("not_both_clear")
def validation_to_end_training_once(train_loss, val_loss):
    turn = int(val_loss.mean(axis=0).argmin())
    since = None
    for epoch in range(val_loss.shape[1] - 1, turn, -1):
        v = paired_difference(val_loss[:, epoch], val_loss[:, turn])
        t = paired_difference(train_loss[:, -1], train_loss[:, turn])
        if v.low > 0 and t.high < 0:
            since = epoch
        else:
            break
    return turn, since


@wrong(UNNAMED, at="hidden-turn")
def means_rounded(train_loss, val_loss):
    turn, since = int(val_loss.mean(0).round(2).argmin()), None
    for epoch in range(val_loss.shape[1] - 1, turn, -1):
        up = paired_difference(val_loss[:, epoch], val_loss[:, turn])
        down = paired_difference(train_loss[:, epoch], train_loss[:, turn])
        if not (up.low > 0 and down.high < 0):
            break
        since = epoch
    return turn, since


@wrong("no_such_epoch", at="hidden-since")
def the_epoch_after_the_last_for_none(train_loss, val_loss):
    turn = int(val_loss.mean(0).argmin())
    since = turn + 1
    for epoch in range(turn + 1, val_loss.shape[1]):
        up = paired_difference(val_loss[:, epoch], val_loss[:, turn])
        down = paired_difference(train_loss[:, epoch], train_loss[:, turn])
        if not (up.low > 0 and down.high < 0):
            since = epoch + 1
    return turn, since


EQUIVALENT = {
    "val_loss.mean(0) -> val_loss.sum(0)": "each epoch has the same seeds: both rank alike",
}
