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
