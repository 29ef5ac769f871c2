"""Right and wrong answers to exposes_unused_penalty."""

import numpy as np
import torch
from torch import nn

from course_utils.regularizers import penalized_weights
from instructor.answers import right, wrong


@right
def by_one_long_vector_of_weights(train):
    after = [nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (0.0, 10.0)]
    return not bool((after[0] != after[1]).any())


@right
def by_several_strengths(train):
    states = []
    for strength in (0, 1.0, 1e6):
        model = train(strength)[0]
        states.append([p.detach().clone() for p in model.parameters()])
    pairs = [(p, q) for other in states[1:] for p, q in zip(states[0], other, strict=True)]
    return sum(int(not torch.equal(p, q)) for p, q in pairs) == 0


@right
def by_numpy(train):
    a, b = (train(s)[0].state_dict() for s in (0.0, 50.0))
    return all(np.array_equal(a[name].numpy(), b[name].numpy()) for name in a)


@wrong("right_accused")
def always_accuses(train):
    return True


@wrong("bug_missed")
def never_accuses(train):
    return False


@wrong("bug_missed")
def by_reported_losses(train):
    return train(0.0)[1] == train(1000.0)[1]


@wrong("right_accused")
def by_the_first_reported_loss(train):
    return train(0.0)[1][0] == train(1000.0)[1][0]


@wrong("bug_missed")
def the_wrong_way_round(train):
    a, b = (nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (0.0, 1000.0))
    return not torch.equal(a, b)


@wrong("right_accused")
def the_same_strength_twice(train):
    a, b = (nn.utils.parameters_to_vector(train(1.0)[0].parameters()) for _ in range(2))
    return torch.equal(a, b)


@wrong("right_accused")
def asks_for_smaller_weights(train):
    a, b = (train(s)[0] for s in (0.0, 1000.0))
    size = [sum(float(p.detach().abs().sum()) for p in model.parameters()) for model in (a, b)]
    return not size[1] < size[0]


@wrong("right_accused")
def at_the_first_layer_only(train):
    a, b = (next(iter(train(s)[0].parameters())) for s in (0.0, 1000.0))
    return torch.equal(a, b)


@wrong("right_accused")
def at_any_parameter(train):
    a, b = (list(train(s)[0].parameters()) for s in (0.0, 1000.0))
    return any(torch.equal(p, q) for p, q in zip(a, b, strict=True))


@wrong("right_accused")
def with_a_tiny_strength(train):
    a, b = (nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (0.0, 1e-6))
    return torch.allclose(a, b)


@wrong("not_yes_or_no")
def entry_by_entry(train):
    a, b = (nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (0.0, 10.0))
    return a == b


#: Mutants of the model answer that behave like it, each with the reason.


@wrong("right_accused")
def smaller_l1(train):
    def size(m):
        return sum(w.abs().sum().item() for _, w in penalized_weights(m))

    return size(train(0.01)[0]) >= size(train(0.0)[0])


@wrong("right_accused")
def outputs(train):
    a, b = train(0.0)[0], train(1.0)[0]
    x = torch.zeros(1, next(a.parameters()).shape[1])
    return torch.equal(a(x), b(x))


@wrong("right_accused")
def two_strengths_no_zero(train):
    a, b = train(1e20)[0], train(1e21)[0]
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=False))


@wrong("right_accused", at="hidden")
def at_the_weights_only(train):
    free, priced = (penalized_weights(train(strength)[0]) for strength in (0.0, 1.0))
    return all(torch.equal(a, b) for (_, a), (_, b) in zip(free, priced, strict=True))


@wrong("nan_taken_for_equal", at="hidden")
def by_the_largest_difference_at_a_huge_strength(train):
    pairs = zip(*(train(s)[0].parameters() for s in (0.0, 1e6)), strict=True)
    return not max(float((p - q).abs().max()) for p, q in pairs) > 0  # NaN > 0 is False


@wrong("right_accused", at="hidden")
def two_strengths_above_0(train):
    a, b = (nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (1.0, 2.0))
    return torch.equal(a, b)


@wrong("right_accused", at="hidden")
def at_moderate_strengths(train):
    a, b = (nn.utils.parameters_to_vector(train(s)[0].parameters()) for s in (0.0, 0.1))
    return torch.equal(a, b)


EQUIVALENT = {
    "zip(free.parameters(), priced.parameters(), strict=True) -> zip(free.parameters(), "
    "priced.parameters())": "both models have the same parameters",
    "1000.0 -> 2000.0": "any two strengths that are far apart will do",
    "True -> False": "this is zip's strict, and both models have the same parameters",
}
