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


def every_fifth(x, y):
    x_train, y_train, x_val, y_val = check.cut(x, y)
    both = torch.arange(len(x_train)) % 5 == 4
    return x_train, y_train, torch.cat([x_val, x_train[both]]), torch.cat([y_val, y_train[both]])


def one_for_every_25(x, y):
    x_train, y_train, x_val, y_val = check.cut(x, y)
    both = torch.arange(len(x) // 25)
    return x_train, y_train, torch.cat([x_val, x_train[both]]), torch.cat([y_val, y_train[both]])


def of_class(label):
    def split(x, y):
        x_train, y_train, x_val, y_val = check.cut(x, y)
        both = y_train == label
        return (
            *(x_train, y_train),
            *(torch.cat([x_val, x_train[both]]), torch.cat([y_val, y_train[both]])),
        )

    return split


with attempt("exposes_leak", exposes_leak) as hidden, in_any_order(hidden, exposes_leak) as judge:
    check.verdict(judge, check.cut, right="a right split")
    for _ in range(6):
        leak = "has one sample in both parts, in six calls"
        check.verdict(judge, overlapping_by_one, leak=leak)
    leak = "has one sample in both parts, and leaves one out"
    check.verdict(judge, one_swapped_for_another, leak=leak)
    check.verdict(judge, everything_is_trained_on, leak="trains on all samples")
    leak = "has every fifth training sample in validation as well"
    check.verdict(judge, every_fifth, leak=leak)
    leak = "has a few samples in both parts, one for every 25 that it gets"
    check.verdict(judge, one_for_every_25, leak=leak)
    for label in (0, 1):
        leak = f"has the training samples of class {label} in validation as well"
        check.verdict(judge, of_class(label), leak=leak)
