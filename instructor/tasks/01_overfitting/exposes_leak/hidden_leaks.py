from course_utils.exercises import attempt, in_any_order


def overlapping_by_one(x, y):
    order = torch.randperm(len(x))
    train, val = order[: len(x) // 2 + 1], order[len(x) // 2 :]
    return x[train], y[train], x[val], y[val]


def one_swapped_for_another(x, y):
    order = torch.randperm(len(x))
    train, val = order[: len(x) // 2], order[len(x) // 2 :].clone()
    val[-1] = train[0]
    return x[train], y[train], x[val], y[val]


def everything_is_trained_on(x, y):
    val = torch.randperm(len(x))[: len(x) // 4]
    return x, y, x[val], y[val]


with attempt("exposes_leak", exposes_leak) as hidden, in_any_order(hidden, exposes_leak) as judge:
    check.verdict(judge, check.cut, right="a right split")
    check.verdict(judge, overlapping_by_one, leak="has one sample in both parts")
    leak = "has one sample in both parts, and leaves one out"
    check.verdict(judge, one_swapped_for_another, leak=leak)
    check.verdict(judge, everything_is_trained_on, leak="trains on all samples")
