"""Right and wrong answers to exposes_augmented_validation."""

import torch

from instructor.answers import right, wrong


def _data(n=12):
    return torch.rand(n, 1, 3, 3), torch.arange(n) % 2, torch.rand(n, 1, 3, 3), torch.arange(n) % 2


@right
def by_comparing_every_image(train):
    x_train, y_train, x_val, y_val = _data()
    found = []

    def look(x):
        found.extend(bool((image == x_val).flatten(1).all(1).any()) for image in x)
        return x

    train(x_train, y_train, x_val, y_val, look)
    return True in found


@right
def by_a_mark_in_a_corner(train):
    x_train, y_train, x_val, y_val = _data()
    x_train[:, :, 0, 0], x_val[:, :, 0, 0] = -1.0, 2.0
    marks = set()

    def note(x):
        marks.update(x[:, 0, 0, 0].tolist())
        return torch.flip(x, [3])

    train(x_train, y_train, x_val, y_val, note)
    return 2.0 in marks


@right
def by_raising(train):
    def refuse(x):
        if (x < 0).any():
            raise InterruptedError
        return x

    x = torch.rand(6, 3, 2, 2) + 0.1
    y = torch.zeros(6, dtype=torch.long)
    try:
        train(x, y, -x, y, refuse)
    except InterruptedError:
        return True
    return False


@wrong("right_accused")
def always_accuses(train):
    return True


@wrong("bug_missed")
def never_accuses(train):
    return False


@wrong("bug_missed")
def compares_whole_batches(train):
    x_train, y_train, x_val, y_val = _data()
    seen = []
    train(x_train, y_train, x_val, y_val, lambda x: seen.append(x) or x)
    return any(x.shape == x_val.shape and torch.equal(x, x_val) for x in seen)


@wrong("bug_missed")
def by_the_size_of_the_batch(train):
    x_train, y_train, _, _ = _data(8)
    seen = []
    train(x_train, y_train, x_train + 1, y_train, lambda x: seen.append(len(x)) or x)
    return 8 in seen


@wrong("bug_missed")
def by_a_repeated_score(train):
    data = _data()
    return len({train(*data, lambda x: x + torch.rand(1) * 1e-3) for _ in range(3)}) > 1


@wrong("bug_missed")
def by_gradient_mode(train):
    modes = []
    train(*_data(), lambda x: modes.append(torch.is_grad_enabled()) or x)
    return False in modes


@wrong("bug_missed")
def the_wrong_way_round(train):
    return not by_a_mark_in_a_corner(train)


@wrong("bug_missed")
def looks_at_the_first_image_of_a_batch(train):
    x, y = torch.zeros(8, 1, 2, 2), torch.zeros(8, dtype=torch.long)
    seen = []
    train(x, y, x + 1, y, lambda batch: seen.append(batch[0].max().item()) or batch)
    return 1.0 in seen


@wrong("raised")
def expects_augment_to_be_called(train):
    x, y = torch.zeros(8, 1, 2, 2), torch.zeros(8, dtype=torch.long)
    seen = []
    train(x, y, x + 1, y, lambda batch: seen.append(batch.max().item()) or batch)
    return max(seen) > 0


@wrong("not_yes_or_no")
def entry_by_entry(train):
    x, y = torch.zeros(8, 1, 2, 2), torch.zeros(8, dtype=torch.long)
    seen = []
    train(x, y, x + 1, y, lambda batch: seen.append(batch) or batch)
    return torch.cat(seen) > 0


class _Diary:
    """Keeps the batches that it is asked to augment: training images are 0, validation images 1."""

    def __init__(self, n_train=8, n_val=8):
        self.batches = []
        self.x = torch.zeros(n_train, 1, 3, 2), torch.ones(n_val, 1, 3, 2)
        self.y = tuple(torch.arange(n).remainder(2) for n in (n_train, n_val))

    def __call__(self, batch):
        self.batches.append(batch.detach().clone())
        return batch

    def of(self, train):
        train(self.x[0], self.y[0], self.x[1], self.y[1], self)
        return self.batches


@right
def by_a_diary(train):
    return sum(float(batch.sum()) for batch in _Diary().of(train)) > 0


@right
def with_random_images_in_a_set(train):
    images = torch.rand(20, 2, 3, 3)
    labels = torch.tensor([0, 1] * 10)
    known = {tuple(image.flatten().tolist()) for image in images[12:]}
    met = set()

    def remember(batch):
        met.update(tuple(image.flatten().tolist()) for image in batch)
        return batch * 0.5

    train(images[:12], labels[:12], images[12:], labels[12:], remember)
    return not met.isdisjoint(known)


@wrong("bug_missed")
def by_the_majority_of_a_batch(train):
    return any(bool(batch.mean() > 0.5) for batch in _Diary().of(train))


@wrong("bug_missed")
def looks_at_the_first_call(train):
    calls = _Diary().of(train)
    return bool(calls) and bool(calls[0].any())


@wrong("bug_missed")
def looks_at_the_last_call(train):
    calls = _Diary().of(train)
    return bool(calls) and bool(calls[-1].any())


@wrong("bug_missed")
def looks_at_the_last_image_of_a_batch(train):
    return any(bool(batch[-1].any()) for batch in _Diary().of(train))


@wrong("right_accused")
def counts_the_images(train):
    n = sum(len(batch) for batch in _Diary(12, 5).of(train))
    return n % 12 != 0


@wrong("right_accused")
def counts_the_calls(train):
    return len(_Diary(8, 8).of(train)) not in (0, 6)


#: Mutants of the model answer that behave like it, each with the reason.
EQUIVALENT = {
    "1 -> 2": "the number of channels is free, and so is the gray that marks validation",
    "2 -> 1": "the size of the images is free",
    "2 -> 3": "the size of the images is free",
    "x.max().item() -> x.max()": "a tensor of one number is as true as the number",
}
