from course_utils.exercises import attempt

table = torch.rand(10_000)


def from_a_table(x, p, training):
    return x * (table[: x.numel()].reshape(x.shape) >= p) / (1 - p) if training else x


def without_scaling(x, p, training):
    return x * (torch.rand_like(x) >= p) if training else x


def never_in_evaluation(x, p, training):
    assert training, "asked in evaluation mode, where every dropout gives the same twice"
    return check.fresh(x, p, training)


with attempt("exposes_frozen_mask", exposes_frozen_mask) as hidden:
    judge = exposes_frozen_mask
    check.verdict(hidden, judge, from_a_table, broken=True, what="a mask from a fixed table")
    check.verdict(hidden, judge, never_in_evaluation, broken=False, what="a right dropout")
    what = "a dropout with another mistake (no scaling) and fresh masks"
    check.verdict(hidden, judge, without_scaling, broken=False, what=what)
    for _ in range(20):
        check.verdict(hidden, judge, check.fresh, broken=False, what="a right dropout, 20 times")
