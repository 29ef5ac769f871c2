"""Right and wrong answers to exposes_leak."""

import torch

from instructor.answers import right, wrong


@right
def by_sets_of_rows(split):
    x = torch.stack([torch.arange(60.0), -torch.arange(60.0)], dim=1)
    x_train, _, x_val, _ = split(x, torch.tensor([0, 1] * 30))
    rows = {tuple(row) for row in x_train.tolist()} & {tuple(row) for row in x_val.tolist()}
    return len(rows) > 0


@right
def by_all_pairs(split):
    x = torch.randn(40, 8)
    x_train, _, x_val, _ = split(x, torch.randint(2, (40,)))
    for one in x_train:
        for other in x_val:
            if torch.equal(one, other):
                return True
    return False


def _numbered(split, n=100):
    return split(torch.arange(float(n))[:, None], torch.arange(n) % 2)


@wrong("bug_missed")
def always_innocent(split):
    return False


@wrong("right_accused")
def always_guilty(split):
    return True


@wrong("bug_missed")
def by_the_sizes(split):
    x_train, _, x_val, _ = _numbered(split)
    return len(x_train) + len(x_val) > 100


@wrong("bug_missed")
def place_by_place(split):
    x_train, _, x_val, _ = _numbered(split)
    return torch.equal(x_train[: len(x_val)], x_val)


@wrong("bug_missed")
def first_training_sample_only(split):
    x_train, _, x_val, _ = _numbered(split)
    return bool((x_val == x_train[0]).any())


@wrong("right_accused")
def all_samples_alike(split):
    x_train, _, x_val, _ = split(torch.zeros(100, 3), torch.arange(100) % 2)
    return bool(torch.isin(x_train, x_val).any())


@wrong("right_accused")
def by_the_labels(split):
    _, y_train, _, y_val = _numbered(split)
    return bool(torch.isin(y_train, y_val).any())


@wrong("right_accused")
def by_doubled_rows(split):
    x_train, _, x_val, _ = _numbered(split)
    both = torch.cat([x_train, x_val])
    return len(both.unique(dim=0)) < len(both)


@wrong("right_accused")
def wants_all_samples_back(split):
    x_train, _, x_val, _ = _numbered(split)
    return len(torch.cat([x_train, x_val]).unique()) < 100


@wrong("raised")
def labels_of_their_own(split):
    x_train, _, x_val, _ = split(torch.arange(100.0)[:, None], torch.arange(100))
    return bool(torch.isin(x_train, x_val).any())


@wrong("not_yes_or_no")
def a_tensor_of_answers(split):
    x_train, _, x_val, _ = _numbered(split)
    return torch.isin(x_train, x_val)


@wrong("right_accused")
def the_wrong_way_round(split):
    x_train, _, x_val, _ = _numbered(split)
    return not torch.isin(x_train, x_val).all()


#: Mutants of the model answer that behave like it, each with the reason.


@wrong("bug_missed")
def two_samples(split):
    x = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    xt, _yt, xv, _yv = split(x, torch.tensor([0, 1, 0, 1]))
    return bool(torch.isin(xt, xv).any())


@wrong("bug_missed")
def one_class(split):
    for _ in range(20):
        x = torch.arange(100.0)[:, None]
        y = torch.zeros(100, dtype=torch.long)
        xt, _yt, xv, _yv = split(x, y)
        if torch.isin(xt, xv).any():
            return True
    return False


@wrong("bug_missed")
def class_zero_only(split):
    for _ in range(20):
        x = torch.arange(100.0)[:, None]
        y = torch.arange(100) % 2
        xt, yt, xv, yv = split(x, y)
        if torch.isin(xt[yt == 0], xv[yv == 0]).any():
            return True
    return False


@right
def by_exact_differences(split):
    x = torch.cat([torch.arange(120.0)[:, None], torch.rand(120, 2)], dim=1)
    x_train, _, x_val, _ = split(x, (torch.arange(120) < 60).long())
    return bool(((x_train[:, None] - x_val).abs().sum(2) == 0).any())


@wrong("bug_missed", at="hidden-leaks")
def ten_samples(split):
    x_train, _, x_val, _ = _numbered(split, 10)
    return bool(set(x_train[:, 0].tolist()) & set(x_val[:, 0].tolist()))


@wrong("bug_missed", at="hidden-leaks")
def by_rounded_distances(split):
    x_train, _, x_val, _ = split(10 * torch.randn(200, 8), torch.arange(200) % 2)
    if not len(x_train) or not len(x_val):
        return False
    return torch.cdist(x_train, x_val).min().item() < 1e-6


@wrong("raised", at="hidden-right")
def by_the_smallest_difference(split):
    x_train, _, x_val, _ = _numbered(split)
    return (x_train - x_val.T).abs().min().item() == 0


EQUIVALENT = {
    "100.0 -> 200.0": "any number of samples that is large enough will do",
    "0 -> -1": "there is one feature, so the last is the first",
}
