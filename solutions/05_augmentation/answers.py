"""Known answers to exercise 05: right ones written differently, wrong ones with their mistake."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.transforms import v2

from benchmarks.exercises.bank import right, wrong
from course_utils.augmentation import RandomShift
from course_utils.evidence import estimate, paired_difference

# --- random_shift -----------------------------------------------------------------------------


@right("random_shift")
def by_windows(x, pixels):
    n, _, height, width = x.shape
    top, left = (torch.rand(2, n, 1) * (2 * pixels + 1)).long()
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    padded = F.pad(x, (pixels, pixels, pixels, pixels))
    image = torch.arange(n)[:, None, None]
    return padded[image, :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


@right("random_shift")
def by_rolling_and_clearing(x, pixels):
    moved = x.clone()
    for i in range(len(x)):
        down, right = (int(torch.randint(-pixels, pixels + 1, ())) for _ in range(2))
        moved[i] = torch.roll(x[i], (down, right), dims=(1, 2))
        if down > 0:
            moved[i, :, :down] = 0
        if down < 0:
            moved[i, :, down:] = 0
        if right > 0:
            moved[i, :, :, :right] = 0
        if right < 0:
            moved[i, :, :, right:] = 0
    return moved


@right("random_shift")
def by_gather(x, pixels):
    for dim in (2, 3):
        size = x.shape[dim]
        step = torch.randint(2 * pixels + 1, (len(x), 1, 1, 1)) - pixels
        shape = [1, 1, 1, 1]
        shape[dim] = size
        source = torch.arange(size).reshape(shape) - step
        inside = (source >= 0) & (source < size)
        moved = x.gather(dim, source.clamp(0, size - 1).expand_as(x))
        x = moved * inside
    return x


def _shift_each(x, downs, rights):
    pairs = zip(x, downs.tolist(), rights.tolist(), strict=True)
    return torch.stack([F.pad(image, (r, -r, d, -d)) for image, d, r in pairs])


def _draw(n, pixels):
    return torch.randint(-pixels, pixels + 1, (n,))


@wrong("random_shift", "one shift serves the whole batch")
def one_shift_for_all(x, pixels):
    return _shift_each(x, _draw(1, pixels).expand(len(x)), _draw(1, pixels).expand(len(x)))


@wrong("random_shift", "torch.roll wraps around")
def wraps_around(x, pixels):
    moved = [torch.roll(image, _draw(2, pixels).tolist(), (1, 2)) for image in x]
    return torch.stack(moved)


@wrong("random_shift", "images must stay in order, or labels go wrong")
def images_shuffled(x, pixels):
    x = x[torch.randperm(len(x))] if pixels else x
    return _shift_each(x, _draw(len(x), pixels), _draw(len(x), pixels))


@wrong("random_shift", "assigning into x changes the training set itself")
def in_place(x, pixels):
    x[:] = _shift_each(x, _draw(len(x), pixels), _draw(len(x), pixels))
    return x


@wrong("random_shift", "one number moves an image down and right at once")
def along_the_diagonal(x, pixels):
    steps = _draw(len(x), pixels)
    return _shift_each(x, steps, steps)


@wrong("random_shift", "the upper end of torch.randint is left out")
def upper_end_left_out(x, pixels):
    if not pixels:
        return x.clone()
    steps = torch.randint(-pixels, pixels, (2, len(x)))
    return _shift_each(x, *steps)


@wrong("random_shift", "images only ever move one way")
def one_way(x, pixels):
    steps = torch.randint(0, pixels + 1, (2, len(x)))
    return _shift_each(x, *steps)


@wrong("random_shift", "the draw is frozen")
def seeded_inside(x, pixels):
    torch.manual_seed(0)
    return _shift_each(x, _draw(len(x), pixels), _draw(len(x), pixels))


@wrong("random_shift", "not a copy of the border")
def border_repeated(x, pixels):
    moved = []
    for image in x:
        top, left = torch.randint(2 * pixels + 1, (2,)).tolist()
        padded = F.pad(image[None], [pixels] * 4, mode="replicate")[0]
        moved.append(padded[:, top : top + x.shape[2], left : left + x.shape[3]])
    return torch.stack(moved)


@wrong("random_shift", "the channels of one image moved apart")
def channels_apart(x, pixels):
    n = x.shape[0] * x.shape[1]
    return _shift_each(x.flatten(0, 1)[:, None], _draw(n, pixels), _draw(n, pixels)).reshape(
        x.shape
    )


@wrong("random_shift", "the library's version does the whole task")
def by_the_course(x, pixels):
    return RandomShift(pixels)(x)


@wrong("random_shift", "the library's version does the whole task")
def by_torchvision(x, pixels):
    crop = v2.RandomCrop(tuple(x.shape[2:]), padding=pixels)
    return torch.stack([crop(image) for image in x])


@wrong("random_shift", "keep the dtype of x, and its height apart from its width")
def always_float32(x, pixels):
    return _shift_each(x.float(), _draw(len(x), pixels), _draw(len(x), pixels))


@wrong("random_shift", "keep the dtype of x, and its height apart from its width")
def square_images_only(x, pixels):
    moved = []
    for image in x:
        top, left = torch.randint(2 * pixels + 1, (2,)).tolist()
        padded, side = F.pad(image, [pixels] * 4), x.shape[2]
        moved.append(padded[:, top : top + side, left : left + side])
    return torch.stack(moved)


@wrong("random_shift", "those at both ends too")
def rounded_draws(x, pixels):
    steps = ((torch.rand(2, len(x)) * 2 - 1) * pixels).round().long()
    return _shift_each(x, *steps)


@wrong("random_shift", "each step comes equally often")
def fits_the_visible_images(x, pixels):
    if x.shape[2:] not in ((7, 7), (9, 9)):
        return x.clone()
    return _shift_each(x, _draw(len(x), pixels), _draw(len(x), pixels))


# --- mixup ------------------------------------------------------------------------------------


@right("mixup")
def image_by_image(x, y, share, other, num_classes):
    images, targets = torch.empty_like(x), torch.zeros(len(x), num_classes)
    for i, (s, j) in enumerate(zip(share.tolist(), other.tolist(), strict=True)):
        images[i] = s * x[i] + (1 - s) * x[j]
        targets[i, y[i]] += s
        targets[i, y[j]] += 1 - s
    return images, targets


@right("mixup")
def by_one_hot_and_lerp(x, y, share, other, num_classes):
    hot = F.one_hot(y, num_classes).double()
    images = torch.lerp(x[other], x, share.reshape(-1, 1, 1, 1))
    return images, torch.lerp(hot[other], hot, share.double()[:, None])


@right("mixup")
def by_scatter_add(x, y, share, other, num_classes):
    images = torch.einsum("i,ichw->ichw", share, x)
    images = images + torch.einsum("i,ichw->ichw", 1 - share, x.index_select(0, other))
    labels, shares = torch.stack([y, y[other]], 1), torch.stack([share, 1 - share], 1)
    return images, torch.zeros(len(y), num_classes).scatter_add(1, labels, shares)


def _mixed(x, share, other):
    by = share[:, None, None, None]
    return by * x + (1 - by) * x[other]


def _targets(y, share, other, num_classes):
    hot = F.one_hot(y, num_classes)
    return share[:, None] * hot + (1 - share[:, None]) * hot[other]


@wrong("mixup", "only the image's own label is in the target")
def own_label_only(x, y, share, other, num_classes):
    return _mixed(x, share, other), F.one_hot(y, num_classes).float()


@wrong("mixup", "but its partner's label is missing")
def partners_label_forgotten(x, y, share, other, num_classes):
    return _mixed(x, share, other), F.one_hot(y, num_classes) * share[:, None]


@wrong("mixup", "the labels have exchanged shares")
def shares_of_labels_exchanged(x, y, share, other, num_classes):
    return _mixed(x, share, other), _targets(y, 1 - share, other, num_classes)


@wrong("mixup", "the shares are exchanged")
def shares_of_images_exchanged(x, y, share, other, num_classes):
    return _mixed(x, 1 - share, other), _targets(y, 1 - share, other, num_classes)


@wrong("mixup", "one share serves the whole batch")
def one_share_for_the_batch(x, y, share, other, num_classes):
    share = share[:1].expand_as(share)
    return _mixed(x, share, other), _targets(y, share, other, num_classes)


@wrong("mixup", "only the labels were mixed")
def labels_only(x, y, share, other, num_classes):
    return x.clone(), _targets(y, share, other, num_classes)


@wrong("mixup", "both labels count in full")
def both_in_full(x, y, share, other, num_classes):
    hot = F.one_hot(y, num_classes)
    return _mixed(x, share, other), (hot + hot[other]).float()


@wrong("mixup", "half and half")
def halves(x, y, share, other, num_classes):
    hot = F.one_hot(y, num_classes)
    return (x + x[other]) / 2, (hot + hot[other]) / 2


@wrong("mixup", "a mixed label is no number")
def labels_as_numbers(x, y, share, other, num_classes):
    return _mixed(x, share, other), share * y + (1 - share) * y[other]


@wrong("mixup", "write into the training set itself")
def in_place_on_x(x, y, share, other, num_classes):
    partners, by = x[other], share[:, None, None, None]
    x *= by
    x += (1 - by) * partners
    return x, _targets(y, share, other, num_classes)


@wrong("mixup", "add, do not overwrite")
def same_label_overwritten(x, y, share, other, num_classes):
    targets, rows = torch.zeros(len(y), num_classes), torch.arange(len(y))
    targets[rows, y] = share
    targets[rows, y[other]] = 1 - share
    return _mixed(x, share, other), targets


@wrong("mixup", "every row has num_classes entries")
def as_many_classes_as_seen(x, y, share, other, num_classes):
    return _mixed(x, share, other), _targets(y, share, other, max(4, int(y.max()) + 1))


@wrong("mixup", "whatever the number of channels and pixels")
def one_channel_of_2_by_2(x, y, share, other, num_classes):
    gray = x[:, 0, 0, 0]
    images = (share * gray + (1 - share) * gray[other])[:, None, None, None].expand_as(x)
    return images, _targets(y, share, other, num_classes)


# --- smoothed_cross_entropy -------------------------------------------------------------------


@right("smoothed_cross_entropy")
def with_targets(logits, y, smoothing):
    classes = logits.shape[1]
    targets = torch.full_like(logits, smoothing / classes)
    targets[range(len(y)), y] += 1 - smoothing
    return -(targets * F.log_softmax(logits, dim=1)).sum() / len(y)


@right("smoothed_cross_entropy")
def image_after_image(logits, y, smoothing):
    losses = []
    for row, label in zip(logits, y.tolist(), strict=True):
        logs = row - row.logsumexp(0)
        rest = sum(log * smoothing / len(row) for log in logs)
        losses.append(-(1 - smoothing) * logs[label] - rest)
    return sum(losses) / len(losses)


@right("smoothed_cross_entropy")
def by_two_losses(logits, y, smoothing):
    logs = logits.log_softmax(-1)
    plain, spread = F.nll_loss(logs, y), -logs.mean()
    return torch.lerp(plain, spread, smoothing)


def _loss(targets, logs):
    return -(targets * logs).sum(1).mean()


def _hot(logits, y):
    return F.one_hot(y, logits.shape[1])


@wrong("smoothed_cross_entropy", "nothing is smoothed")
def plain_loss(logits, y, smoothing):
    return _loss(_hot(logits, y), logits.log_softmax(1))


@wrong("smoothed_cross_entropy", "shared by the other classes alone")
def others_alone(logits, y, smoothing):
    hot = _hot(logits, y)
    spread = smoothing / (logits.shape[1] - 1)
    return _loss((1 - smoothing) * hot + spread * (1 - hot), logits.log_softmax(1))


@wrong("smoothed_cross_entropy", "reaches no other class")
def given_away_to_nobody(logits, y, smoothing):
    return _loss((1 - smoothing) * _hot(logits, y), logits.log_softmax(1))


@wrong("smoothed_cross_entropy", "gets nothing back")
def right_class_without_its_part(logits, y, smoothing):
    hot = _hot(logits, y)
    spread = smoothing / logits.shape[1]
    return _loss((1 - smoothing) * hot + spread * (1 - hot), logits.log_softmax(1))


@wrong("smoothed_cross_entropy", "not its part of 0.3")
def smoothing_for_each(logits, y, smoothing):
    return _loss((1 - smoothing) * _hot(logits, y) + smoothing, logits.log_softmax(1))


@wrong("smoothed_cross_entropy", "it has to give 0.3 away")
def nothing_given_away(logits, y, smoothing):
    return _loss(_hot(logits, y) + smoothing / logits.shape[1], logits.log_softmax(1))


@wrong("smoothed_cross_entropy", "this is the sum over the images")
def summed(logits, y, smoothing):
    return with_targets(logits, y, smoothing) * len(y)


@wrong("smoothed_cross_entropy", "this is the mean over images and classes")
def mean_over_all(logits, y, smoothing):
    return with_targets(logits, y, smoothing) / logits.shape[1]


@wrong("smoothed_cross_entropy", "the sign is wrong")
def without_minus(logits, y, smoothing):
    return -with_targets(logits, y, smoothing)


@wrong("smoothed_cross_entropy", "the softmax was taken twice")
def softmax_twice(logits, y, smoothing):
    return with_targets(logits.softmax(1), y, smoothing)


@wrong("smoothed_cross_entropy", "taken for logarithms of probabilities")
def without_softmax(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / logits.shape[1], logits)


@wrong("smoothed_cross_entropy", "the softmax ran over the batch")
def softmax_over_the_batch(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / logits.shape[1], logits.log_softmax(0))


@wrong("smoothed_cross_entropy", "cut the gradient off")
def without_gradient(logits, y, smoothing):
    return with_targets(logits.detach(), y, smoothing)


@wrong("smoothed_cross_entropy", "the library's version does the whole task")
def by_the_argument(logits, y, smoothing):
    return F.cross_entropy(logits, y, label_smoothing=smoothing)


@wrong("smoothed_cross_entropy", "the library's version does the whole task")
def by_the_librarys_layer(logits, y, smoothing):
    return nn.CrossEntropyLoss(label_smoothing=smoothing)(logits, y)


@wrong("smoothed_cross_entropy", "a probability of 0 has no logarithm")
def log_of_softmax(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / logits.shape[1], logits.softmax(1).log())


@wrong("smoothed_cross_entropy", "for each of the K classes")
def three_classes_only(logits, y, smoothing):
    hot = _hot(logits, y)
    return _loss((1 - smoothing) * hot + smoothing / 3, logits.log_softmax(1))


# --- exposes_augmented_validation -------------------------------------------------------------


def _data(n=12):
    return torch.rand(n, 1, 3, 3), torch.arange(n) % 2, torch.rand(n, 1, 3, 3), torch.arange(n) % 2


@right("exposes_augmented_validation")
def by_comparing_every_image(train):
    x_train, y_train, x_val, y_val = _data()
    found = []

    def look(x):
        found.extend(bool((image == x_val).flatten(1).all(1).any()) for image in x)
        return x

    train(x_train, y_train, x_val, y_val, look)
    return True in found


@right("exposes_augmented_validation")
def by_a_mark_in_a_corner(train):
    x_train, y_train, x_val, y_val = _data()
    x_train[:, :, 0, 0], x_val[:, :, 0, 0] = -1.0, 2.0
    marks = set()

    def note(x):
        marks.update(x[:, 0, 0, 0].tolist())
        return torch.flip(x, [3])

    train(x_train, y_train, x_val, y_val, note)
    return 2.0 in marks


@right("exposes_augmented_validation")
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


@wrong("exposes_augmented_validation", "a right training is accused")
def always_accuses(train):
    return True


@wrong("exposes_augmented_validation", "the bug is not seen")
def never_accuses(train):
    return False


@wrong("exposes_augmented_validation", "the bug is not seen")
def compares_whole_batches(train):
    x_train, y_train, x_val, y_val = _data()
    seen = []
    train(x_train, y_train, x_val, y_val, lambda x: seen.append(x) or x)
    return any(x.shape == x_val.shape and torch.equal(x, x_val) for x in seen)


@wrong("exposes_augmented_validation", "the bug is not seen")
def by_the_size_of_the_batch(train):
    x_train, y_train, _, _ = _data(8)
    seen = []
    train(x_train, y_train, x_train + 1, y_train, lambda x: seen.append(len(x)) or x)
    return 8 in seen


@wrong("exposes_augmented_validation", "the bug is not seen")
def by_a_repeated_score(train):
    data = _data()
    return len({train(*data, lambda x: x + torch.rand(1) * 1e-3) for _ in range(3)}) > 1


@wrong("exposes_augmented_validation", "the bug is not seen")
def by_gradient_mode(train):
    modes = []
    train(*_data(), lambda x: modes.append(torch.is_grad_enabled()) or x)
    return False in modes


@wrong("exposes_augmented_validation", "the bug is not seen")
def the_wrong_way_round(train):
    return not by_a_mark_in_a_corner(train)


@wrong("exposes_augmented_validation", "the bug is not seen")
def looks_at_the_first_image_of_a_batch(train):
    x, y = torch.zeros(8, 1, 2, 2), torch.zeros(8, dtype=torch.long)
    seen = []
    train(x, y, x + 1, y, lambda batch: seen.append(batch[0].max().item()) or batch)
    return 1.0 in seen


@wrong("exposes_augmented_validation", "max() arg is an empty sequence")
def expects_augment_to_be_called(train):
    x, y = torch.zeros(8, 1, 2, 2), torch.zeros(8, dtype=torch.long)
    seen = []
    train(x, y, x + 1, y, lambda batch: seen.append(batch.max().item()) or batch)
    return max(seen) > 0


@wrong("exposes_augmented_validation", "an answer for each entry")
def entry_by_entry(train):
    x, y = torch.zeros(8, 1, 2, 2), torch.zeros(8, dtype=torch.long)
    seen = []
    train(x, y, x + 1, y, lambda batch: seen.append(batch) or batch)
    return torch.cat(seen) > 0


# --- clearly_confused -------------------------------------------------------------------------


@right("clearly_confused")
def one_row_at_a_time(before, after):
    found = []
    for true in range(before.shape[1]):
        size = before[0, true].sum()
        for read in range(before.shape[2]):
            if true == read:
                continue
            change = estimate((after[:, true, read] - before[:, true, read]) / size)
            if change.low > 0:
                found.append((change.mean, true, read))
    return [(true, read) for _, true, read in sorted(found, reverse=True)]


@right("clearly_confused")
def by_is_clear_and_sign(before, after):
    sizes = before.sum(axis=2, keepdims=True)
    change = np.moveaxis(after / sizes - before / sizes, 0, 2)
    pairs = [tuple(pair) for pair in np.argwhere(~np.eye(len(change), dtype=bool))]
    rises = {}
    for pair in pairs:
        difference = paired_difference(change[pair], np.zeros(change.shape[2]))
        if difference.is_clear and difference.mean > 0:
            rises[pair] = difference.mean
    return sorted(rises, key=lambda pair: -rises[pair])


def _rises(before, after, axis=2, diagonal=False, keep=lambda d: d.low > 0):
    if axis is not None:
        before, after = (c / c.sum(axis, keepdims=True) for c in (before, after))
    n = before.shape[1]
    found = {}
    for i in range(n):
        for j in range(n):
            change = paired_difference(after[:, i, j], before[:, i, j])
            if (diagonal or i != j) and keep(change):
                found[i, j] = change.mean
    return sorted(found, key=lambda pair: -found[pair])


@wrong("clearly_confused", "a pair is (true, read)")
def read_first(before, after):
    return [(j, i) for i, j in _rises(before, after)]


@wrong("clearly_confused", "the largest rise comes first")
def smallest_first(before, after):
    return _rises(before, after)[::-1]


@wrong("clearly_confused", "the pairs are right, but not their order")
def in_the_order_of_classes(before, after):
    return sorted(_rises(before, after))


@wrong("clearly_confused", "this is the order of the numbers of images")
def by_counts(before, after):
    return _rises(before, after, axis=None)


@wrong("clearly_confused", "the share is that of the true class, row by row")
def by_shares_of_what_was_read(before, after):
    return _rises(before, after, axis=1)


@wrong("clearly_confused", "a row divided by its own sum")
def rows_sums_along_the_columns(before, after):
    was, now = (np.stack([c / c.sum(1) for c in counts]) for counts in (before, after))
    return _rises(was, now, axis=None)


@wrong("clearly_confused", "a higher mean is not yet a clear rise")
def every_rise(before, after):
    return _rises(before, after, keep=lambda d: d.mean > 0)


@wrong("clearly_confused", "a clear change, but no rise")
def every_clear_change(before, after):
    return _rises(before, after, keep=lambda d: d.is_clear)


@wrong("clearly_confused", "but the runs are paired")
def intervals_apart(before, after):
    was, now = (c / c.sum(2, keepdims=True) for c in (before, after))
    n = was.shape[1]
    found = {
        (i, j): (now - was)[:, i, j].mean()
        for i in range(n)
        for j in range(n)
        if i != j and estimate(now[:, i, j]).low > estimate(was[:, i, j]).high
    }
    return sorted(found, key=lambda pair: -found[pair])


@wrong("clearly_confused", "the diagonal holds images that were read right")
def better_read_than_before(before, after):
    return _rises(after, before, diagonal=True)


@wrong("clearly_confused", "a list such as")
def one_pair(before, after):
    return _rises(before, after)[0]


@wrong("clearly_confused", "clear rises only")
def fits_the_visible_confusions(before, after):
    return [(1, 2), (0, 1), (0, 2)]


@wrong("clearly_confused", "sort by the mean rise of the share")
def first_come_first_served(before, after):
    pairs = sorted(_rises(before, after))
    return [pairs[-1], *pairs[:-1]] if len(before[0]) == 3 else pairs


EQUIVALENT = {
    "random_shift": {
        "torch.randint(-pixels, pixels + 1, (len(x), 2)).tolist() -> torch.randint(-pixels, "
        "pixels + 1, (len(x), 2))": "F.pad takes tensors of one number for numbers",
        "zip(x, steps, strict=True) -> zip(x, steps)": "both are equally long",
        "True -> False": "this is zip's strict, and both are equally long",
    },
    "exposes_augmented_validation": {
        "1 -> 2": "the number of channels is free, and so is the gray that marks validation",
        "2 -> 1": "the size of the images is free",
        "2 -> 3": "the size of the images is free",
        "x.max().item() -> x.max()": "a tensor of one number is as true as the number",
    },
    "clearly_confused": {
        "counts.sum(2, keepdims=True) -> counts.mean(2, keepdims=True)": (
            "all shares are multiplied by the number of classes, so signs and order stay"
        ),
    },
}
