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
