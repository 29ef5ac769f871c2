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
    lucky = np.array([0, 0, 0, 0, 0, 20])
    wave = np.array([2, 0, 2, 0, 2, 0])
    for changes, wanted in (
        ({(6, 9): 20 + wave, (9, 6): 10 + wave, (2, 5): lucky}, [(6, 9), (9, 6)]),
        ({(2, 5): 3, (5, 2): -3, (0, 1): wave - 1}, [(2, 5)]),
        ({(4, 1): lucky}, []),
        ({(7, 1): -3, (1, 7): -2}, []),
    ):
        before, after = confusions(changes, [200] * 10)
        given = {pair: round(float(np.mean(change)), 1) for pair, change in changes.items()}
        for kind in ("int64", "uint8", "float32"):
            on = f"10 classes of 200 images, 6 seeds, mean changes of counts {given}, {kind}"
            got = clearly_confused(before.astype(kind), after.astype(kind))
            hint = "clear rises only: off the diagonal, upward, in an interval that excludes 0"
            if kind == "uint8":
                hint = "take shares before the difference: a count of uint8 is never below 0"
            what, got = "which pairs", sorted((int(i), int(j)) for i, j in got)
            hidden.that(got == sorted(wanted), what, on=on, expected=wanted, got=got, hint=hint)
    # Counts at random: what the pairing by seed says, and nothing else.
    dice = np.random.default_rng(11)
    for kind in (np.int64, np.float64, np.int32) * 5:
        level = dice.integers(0, 25, (5, 1, 1)) * dice.integers(0, 2)
        counts = dice.integers(5, 12, (2, 5, 4, 4)) + level
        counts[1] += dice.integers(0, 7, (4, 4))
        sizes = np.array([120, 150, 200, 260])
        for one in counts:
            one[:, range(4), range(4)] = 0
            one[:, range(4), range(4)] = sizes - one.sum(2)
        shares = counts / sizes[:, None]
        wanted = [
            (i, j)
            for i in range(4)
            for j in range(4)
            if i != j and paired_difference(shares[1, :, i, j], shares[0, :, i, j]).low > 0
        ]
        given = counts.astype(kind)
        got = sorted((int(i), int(j)) for i, j in clearly_confused(*given))
        on = f"counts of 5 seeds at random, classes of {sizes.tolist()} images, {kind.__name__}"
        hidden.that(got == wanted, "which pairs", on=on, expected=wanted, got=got, hint=hint)
    counts = check.small_confusions()
    for kind in ("int64", "float64", "float32", "int8"):  # `np.asarray(..., float)` may be a view
        before = [array.astype(kind) for array in counts]
        given = [array.copy() for array in before]
        clearly_confused(*given)
        hidden.kept(given, before, on=f"the counts of the visible check, {kind}")
