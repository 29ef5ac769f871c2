from course_utils.exercises import attempt


def counting_backward(val_losses, patience):
    """A right rule, written another way: how long ago was the first lowest loss?"""
    for end in range(len(val_losses)):
        seen = [math.inf if math.isnan(loss) else loss for loss in val_losses[: end + 1]]
        if end - seen.index(min(seen)) >= patience:
            return end
    return None


def strict_about_patience(val_losses, patience):
    if patience < 1:
        raise ValueError("patience must be at least 1")
    return check.rule()(tuple(val_losses), patience)


with attempt("exposes_wrong_rule", exposes_wrong_rule) as hidden:
    judge = exposes_wrong_rule
    check.verdict(hidden, judge, counting_backward, "")
    check.verdict(hidden, judge, strict_about_patience, "")
    check.verdict(hidden, judge, check.rule(late=1), "waits for one epoch more than `patience`")
