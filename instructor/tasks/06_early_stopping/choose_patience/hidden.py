from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt


class Mistake(Mistakes):
    THE_LARGEST_IF_NONE = "if all of them are clearly worse, the answer is (None, 0.0)"


with attempt("choose_patience", choose_patience) as hidden:
    watched = np.array([[5, 4, 4.2, 3, 3.1, 3.2, 2.9, 3.5], [6, 5, 5.2, 4, 4.1, 4.2, 3.9, 4.5]])
    wave = np.array([[1], [-1]])
    slope = np.array([[0, 1, 2, 3, 4, 5, 6, 7]])
    for name, fresh, wanted in (
        ("fresh losses follow the watched ones", watched + 0.001 * wave * slope, 3),
        ("fresh losses rise all along", slope + 0.001 * wave * slope + 1.0, 1),
        ("fresh losses differ between the seeds only", 1.0 + wave + 0.0 * slope, 1),
        ("fresh losses are high at epoch 3", 1.0 + (slope == 3) + 0.001 * wave * slope, 1),
        ("the first epochs are uncertain", 1.0 + (wave + 0.5) * (slope < 3), 1),
    ):
        on = f"two seeds, 7 epochs, {name}; patiences 1, 2, 3"
        got = hidden.pair(choose_patience(watched, fresh, [1, 2, 3]), "patience, saved", on=on)[0]
        hint = "clearly worse: the interval of paired differences of fresh losses lies above 0"
        hidden.that(got is not None, "patience", on=on, expected=wanted, got=got, hint=hint)
        hidden.close("patience", got, wanted, on=on, hint=hint)
    falling = np.array([[5, 4, 3, 2], [6, 5, 4, 3.0]])
    on = "two seeds, 3 epochs, fresh losses fall all along; patiences = [2]"
    got = hidden.pair(choose_patience(falling, falling, [2]), "patience, saved", on=on)[0]
    hint = "a run that is never stopped reaches the last epoch, which may be the best"
    hidden.that(got == 2, "patience", on=on, expected=2, got=got, hint=hint)
    on = "two seeds, 7 epochs, every patience of [1, 2] is clearly worse"
    got = choose_patience(watched, watched + 0.001 * wave * slope, [1, 2])
    got = hidden.pair(got, "patience, saved", on=on)
    hint = Mistake.THE_LARGEST_IF_NONE
    hidden.that(got[0] is None, "patience", on=on, expected=None, got=got[0], hint=hint)
    watched = np.array([[3.0, 2.0, 2.0, 2.5, 2.5], [4.0, 3.0, 3.0, 3.5, 3.5]])
    fresh = np.array([[3.0, 1.0, 2.0, 3.0, 3.0], [4.0, 2.0, 3.01, 4.0, 4.0]])
    watched = np.hstack([watched, [[1.9], [2.9]]])
    fresh = np.hstack([fresh, [[1.2], [2.2]]])
    on = f"watched = {watched.tolist()}, fresh = {fresh.tolist()}, patiences = [2]"
    got = hidden.pair(choose_patience(watched, fresh, [2]), "patience, saved", on=on)[0]
    hint = "of two epochs that are equally good, the first is restored"
    hidden.that(got == 2, "patience", on=on, expected=2, got=got, hint=hint)
    # Records at random: the two halves agree in the long run, and not epoch by epoch.
    dice = np.random.default_rng(7)
    for _ in range(40):
        n, last = int(dice.integers(3, 8)), int(dice.integers(6, 14))
        slope = 2 * np.exp(-np.arange(last + 1) / 3) + 0.05 * np.arange(last + 1)
        halves = slope + dice.normal(0, 0.1, (n, 1)) + dice.normal(0, 0.15, (2, n, last + 1))
        watched, fresh = halves.round(4)
        full, wanted = fresh[np.arange(n), watched.argmin(1)], None
        for patience in (1, 2, 3):
            ends = [regularizers.stopping_epoch(row.tolist(), patience) for row in watched]
            ends = [last if e is None else e for e in ends]
            kept = [row[: e + 1].argmin() for row, e in zip(watched, ends, strict=True)]
            if paired_difference(fresh[np.arange(n), kept], full).low <= 0:
                wanted = patience
                break
        given = watched.copy(), fresh.copy()
        on = f"watched = {watched.tolist()}, fresh = {fresh.tolist()}, patiences = [1, 2, 3]"
        patiences = [1, 2, 3]
        got = hidden.pair(choose_patience(*given, patiences), "patience, saved", on=on)[0]
        hidden.kept([patiences], [[1, 2, 3]], on=on)
        hint = "stop and restore by the watched losses; compare by the fresh ones of these epochs"
        hidden.that(got == wanted, "patience", on=on, expected=wanted, got=got, hint=hint)
        kept = all(map(np.array_equal, given, (watched, fresh)))
        hint, what = "write into a copy; others need the record", "the record is not changed"
        hidden.that(kept, what, on=on, expected="the same losses", got="changed ones", hint=hint)
