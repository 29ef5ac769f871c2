"""Right and wrong answers to expected_calibration_error."""

import numpy as np
import torch

from instructor.answers import UNNAMED, right, wrong


@right
def bin_by_bin(probabilities, labels, bins):
    top, guess = probabilities.max(dim=-1)
    error = 0.0
    for b in range(bins):
        inside = (top > b / bins) & (top <= (b + 1) / bins)
        if inside.any():
            accuracy = (guess[inside] == labels[inside]).float().mean().item()
            error += inside.float().mean().item() * abs(accuracy - top[inside].mean().item())
    return error


@right
def by_numpy(probabilities, labels, bins):
    p, y = probabilities.detach().numpy(), labels.numpy()
    top = p.max(1)
    place = np.digitize(top, np.linspace(0, 1, bins + 1, dtype=p.dtype), right=True)
    hit = p.argmax(1) == y
    total = np.bincount(place, weights=hit - top.astype(float), minlength=bins + 1)
    return float(np.abs(total).sum() / len(y))


@right
def image_by_image(probabilities, labels, bins):
    rows = {}
    for row, label in zip(probabilities.tolist(), labels.tolist(), strict=True):
        confidence = max(row)
        place = next(b for b in range(1, bins + 1) if confidence <= b / bins)
        rows.setdefault(place, []).append((confidence, row.index(confidence) == label))
    gap = [abs(sum(hit - c for c, hit in group)) for group in rows.values()]
    return sum(gap) / len(labels)


@right
def by_bucketize(probabilities, labels, bins):
    top, guess = probabilities.max(1)
    place = torch.bucketize(top, torch.linspace(0, 1, bins + 1, dtype=top.dtype)[1:-1].contiguous())
    gaps = torch.zeros(bins, dtype=top.dtype).index_add(0, place, (guess == labels).to(top) - top)
    return gaps.abs().sum() / len(labels)


def _parts(probabilities, labels):
    top, guess = probabilities.double().max(1)
    return top, guess.eq(labels).double()


def _groups(top, hit, bins, *, upper=True):
    for b in range(bins):
        low, high = b / bins, (b + 1) / bins
        chosen = (top > low) & (top <= high) if upper else (top >= low) & (top < high)
        if chosen.any():
            yield top[chosen], hit[chosen]


@wrong("unweighted")
def mean_over_bins(probabilities, labels, bins):
    gaps = [abs(h.mean() - t.mean()) for t, h in _groups(*_parts(probabilities, labels), bins)]
    return sum(gaps) / len(gaps)


@wrong(UNNAMED)
def mean_over_all_bins(probabilities, labels, bins):
    return (
        sum(abs(h.mean() - t.mean()) for t, h in _groups(*_parts(probabilities, labels), bins))
        / bins
    )


@wrong("signed")
def gaps_cancel(probabilities, labels, bins):
    top, hit = _parts(probabilities, labels)
    return sum((t - h).sum() for t, h in _groups(top, hit, bins)) / len(top)


@wrong("without_bins")
def once_for_all(probabilities, labels, bins):
    top, hit = _parts(probabilities, labels)
    return abs(top.mean() - hit.mean())


@wrong("of_every_image")
def image_gaps(probabilities, labels, bins):
    top, hit = _parts(probabilities, labels)
    return (top - hit).abs().mean()


@wrong("of_the_label")
def probability_of_the_label(probabilities, labels, bins):
    rows = torch.arange(len(labels))
    top, hit = probabilities.double()[rows, labels], _parts(probabilities, labels)[1]
    return sum(abs((h - t).sum()) for t, h in _groups(top, hit, bins)) / len(top)


@wrong("squared")
def squares(probabilities, labels, bins):
    pairs = _groups(*_parts(probabilities, labels), bins)
    return sum(len(t) * (t.mean() - h.mean()) ** 2 for t, h in pairs) / len(labels)


@wrong("empty_bins_nan")
def empty_bins_too(probabilities, labels, bins):
    top, hit = _parts(probabilities, labels)
    total = 0.0
    for b in range(bins):
        inside = (b / bins < top) & (top <= (b + 1) / bins)
        total += inside.double().mean() * abs(top[inside].mean() - hit[inside].mean())
    return total


@wrong("border_above")
def borders_go_up(probabilities, labels, bins):
    top, hit = _parts(probabilities, labels)
    place = (top * bins).floor().clamp(max=bins - 1)
    return sum(abs((hit - top)[place == b].sum()) for b in range(bins)) / len(top)


@wrong("last_bin_open")
def half_open(probabilities, labels, bins):
    pairs = _groups(*_parts(probabilities, labels), bins, upper=False)
    return sum(abs((h - t).sum()) for t, h in pairs) / len(labels)


@wrong(UNNAMED)
def from_a_half_on(probabilities, labels, bins):
    top, hit = _parts(probabilities, labels)
    place = ((top - 0.5) * 2 * bins).ceil()
    return sum(abs((hit - top)[place == b].sum()) for b in place.unique()) / len(top)


@wrong(UNNAMED)
def equally_full_bins(probabilities, labels, bins):
    top, hit = _parts(probabilities, labels)
    gap = (top - hit)[top.argsort()]
    return sum(abs(part.sum()) for part in gap.chunk(bins)) / len(top)


@wrong(UNNAMED)
def always_ten(probabilities, labels, bins):
    pairs = _groups(*_parts(probabilities, labels), 10)
    return sum(abs((h - t).sum()) for t, h in pairs) / len(labels)


@wrong(UNNAMED)
def one_against_all(probabilities, labels, bins):
    hot = torch.nn.functional.one_hot(labels, probabilities.shape[1]).double()
    top, hit = probabilities.double().flatten(), hot.flatten()
    return sum(abs((h - t).sum()) for t, h in _groups(top, hit, bins)) / len(labels)


@wrong("of_every_image")
def bins_of_equal_numbers(probabilities, labels, bins):
    c, p = probabilities.max(1)
    r = (p == labels).to(c.dtype)
    o = c.argsort()
    t = 0.0
    for m in o.tensor_split(bins):
        if len(m):
            t += len(m) / len(c) * abs(r[m].mean() - c[m].mean()).item()
    return t


@wrong(UNNAMED)
def the_middle_of_the_bin(probabilities, labels, bins):
    c, p = probabilities.max(1)
    r = (p == labels).to(c.dtype)
    t = 0.0
    for b in range(bins):
        m = (c > b / bins) & (c <= (b + 1) / bins)
        if m.any():
            t += m.to(c.dtype).mean().item() * abs(r[m].mean().item() - (b + 0.5) / bins)
    return t


@wrong("of_every_image")
def bins_above_chance(probabilities, labels, bins):
    c, p = probabilities.max(1)
    r = (p == labels).to(c.dtype)
    t = 0.0
    lo = 1 / probabilities.shape[1]
    w = (1 - lo) / bins
    for b in range(bins):
        m = (c > lo + b * w) & (c <= lo + (b + 1) * w + (1e-09 if b == bins - 1 else 0))
        if m.any():
            t += m.to(c.dtype).mean().item() * abs(r[m].mean() - c[m].mean()).item()
    return t


@wrong(UNNAMED)
def single_images_left_out(probabilities, labels, bins):
    c, p = probabilities.max(1)
    r = (p == labels).to(c.dtype)
    t = 0.0
    for b in range(bins):
        m = (c > b / bins) & (c <= (b + 1) / bins)
        if m.sum() > 1:
            t += m.to(c.dtype).mean().item() * abs(r[m].mean() - c[m].mean()).item()
    return t


@wrong("not_contiguous", at="hidden")
def top_picked_from_a_view(probabilities, labels, bins):
    n, classes = probabilities.shape
    guess = probabilities.argmax(1)
    top = probabilities.view(-1)[torch.arange(n) * classes + guess].double()
    pairs = _groups(top, guess.eq(labels).double(), bins)
    return sum(abs((h - t).sum()) for t, h in pairs) / n


@wrong(UNNAMED, at="hidden")
def always_in_single_precision(probabilities, labels, bins):
    return bin_by_bin(probabilities.float(), labels, bins)


@wrong("input_changed", at="visible")
def the_top_taken_out(probabilities, labels, bins):
    rows, (top, guess) = torch.arange(len(labels)), probabilities.max(1)
    probabilities[rows, guess] = 0
    pairs = _groups(top.double(), guess.eq(labels).double(), bins)
    return sum(abs((h - t).sum()) for t, h in pairs) / len(labels)


@wrong("input_changed", at="visible")
def scaled_in_place_through_numpy(probabilities, labels, bins):
    shares, y = np.asarray(probabilities), labels.numpy()
    top, hit = shares.max(1).astype(float), shares.argmax(1) == y
    shares *= bins
    place = np.ceil(shares.max(1)).astype(int)
    total = np.bincount(place, weights=hit - top, minlength=bins + 1)
    return float(np.abs(total).sum() / len(y))


EQUIVALENT = {}
