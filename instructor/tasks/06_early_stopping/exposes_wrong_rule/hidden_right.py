from course_utils.exercises import attempt, in_any_order


def counting_backward(val_losses, patience):
    """A right rule, written another way: how long ago was the first lowest loss?"""
    for end in range(len(val_losses)):
        seen = list(val_losses[: end + 1])
        numbers = [loss for loss in seen if not math.isnan(loss)]
        lowest = seen.index(min(numbers)) if numbers else -1  # a NaN at first is waited for, too
        if end - lowest >= patience:
            return end
    return None


def with_numpy(val_losses, patience):
    losses = np.nan_to_num(np.array(val_losses, dtype=float), nan=np.inf)
    before = np.concatenate([[np.inf], np.minimum.accumulate(losses)[:-1]])
    waited = 0
    for epoch, improved in enumerate(losses < before):
        waited = 0 if improved else waited + 1
        if waited >= patience:
            return np.int64(epoch)
    return None


def strict_about_patience(val_losses, patience):
    if patience < 1:
        raise ValueError("patience must be at least 1")
    return check.rule()(tuple(val_losses), patience)


with (
    attempt("exposes_wrong_rule", exposes_wrong_rule) as hidden,
    in_any_order(hidden, check.in_either_reading(exposes_wrong_rule)) as judge,
):
    check.verdict(judge, counting_backward, "")
    check.verdict(judge, strict_about_patience, "")
    check.verdict(judge, with_numpy, "")
    check.verdict(judge, regularizers.stopping_epoch, "")
    check.verdict(judge, check.rule(late=1), "waits for one epoch more than `patience`")
