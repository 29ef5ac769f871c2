import random

from course_utils.exercises import attempt, in_any_order

table = torch.rand(10_007)


def from_a_table(x, p, training):
    places = torch.arange(x.numel()).reshape(x.shape) % len(table)
    return x * (table[places] >= p) / (1 - p) if training else x


def without_scaling(x, p, training):
    return x * (torch.rand_like(x) >= p) if training else x


with (
    attempt("exposes_frozen_mask", exposes_frozen_mask) as hidden,
    in_any_order(hidden, exposes_frozen_mask) as judge,
):
    check.verdict(judge, from_a_table, broken=True, what="a mask from a fixed table")
    what = "a dropout with another mistake (no scaling) and fresh masks"
    check.verdict(judge, without_scaling, broken=False, what=what)
    for _ in range(80):
        check.verdict(judge, check.fresh, broken=False, what="a right dropout, 80 times")
    memory = {}

    def remembered(x, p, training):
        if training and (tuple(x.shape), p) not in memory:
            memory[tuple(x.shape), p] = torch.rand_like(x) >= p
        return x * memory[tuple(x.shape), p] / (1 - p) if training else x

    def by_a_generator_made_anew(x, p, training):
        drawn = torch.rand(x.shape, generator=torch.Generator().manual_seed(4))
        return x * (drawn >= p) / (1 - p) if training else x

    def in_python(x, p, training):
        drawn = torch.tensor([random.random() for _ in range(x.numel())]).reshape(x.shape)
        return x * (drawn >= p) / (1 - p) if training else x

    what = "a mask kept from the first call on"
    check.verdict(judge, remembered, broken=True, what=what)
    what = "a mask from a generator with a seed, PyTorch's own left alone"
    check.verdict(judge, by_a_generator_made_anew, broken=True, what=what)
    what = "a right dropout that draws with Python"
    check.verdict(judge, in_python, broken=False, what=what)
