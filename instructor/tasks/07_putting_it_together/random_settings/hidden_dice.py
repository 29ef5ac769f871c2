from course_utils.exercises import attempt


class Name(str):
    """A name with another hash, as the same string has in another process."""

    def __hash__(self):
        return super().__hash__() ^ 0x5555


with attempt("random_settings", random_settings, by_hand=check.SEARCH) as hidden:
    check.own_dice(hidden, random_settings, {"L2": Range(1e-3, 1.0, log=True), "p": Range(0, 0.5)})
    check.own_dice(
        hidden, random_settings, {"size": [8, 16, 32, 64, 128, 256], "p": Range(0.0, 1.0)}
    )
    box = {"L2": Range(1e-3, 1.0, log=True), "size": [8, 16, 32, 64]}
    first, again = (random_settings(box, 5, 0) for _ in range(2))
    what, hint = "seed 0 gives the same settings", "0 is a seed like any other"
    hidden.that(first == again, what, on="seed 0, twice", expected=first, got=again, hint=hint)
    elsewhere = random_settings({Name(name): choice for name, choice in box.items()}, 5, 0)
    values, others = ([list(setting.values()) for setting in s] for s in (first, elsewhere))
    what, on = "the same settings in another process", "seed 0, names whose hash differs"
    hint = "draw from `seed` alone: hash(), id() and the order of a set differ from run to run"
    hidden.that(values == others, what, on=on, expected=values, got=others, hint=hint)
