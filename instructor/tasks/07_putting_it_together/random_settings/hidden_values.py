from course_utils.exercises import attempt

box = {
    "rate": Range(1e-4, 10.0, log=True),
    "angle": Range(-30, 10),
    "optimizer": ["SGD", "Adam", "AdamW", "RMSprop"],
    "width": Range(16.0, 64.0, log=True),
}
with attempt("random_settings", random_settings, by_hand=check.SEARCH) as hidden:
    on = "rate 1e-4 to 10 (log), angle -30 to 10, 4 optimizers, width 16 to 64 (log), budget 3000"
    got = random_settings(box, 3000, 7)
    check.evenly_drawn(hidden, got, box, on=on)
    check.independently_drawn(hidden, got, box, on=on)
    for budget in (1, 2):
        many, on = len(random_settings(box, budget, 7)), f"a budget of {budget}"
        hint = "exactly as many settings as the budget allows"
        hidden.close("budget", many, budget, on=on, hint=hint)
    for name in ("rate", "angle", "width"):
        values, low, high = [s[name] for s in got], box[name].low, box[name].high
        where = f"{name}, {on}"
        hint = "every value of the range is possible, not only those of a grid"
        many = len({round(float(v), 12) for v in values})
        what = "values are drawn from the whole range"
        hidden.that(many > 2900, what, on=where, expected="3000 values", got=many, hint=hint)
        ends = (math.log(low), math.log(high)) if box[name].log else (low, high)
        places = [math.log(v) if box[name].log else v for v in values]
        shares = np.histogram(places, bins=10, range=ends)[0] / 3000
        hint = "each tenth of the range is as likely as the next one"
        what = "the shares of the ten tenths of the range"
        hidden.close(what, shares, [0.1] * 10, on=where, hint=hint, atol=0.03)
        hint = "make an independent draw for each value; no draw makes up for earlier ones"
        what = "every value is an independent draw"
        held = float(np.std(shares)) > 0.0005
        expected = "shares that differ a little, as those of random draws do"
        hidden.that(held, what, on=where, expected=expected, got=shares.tolist(), hint=hint)
    mixed = {"norm": [None, "batch", 4], "size": ["auto", 2], "p": Range(0.0, 0.5)}
    before = {"norm": list(mixed["norm"]), "size": list(mixed["size"]), "p": mixed["p"]}
    on = "options [None, 'batch', 4] and ['auto', 2], p 0 to 0.5, budget 600"
    many = random_settings(mixed, 600, 1)
    strangers = [s["size"] for s in many if s["size"] not in before["size"]]
    what, hint = "options are returned unconverted", "return the option itself, with its type"
    got = [f"{v!r} of type {type(v).__name__}" for v in strangers[:1]]
    hidden.that(not strangers, what, on=on, expected=before["size"], got=got, hint=hint)
    check.evenly_drawn(hidden, many, before, on=on)
    hint = "shuffle or change a copy; the caller still needs the box"
    what = "the box is not changed"
    hidden.that(mixed == before, what, on=on, expected=before, got=mixed, hint=hint)
    pairs = [random_settings({"size": [8, 16]}, 2, seed) for seed in range(60)]
    alike = sum(first == second for first, second in pairs)
    hint = "an option that was drawn may come again: each draw is one of the whole list"
    what, on = "every value is a throw of its own", "size [8, 16], budget 2, seeds 0 to 59"
    got = f"in {alike} of 60 searches the second size is the first again"
    hidden.that(8 < alike < 52, what, on=on, expected="in about 30 of 60", got=got, hint=hint)
