"""Right and wrong answers to exposes_frozen_mask."""

import torch

from instructor.answers import right, wrong


@right
def by_counting_differences(dropout):
    x = torch.ones(50, 50)
    first, second = (dropout(x, 0.3, True) for _ in range(2))
    return not (first != second).any().item()


@right
def by_many_calls(dropout):
    masks = {tuple((dropout(torch.ones(64), 0.5, True) == 0).tolist()) for _ in range(10)}
    return len(masks) == 1


@wrong("right_accused")
def by_how_many_survive(dropout):
    survivors = [int((dropout(torch.ones(100), 0.5, True) != 0).sum()) for _ in range(2)]
    return survivors[0] == survivors[1]


@wrong("right_accused")
def in_evaluation(dropout):
    x = torch.ones(1000)
    return torch.equal(dropout(x, 0.5, False), dropout(x, 0.5, False))


@wrong("bug_missed")
def always_innocent(dropout):
    return False


@wrong("right_accused")
def always_guilty(dropout):
    return True


@wrong("bug_missed")
def the_wrong_way_round(dropout):
    x = torch.ones(1000)
    return not torch.equal(dropout(x, 0.5, True), dropout(x, 0.5, True))


@wrong("right_accused")
def on_two_units(dropout):
    x = torch.ones(2)
    return torch.equal(dropout(x, 0.5, True), dropout(x, 0.5, True))


@wrong("right_accused")
def looks_at_the_mean(dropout):
    return abs(dropout(torch.ones(1000), 0.5, True).mean().item() - 1) < 0.2


@wrong("bug_missed")
def seeds_differently_itself(dropout):
    x = torch.ones(1000)
    torch.manual_seed(1)
    first = dropout(x, 0.5, True)
    torch.manual_seed(2)
    return first is dropout(x, 0.5, True)


@right
def by_the_union_of_many_masks(dropout):
    units = torch.full((30, 30), 2.0)
    ever = torch.zeros(30, 30, dtype=torch.bool)
    first = None
    for _ in range(5):
        out = dropout(units.clone(), 0.4, True).eq(0)
        first = out if first is None else first
        ever |= out
    return int(ever.sum()) == int(first.sum())


@right
def on_more_entries_than_most(dropout):
    x = torch.ones(30, 1000, dtype=torch.float64)
    return bool(((dropout(x, 0.1, True) == 0) == (dropout(x, 0.1, True) == 0)).all())


@wrong("bug_missed")
def watches_pytorchs_generator(dropout):
    state = torch.get_rng_state()
    dropout(torch.ones(8, 8), 0.5, True)
    dropout(torch.ones(8, 8), 0.5, True)
    return torch.equal(state, torch.get_rng_state())


@wrong("right_accused")
def seeds_it_alike(dropout):
    masks = []
    for _ in range(2):
        torch.manual_seed(12)
        masks.append(dropout(torch.ones(400), 0.5, True).tolist())
    return masks[0] == masks[1]


@wrong("right_accused")
def counts_the_zeros(dropout):
    counts = {int((dropout(torch.ones(6, 6), 0.5, True) == 0).sum()) for _ in range(3)}
    return len(counts) < 3


@wrong("bug_missed")
def with_other_inputs(dropout):
    outs = [dropout(torch.full((20, 20), float(value)), 0.5, True) for value in (1, 2)]
    return bool((outs[0] == outs[1]).all())


@wrong("right_accused")
def at_p_of_0(dropout):
    outs = [dropout(torch.ones(20, 20), 0.0, True) for _ in range(2)]
    return bool((outs[0] == outs[1]).all())


#: Mutants of the model answer that behave like it, each with the reason.
EQUIVALENT = {
    "1000 -> 1001": "any size that is large enough will do",
    "1000 -> 999": "any size that is large enough will do",
}
