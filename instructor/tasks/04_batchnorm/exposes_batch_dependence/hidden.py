from course_utils.exercises import attempt, in_any_order


def changed(change):
    module = nn.Identity()
    module.forward = change
    return module


def last_one_differs(x):
    rest = torch.zeros_like(x)
    rest[-1] = 0.05 * x.mean()
    return x + rest


def mixed_with_the_next(x):
    """The mean over the batch stays as it is."""
    return x + 0.1 * (x.roll(1, 0) - x)


def only_the_middle_hears_of_the_first(x):
    rest = torch.zeros_like(x)
    rest[len(x) // 2] = 0.02 * x[0]
    return x + rest * (len(x) > 1)


def only_the_fourth_hears_of_the_first(x):
    rest = torch.zeros_like(x)
    rest[3:4] = 0.002 * x[0]
    return x + rest


def only_the_last_hears_of_the_first(x):
    rest = torch.zeros_like(x)
    rest[-1] = 0.02 * x[0]
    return x + rest * (len(x) > 1)


def the_last_output(x):
    return torch.cat([x[:, :-1], x[:, -1:] + 0.05 * x.mean()], 1)


def two_by_two(x):
    """Each half of a batch of 8 is what it is in the whole."""
    even = len(x) - len(x) % 2
    pairs = x[:even].unflatten(0, (-1, 2)).flip(1).flatten(0, 1)
    return torch.cat([x[:even] + 0.1 * pairs, x[even:]])


def a_little(x):
    return x + 0.01 * x.mean(0)


def clipped(x):
    return x.clamp(max=x.quantile(0.8, dim=0))


with (
    attempt("exposes_batch_dependence", exposes_batch_dependence) as hidden,
    in_any_order(hidden, exposes_batch_dependence) as judge,
):
    x = 2 * torch.randn(5, 3) + 1
    for change, what in (
        (lambda x: x - x[0], "a model that subtracts the first sample from all"),
        (lambda x: x / x.abs().max(), "a model that divides by the largest entry of the batch"),
        (last_one_differs, "a model in which only the last output depends on the other samples"),
        (mixed_with_the_next, "a model that mixes each sample with the next"),
        (
            only_the_middle_hears_of_the_first,
            "a model in which only the middle output depends on another sample",
        ),
        (
            only_the_last_hears_of_the_first,
            "a model in which only the last output depends on the first sample",
        ),
        (the_last_output, "a model with one output unit that depends on the batch"),
        (lambda x: x / len(x), "a model that divides by the number of samples"),
        (a_little, "a model whose outputs move by about 0.01"),
        (clipped, "a model that clips at a quantile of the batch"),
    ):
        model = nn.Sequential(nn.Linear(3, 3), changed(change))
        check.verdict(judge, model, x, broken=True, what=what)
    pairs = changed(mixed_with_the_next)
    check.verdict(judge, pairs, x[:2], broken=True, what="the same, a batch of 2")
    halves, many = changed(two_by_two), torch.randn(8, 3)
    what = "a model that mixes the samples of each pair, a batch of 8"
    check.verdict(judge, halves, many, broken=True, what=what)
    what, fourth = (
        "only the fourth output depends a little on another sample",
        changed(only_the_fourth_hears_of_the_first),
    )
    for n in (5, 80):
        many = 2 * torch.randn(n, 3) + 1
        check.verdict(judge, fourth, many, broken=True, what=f"{what}, a batch of {n}")
    norm = changed(lambda x: (x - x.mean(0)) / torch.tensor([0.5, 2.0, 4.0]))
    model = nn.Sequential(nn.Linear(3, 3), norm, nn.Linear(3, 2))
    what = "a batch norm with a running variance, but the mean of the batch"
    check.verdict(judge, model, x, broken=True, what=what)
    for model, what in (
        (nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3)), "a right layer norm"),
        (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.9)), "a right model"),
        (
            changed(lambda x: x + 4e-5 * (len(x) % 3)),
            "a right model, rounded by the size of the batch",
        ),
    ):
        for n in (2, 5):
            check.verdict(judge, model, x[:n], broken=False, what=f"{what}, {n} samples")
