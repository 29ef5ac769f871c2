"""The check of early stopping: right answers pass, wrong ones are named."""

import math

from course_utils import checks
from course_utils.regularizers import stopping_epoch
from tests.checking import cases, named, passes

nan = math.nan
inf = math.inf


def stop_by_index(losses, patience, min_delta):
    """Written from the record's end: how long ago was the last improvement?"""
    best, when = inf, -1
    for epoch, loss in enumerate(losses):
        if best - loss > min_delta or (best == inf and loss < inf):
            best, when = loss, epoch
        if epoch - when >= patience:
            return epoch
    return None


def stop_by_slices(losses, patience, min_delta):
    for end in range(1, len(losses) + 1):
        best, last = losses[0], 0
        for e in range(1, end):
            if losses[e] < best - min_delta:
                best, last = losses[e], e
        if end - 1 - last >= patience:
            return end - 1
    return None


def test_right_rules_pass():
    passes(checks.early_stopping, stopping_epoch, stop_by_index, stop_by_slices)


def stopping(improved=None, late=0, reset=0, start=inf, best_of=None, after=None, end=None):
    """Patience with one thing done differently."""
    improved = improved or (lambda loss, best, delta: loss < best - delta)

    def answer(losses, patience, min_delta):
        best, waited = start, 0
        for epoch, loss in enumerate(losses):
            if improved(loss, best, min_delta):
                best, waited = loss, reset if reset is not None else waited
            else:
                waited += 1
                if best_of:
                    best = best_of(best, loss)
            if waited >= patience + late:
                return after(losses, epoch) if after else epoch
        return end(losses) if end else None

    return answer


def changes_the_record(losses, patience, min_delta):
    answer = stopping_epoch(losses, patience, min_delta)
    losses.sort()
    return answer


@cases(
    late=(stopping(late=1), "patience + 1 epochs"),
    early=(
        lambda ls, p, d: stopping_epoch(ls, max(p - 1, 1), d),
        "one epoch too early",
    ),
    from_one=(stopping(after=lambda ls, e: e + 1), "epochs are counted from 1"),
    ties=(stopping(lambda loss, best, d: loss <= best - d), "ties count as improvements"),
    nan_improves=(
        stopping(lambda loss, best, d: not loss >= best - d),
        "NaN sets the count back",
    ),
    nan_is_best=(
        stopping(best_of=lambda best, loss: nan if math.isnan(loss) else best),
        "NaN takes the place of the best loss",
    ),
    no_min_delta=(stopping(lambda loss, best, d: loss < best), "`min_delta` is ignored"),
    added=(stopping(lambda loss, best, d: loss < best + d), "added to the best loss"),
    before=(stopping(best_of=lambda best, loss: loss), "compared with the one before"),
    no_reset=(stopping(reset=None), "never set back to 0"),
    best_epoch=(
        stopping(
            after=lambda ls, e: min(
                range(e + 1), key=lambda i: (math.isnan(ls[i]), ls[i] if ls[i] == ls[i] else 0)
            )
        ),
        "this is the best epoch",
    ),
    last=(stopping(end=lambda ls: len(ls) - 1), "None says that nothing happened"),
    drift=(stopping(best_of=min), "so they never add up"),
    from_zero=(stopping(start=0.0), "the best loss starts at 0"),
    never=(lambda ls, p, d: None, "it never stops"),
    truth=(lambda ls, p, d: stopping_epoch(ls, p, d) is not None, "by hand"),
    fixed=(lambda ls, p, d: stopping_epoch(ls, 2, d), "by hand"),
    changes=(changes_the_record, "changes nothing"),
)
def test_wrong_rules(answer, hint):
    named(checks.early_stopping, answer, hint)
