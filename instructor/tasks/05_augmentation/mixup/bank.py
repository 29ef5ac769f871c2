"""Right and wrong answers to mixup."""

import torch
import torch.nn.functional as F

from instructor.answers import UNNAMED, right, wrong


@right
def image_by_image(x, y, share, other, num_classes):
    images, targets = torch.empty_like(x), x.new_zeros(len(x), num_classes)
    for i, (s, j) in enumerate(zip(share.tolist(), other.tolist(), strict=True)):
        images[i] = s * x[i] + (1 - s) * x[j]
        targets[i, y[i]] += s
        targets[i, y[j]] += 1 - s
    return images, targets


@right
def by_one_hot_and_lerp(x, y, share, other, num_classes):
    hot = F.one_hot(y, num_classes).to(share)
    images = torch.lerp(x[other], x, share.reshape(-1, 1, 1, 1))
    return images, torch.lerp(hot[other], hot, share[:, None])


@right
def by_scatter_add(x, y, share, other, num_classes):
    images = torch.einsum("i,ichw->ichw", share, x)
    images = images + torch.einsum("i,ichw->ichw", 1 - share, x.index_select(0, other))
    labels, shares = torch.stack([y, y[other]], 1), torch.stack([share, 1 - share], 1)
    return images, share.new_zeros(len(y), num_classes).scatter_add(1, labels, shares)


def _mixed(x, share, other):
    by = share[:, None, None, None]
    return by * x + (1 - by) * x[other]


def _targets(y, share, other, num_classes):
    hot = F.one_hot(y, num_classes)
    return share[:, None] * hot + (1 - share[:, None]) * hot[other]


@wrong("own_label_only")
def own_label_only(x, y, share, other, num_classes):
    return _mixed(x, share, other), F.one_hot(y, num_classes).float()


@wrong("partners_label_forgotten")
def partners_label_forgotten(x, y, share, other, num_classes):
    return _mixed(x, share, other), F.one_hot(y, num_classes) * share[:, None]


@wrong("shares_of_labels_exchanged")
def shares_of_labels_exchanged(x, y, share, other, num_classes):
    return _mixed(x, share, other), _targets(y, 1 - share, other, num_classes)


@wrong("shares_of_images_exchanged")
def shares_of_images_exchanged(x, y, share, other, num_classes):
    return _mixed(x, 1 - share, other), _targets(y, 1 - share, other, num_classes)


@wrong("one_share_for_the_batch")
def one_share_for_the_batch(x, y, share, other, num_classes):
    share = share[:1].expand_as(share)
    return _mixed(x, share, other), _targets(y, share, other, num_classes)


@wrong("labels_only")
def labels_only(x, y, share, other, num_classes):
    return x.clone(), _targets(y, share, other, num_classes)


@wrong("both_in_full")
def both_in_full(x, y, share, other, num_classes):
    hot = F.one_hot(y, num_classes)
    return _mixed(x, share, other), (hot + hot[other]).float()


@wrong("halves")
def halves(x, y, share, other, num_classes):
    hot = F.one_hot(y, num_classes)
    return (x + x[other]) / 2, (hot + hot[other]) / 2


@wrong("labels_as_numbers")
def labels_as_numbers(x, y, share, other, num_classes):
    return _mixed(x, share, other), share * y + (1 - share) * y[other]


@wrong("in_place_on_x")
def in_place_on_x(x, y, share, other, num_classes):
    partners, by = x[other], share[:, None, None, None]
    x *= by
    x += (1 - by) * partners
    return x, _targets(y, share, other, num_classes)


@wrong("same_label_overwritten")
def same_label_overwritten(x, y, share, other, num_classes):
    targets, rows = torch.zeros(len(y), num_classes), torch.arange(len(y))
    targets[rows, y] = share
    targets[rows, y[other]] = 1 - share
    return _mixed(x, share, other), targets


@wrong(UNNAMED)
def as_many_classes_as_seen(x, y, share, other, num_classes):
    return _mixed(x, share, other), _targets(y, share, other, max(4, int(y.max()) + 1))


@wrong(UNNAMED)
def one_channel_of_2_by_2(x, y, share, other, num_classes):
    gray = x[:, 0, 0, 0]
    images = (share * gray + (1 - share) * gray[other])[:, None, None, None].expand_as(x)
    return images, _targets(y, share, other, num_classes)


@wrong(UNNAMED)
def each_partner_by_its_own_share(x, y, share, other, num_classes):
    s = share.view(-1, 1, 1, 1)
    h = F.one_hot(y, num_classes).to(share.dtype)
    return (s * x + ((1 - s) * x)[other], share[:, None] * h + ((1 - share[:, None]) * h)[other])


@wrong(UNNAMED)
def the_larger_share_for_itself(x, y, share, other, num_classes):
    share = torch.maximum(share, 1 - share)
    s = share.view(-1, 1, 1, 1)
    h = F.one_hot(y, num_classes).to(share.dtype)
    return (s * x + (1 - s) * x[other], share[:, None] * h + (1 - share[:, None]) * h[other])


@wrong(UNNAMED)
def shares_along_the_last_axis(x, y, share, other, num_classes):
    h = F.one_hot(y, num_classes).to(share.dtype)
    s = share if share.shape[0] == x.shape[-1] else share.view(-1, 1, 1, 1)
    return (s * x + (1 - s) * x[other], share[:, None] * h + (1 - share[:, None]) * h[other])


@wrong(UNNAMED)
def shares_drawn_anew(x, y, share, other, num_classes):
    share = torch.rand(len(x))
    s = share.view(-1, 1, 1, 1)
    h = F.one_hot(y, num_classes).float()
    return (s * x + (1 - s) * x[other], share[:, None] * h + (1 - share[:, None]) * h[other])


_KEPT = {}


def _first_of_its_size(*given):
    sizes = tuple(getattr(one, "shape", one) for one in given)
    if sizes not in _KEPT:
        _KEPT[sizes] = by_one_hot_and_lerp(*given)
    return _KEPT[sizes]


@wrong(UNNAMED, at="hidden-images")
def the_mix_of_the_first_call_of_this_size(x, y, share, other, num_classes):
    return _first_of_its_size(x, y, share, other, num_classes)


@wrong(UNNAMED, at="hidden-targets")
def the_targets_of_the_first_call_of_this_size(x, y, share, other, num_classes):
    _, targets = _first_of_its_size(x, y, share, other, num_classes)
    return _mixed(x, share, other), targets


@wrong("not_contiguous", at="hidden-images")
def images_in_rows_made_by_view(x, y, share, other, num_classes):
    rows, by = x.view(len(x), -1), share[:, None]
    return (by * rows + (1 - by) * rows[other]).view(x.shape), _targets(
        y, share, other, num_classes
    )


@wrong("single_precision", at="hidden-images")
def images_in_single_precision(x, y, share, other, num_classes):
    images = _mixed(x.float(), share.float(), other).to(x.dtype)
    return images, _targets(y, share, other, num_classes)


@wrong("single_precision", at="hidden-images")
def shares_in_single_precision(x, y, share, other, num_classes):
    return _mixed(x, share.float(), other), _targets(y, share, other, num_classes)


@right
def targets_in_single_precision(x, y, share, other, num_classes):
    return _mixed(x, share, other), _targets(y, share.float(), other, num_classes)


@right
def targets_written_into_single_precision(x, y, share, other, num_classes):
    targets, rows = torch.zeros(len(y), num_classes), torch.arange(len(y))
    targets[rows, y] += share.float()
    targets[rows, y[other]] += 1 - share.float()
    return _mixed(x, share, other), targets
