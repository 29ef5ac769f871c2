import numpy as np

from course_utils.exercises import attempt


def confusions(changes, sizes, seeds=6):
    """Counts before and after, in which the pairs in `changes` move by so much in each seed."""
    classes = len(sizes)
    before = np.zeros((seeds, classes, classes), dtype=int) + 3
    before += np.random.default_rng(0).integers(0, 9, (seeds, 1, 1))
    after = before.copy()
    for (i, j), change in changes.items():
        after[:, i, j] += change
    for counts in (before, after):
        for i, size in enumerate(sizes):
            counts[:, i, i] = 0
            counts[:, i, i] = size - counts[:, i].sum(1)
    return before, after


with attempt("clearly_confused", clearly_confused) as hidden:
    changes, sizes = {(0, 1): 20, (1, 2): 15, (2, 0): 30, (3, 0): 5}, [400, 200, 500, 60]
    before, after = confusions(changes, sizes)
    got = [(int(i), int(j)) for i, j in clearly_confused(before, after)]
    on = f"classes of {sizes} images, changes of counts {changes}"
    wanted, hint = [(3, 0), (1, 2), (2, 0), (0, 1)], "sort by the mean rise of the share, downward"
    hidden.that(got == wanted, "the order", on=on, expected=wanted, got=got, hint=hint)
    # More images of a class than uint8 can count, though each count fits.
    before = np.full((6, 3, 3), [[100, 100, 100], [90, 80, 80], [60, 60, 80]], dtype=np.uint8)
    before[:, :, 2] += np.arange(6, dtype=np.uint8)[:, None]
    after = before.copy()
    changes = {(0, 1): 20, (1, 0): 30, (2, 1): 10}
    for (i, j), change in changes.items():
        after[:, i, j] += change
        after[:, i, 2] -= change
    got = [(int(i), int(j)) for i, j in clearly_confused(before, after)]
    on = f"classes of about 300, 250 and 200 images, uint8, changes of counts {changes}"
    wanted, hint = [(1, 0), (0, 1), (2, 1)], "a sum of numbers of uint8 may be above 255"
    hidden.that(got == wanted, "the order", on=on, expected=wanted, got=got, hint=hint)
    # As many as int8 can count, and rows and differences that it cannot.
    before = np.full((6, 3, 3), [[100, 60, 40], [60, 100, 30], [90, 20, 60]], dtype=np.int8)
    before[:, :, 2] += np.arange(6, dtype=np.int8)[:, None]
    after, changes = before.copy(), {(0, 1): 25, (1, 0): 40, (2, 1): 8}
    for (i, j), change in changes.items():
        after[:, i, j] += change
        after[:, i, i] -= change
    got = [(int(i), int(j)) for i, j in clearly_confused(before, after)]
    on = f"classes of about 200, 190 and 170 images, int8, changes of counts {changes}"
    wanted, hint = [(1, 0), (0, 1), (2, 1)], "a sum of numbers of int8 may be above 127"
    hidden.that(got == wanted, "the order", on=on, expected=wanted, got=got, hint=hint)
    # Rises whose means, medians, lower ends and shares afterwards have orders of their own.
    rises = {
        (0, 1): np.array([30, 30, 31, 30, 31, 28]),  # mean 30, hardly any spread
        (1, 2): np.array([20, 24, 62, 27, 25, 34]),  # mean 32, median 26, a wide interval
        (2, 3): np.array([28, 28, 28, 28, 28, 16]),  # mean 26, median 28
        (3, 0): np.array([24, 23, 22, 24, 23, 22]),  # mean 23, and the largest share afterwards
    }
    start = {pair: np.zeros(6, dtype=int) for pair in rises} | {(3, 0): np.arange(6) + 90}
    before, after = np.zeros((2, 6, 4, 4))
    for (i, j), change in rises.items():
        before[:, i, j], after[:, i, j] = start[i, j], start[i, j] + change
    for counts in (before, after):
        counts[:, range(4), range(4)] = 200 - counts.sum(2)
    got = [(int(i), int(j)) for i, j in clearly_confused(before, after)]
    told = {pair: change.tolist() for pair, change in rises.items()}
    hint = "sort by the mean rise of the share, downward"
    on, wanted = f"classes of 200 images, changes by seed {told}", [(1, 2), (0, 1), (2, 3), (3, 0)]
    hidden.that(got == wanted, "the order", on=on, expected=wanted, got=got, hint=hint)
