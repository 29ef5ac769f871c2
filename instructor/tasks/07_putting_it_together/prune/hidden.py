from course_utils.exercises import attempt

wave = np.array([1, -1, 1, -1, 1, -1, 1, -1])
seeds = np.linspace(0.6, 0.9, 8)


def of_sums(**gains):
    return lambda mix: seeds + sum(gains[name] * mix.get(name, 0) for name in gains)


def of_pairs(mix):
    """Augmentation and early stopping do nothing alone and much together; L2 disturbs them."""
    both = "augmentation" in mix and "early stopping" in mix
    return seeds + 0.05 * both - 0.01 * ("L2" in mix) + 0.004 * wave * ("dropout" in mix)


def of_stand_ins(mix):
    """Three do the same work; the last of them does a little more."""
    work = {"L2": 0.03, "dropout": 0.031 + 0.002 * wave, "augmentation": 0.033 + 0.003 * wave}
    return seeds + max((work[name] for name in mix if name in work), key=np.mean, default=0)


def of_fractions(mix):
    return (of_stand_ins(mix) - seeds).tolist() if mix else [0.0] * 8


with attempt("prune", prune) as hidden:
    for what, score, mix, kept in (
        (
            "nothing helps",
            of_sums(a=-0.01, b=0 * wave, c=0.02 * wave),
            {"a": 1, "b": 2, "c": 1},
            [],
        ),
        ("no technique at all", of_sums(), {}, []),
        ("all are needed", of_sums(a=0.01, b=0.002, c=0.003), {"a": 1, "b": 2.5, "c": 1}, "abc"),
        ("a harm that is larger than the gains", of_sums(a=0.01, b=-0.3), {"a": 1, "b": 1}, "a"),
        (
            "two that work only together, one that harms, one that does nothing",
            of_pairs,
            {"L2": 1e-3, "dropout": 0.3, "augmentation": 1.0, "early stopping": 10},
            ["augmentation", "early stopping"],
        ),
        (
            "three that do the same work",
            of_stand_ins,
            {"L2": 1e-3, "dropout": 0.3, "augmentation": 1.0},
            ["augmentation"],
        ),
        ("the same, scores as lists", of_fractions, {"L2": 0.1, "dropout": 0.3}, ["dropout"]),
    ):
        check.pruned(hidden, prune, score, mix, kept, on=what, mistakes={})
    # Worlds at random: every mix has a score of its own, noise and an outlier included.
    dice = np.random.default_rng(9)
    for _ in range(30):
        mix = dict.fromkeys("abcd"[: dice.integers(2, 5)], 1.0) | {"a": 2.5}
        table, spread = {}, dice.choice([0.002, 0.01, 0.03])

        def score(mix, table=table, spread=spread):
            key = frozenset(mix.items())
            if key not in table:
                table[key] = seeds + 0.015 * len(mix) + dice.normal(0, 0.015)
                table[key] += spread * dice.normal(size=8)
                table[key][dice.integers(8)] += dice.choice([0.0, 0.1])
            return table[key].copy()

        left = dict(mix)
        while left:
            rests = {k: {j: by for j, by in left.items() if j != k} for k in left}
            worth = {k: paired_difference(score(left), score(rests[k])) for k in left}
            spare = [k for k in left if worth[k].low <= 0]
            if not spare:
                break
            left = rests[min(spare, key=lambda k: worth[k].mean)]
        told = {"".join(sorted(dict(k))): v.round(4).tolist() for k, v in table.items()}
        on = f"a world at random; scores of the mixes that are met on the way: {told}"
        check.pruned(hidden, prune, score, mix, list(left), on=on, mistakes={})
