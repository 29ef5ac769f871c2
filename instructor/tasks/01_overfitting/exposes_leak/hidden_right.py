from course_utils.exercises import attempt, in_any_order


def leaves_the_last_out(x, y):
    return check.cut(x[:-1], y[:-1])


def in_order(x, y):
    return x[: len(x) // 2], y[: len(x) // 2], x[len(x) // 2 :], y[len(x) // 2 :]


def all_for_training(x, y):
    return x, y, x[:0], y[:0]


def with_one_twice(x, y):
    x_train, y_train, x_val, y_val = check.cut(x, y)
    doubled = torch.cat([torch.arange(len(x_val)), torch.tensor([0])])
    return x_train.flip(0), y_train.flip(0), x_val[doubled], y_val[doubled]


with attempt("exposes_leak", exposes_leak) as hidden, in_any_order(hidden, exposes_leak) as judge:
    leak = "draws the validation samples from all samples again"
    check.verdict(judge, check.shuffled_twice, leak=leak)
    check.verdict(judge, leaves_the_last_out, right="a right split that leaves one out")
    check.verdict(judge, in_order, right="a right split, without a shuffle")
    check.verdict(judge, all_for_training, right="a right split, validation empty")
    check.verdict(judge, with_one_twice, right="a right split, one validation sample twice")
    for _ in range(10):
        check.verdict(judge, check.cut, right="a right split, ten times")
