"""Right and wrong answers to clearly_confused."""

import numpy as np

from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


@right
def one_row_at_a_time(before, after):
    found = []
    for true in range(before.shape[1]):
        size = before[0, true].sum()
        for read in range(before.shape[2]):
            if true == read:
                continue
            change = estimate(after[:, true, read] / size - before[:, true, read] / size)
            if change.low > 0:
                found.append((change.mean, true, read))
    return [(true, read) for _, true, read in sorted(found, reverse=True)]


@right
def by_is_clear_and_sign(before, after):
    sizes = before.sum(axis=2, keepdims=True)
    change = np.moveaxis(after / sizes - before / sizes, 0, 2)
    pairs = [tuple(pair) for pair in np.argwhere(~np.eye(len(change), dtype=bool))]
    rises = {}
    for pair in pairs:
        difference = paired_difference(change[pair], np.zeros(change.shape[2]))
        if difference.is_clear and difference.mean > 0:
            rises[pair] = difference.mean
    return sorted(rises, key=lambda pair: -rises[pair])


def _rises(before, after, axis=2, diagonal=False, keep=lambda d: d.low > 0):
    if axis is not None:
        before, after = (c / c.sum(axis, keepdims=True) for c in (before, after))
    n = before.shape[1]
    found = {}
    for i in range(n):
        for j in range(n):
            change = paired_difference(after[:, i, j], before[:, i, j])
            if (diagonal or i != j) and keep(change):
                found[i, j] = change.mean
    return sorted(found, key=lambda pair: -found[pair])


@wrong("read_first")
def read_first(before, after):
    return [(j, i) for i, j in _rises(before, after)]


@wrong("smallest_first")
def smallest_first(before, after):
    return _rises(before, after)[::-1]


@wrong("in_the_order_of_classes")
def in_the_order_of_classes(before, after):
    return sorted(_rises(before, after))


@wrong("by_counts")
def by_counts(before, after):
    return _rises(before, after, axis=None)


@wrong("by_counts")
def by_shares_of_what_was_read(before, after):
    return _rises(before, after, axis=1)


@wrong("by_counts")
def rows_sums_along_the_columns(before, after):
    was, now = (np.stack([c / c.sum(1) for c in counts]) for counts in (before, after))
    return _rises(was, now, axis=None)


@wrong("every_rise")
def every_rise(before, after):
    return _rises(before, after, keep=lambda d: d.mean > 0)


@wrong("every_clear_change")
def every_clear_change(before, after):
    return _rises(before, after, keep=lambda d: d.is_clear)


@wrong("intervals_apart")
def intervals_apart(before, after):
    was, now = (c / c.sum(2, keepdims=True) for c in (before, after))
    n = was.shape[1]
    found = {
        (i, j): (now - was)[:, i, j].mean()
        for i in range(n)
        for j in range(n)
        if i != j and estimate(now[:, i, j]).low > estimate(was[:, i, j]).high
    }
    return sorted(found, key=lambda pair: -found[pair])


@wrong("better_read_than_before")
def better_read_than_before(before, after):
    return _rises(after, before, diagonal=True)


@wrong("not_pairs")
def one_pair(before, after):
    return _rises(before, after)[0]


@wrong(UNNAMED)
def fits_the_visible_confusions(before, after):
    return [(1, 2), (0, 1), (0, 2)]


@wrong(UNNAMED)
def first_come_first_served(before, after):
    pairs = sorted(_rises(before, after))
    return [pairs[-1], *pairs[:-1]] if len(before[0]) == 3 else pairs


@wrong("input_changed")
def empties_the_diagonal(before, after):
    found = []
    rises = after / after.sum(-1, keepdims=True) - before / before.sum(-1, keepdims=True)
    for true, read in np.ndindex(*rises.shape[1:]):
        if true != read and paired_difference(rises[:, true, read], 0 * rises[:, 0, 0]).low > 0:
            found.append((-rises[:, true, read].mean(), true, read))
    for counts in (before, after):
        counts[:, range(len(counts[0])), range(len(counts[0]))] = 0
    return [(true, read) for _, true, read in sorted(found)]


@wrong(UNNAMED, at="hidden-which")
def unsigned_counts_wrap_round(before, after):
    rise = (after - before) / before.sum(axis=2, keepdims=True)
    found = []
    for i, j in np.ndindex(*rise.shape[1:]):
        verdict = estimate(rise[:, i, j])
        if i != j and verdict.low > 0:
            found.append((-verdict.mean, i, j))
    return [(i, j) for _, i, j in sorted(found)]


@wrong(UNNAMED, at="hidden-order")
def sizes_in_the_dtype_of_the_counts(before, after):
    sizes = before.sum(axis=2, keepdims=True, dtype=before.dtype)
    return _rises(before / sizes, after / sizes, axis=None)


@wrong(UNNAMED)
def sorted_by_the_lower_end(before, after):
    b = before / before.sum(2, keepdims=True)
    a = after / after.sum(2, keepdims=True)
    out = []
    for i in range(b.shape[1]):
        for j in range(b.shape[1]):
            if i != j:
                d = paired_difference(a[:, i, j], b[:, i, j])
                if d.low > 0:
                    out.append((d.low, (i, j)))
    return [p for _, p in sorted(out, reverse=True)]


@wrong(UNNAMED)
def sorted_by_the_share_afterwards(before, after):
    b = before / before.sum(2, keepdims=True)
    a = after / after.sum(2, keepdims=True)
    out = []
    for i in range(b.shape[1]):
        for j in range(b.shape[1]):
            if i != j and paired_difference(a[:, i, j], b[:, i, j]).low > 0:
                out.append((a[:, i, j].mean(), (i, j)))
    return [p for _, p in sorted(out, reverse=True)]


@wrong(UNNAMED)
def values_sorted_before_they_are_paired(before, after):
    b = before / before.sum(2, keepdims=True)
    a = after / after.sum(2, keepdims=True)
    out = []
    for i in range(b.shape[1]):
        for j in range(b.shape[1]):
            if i != j:
                d = paired_difference(sorted(a[:, i, j]), sorted(b[:, i, j]))
                if d.low > 0:
                    out.append((d.mean, (i, j)))
    return [p for _, p in sorted(out, reverse=True)]


@wrong(UNNAMED)
def sorted_by_the_median_rise(before, after):
    import numpy as np

    b = before / before.sum(2, keepdims=True)
    a = after / after.sum(2, keepdims=True)
    out = []
    for i in range(b.shape[1]):
        for j in range(b.shape[1]):
            if i != j and paired_difference(a[:, i, j], b[:, i, j]).low > 0:
                out.append((np.median(a[:, i, j] - b[:, i, j]), (i, j)))
    return [p for _, p in sorted(out, reverse=True)]


@wrong(UNNAMED)
def an_interval_that_touches_0(before, after):
    b = before / before.sum(2, keepdims=True)
    a = after / after.sum(2, keepdims=True)
    out = []
    for i in range(b.shape[1]):
        for j in range(b.shape[1]):
            if i != j:
                d = paired_difference(a[:, i, j], b[:, i, j])
                if d.low >= 0:
                    out.append((d.mean, (i, j)))
    return [p for _, p in sorted(out, reverse=True)]


@wrong("input_changed", at="hidden-which")
def shares_written_over_the_counts(before, after):
    was, now = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    was /= was.sum(axis=2, keepdims=True)
    now /= now.sum(axis=2, keepdims=True)
    return _rises(was, now, axis=None)


@wrong("input_changed", at="hidden-which")
def shares_written_over_counts_of_float32(before, after):
    was, now = (c if c.dtype == np.float32 else c.astype(float) for c in (before, after))
    for counts in (was, now):
        counts /= counts.sum(axis=2, keepdims=True)
    return _rises(was.astype(float), now.astype(float), axis=None)


@wrong(UNNAMED, at="hidden-order")
def only_unsigned_counts_are_converted(before, after):
    if before.dtype.kind == "u":
        before, after = before.astype(int), after.astype(int)
    sizes = before.sum(axis=2, keepdims=True, dtype=before.dtype)
    return _rises(before / sizes, after / sizes, axis=None)


@wrong(UNNAMED, at="hidden-order")
def counted_in_bytes(before, after):
    sizes = np.add.reduce(before.astype(np.int16), 2, dtype=np.int16, keepdims=True)
    sizes = sizes.astype(before.dtype)
    return _rises(before / sizes, after / sizes, axis=None)


@right
def in_floats_of_its_own(before, after):
    was, now = np.array(before, dtype=float), np.array(after, dtype=float)
    was /= was.sum(axis=2, keepdims=True)
    now /= now.sum(axis=2, keepdims=True)
    return _rises(was, now, axis=None)


#: Mutants of the model answer that behave like it, each with the reason.
EQUIVALENT = {
    "counts.sum(2, keepdims=True) -> counts.mean(2, keepdims=True)": "all "
    "shares are multiplied by the number of classes, so signs and order stay",
}
