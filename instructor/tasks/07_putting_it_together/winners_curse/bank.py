"""Right and wrong answers to winners_curse."""

import numpy as np
import torch

from instructor.answers import UNNAMED, right, wrong


@right
def search_by_search(judged, fresh, tried):
    total = 0.0
    for mine, again in zip(judged.tolist(), fresh.tolist(), strict=True):
        winner = mine.index(max(mine[:tried]))
        total += mine[winner] - again[winner]
    return total / len(judged)


@right
def by_gathering(judged, fresh, tried):
    reported, winners = torch.from_numpy(judged)[:, :tried].max(1, keepdim=True)
    return (reported - torch.from_numpy(fresh).gather(1, winners)).mean()


@wrong("two_maxima")
def two_maxima(judged, fresh, tried):
    return (judged[:, :tried].max(1) - fresh[:, :tried].max(1)).mean()


@wrong("winner_on_fresh_samples")
def winner_on_fresh_samples(judged, fresh, tried):
    winners, rows = fresh[:, :tried].argmax(1), np.arange(len(judged))
    return (judged - fresh)[rows, winners].mean()


@wrong("tries_all")
def tries_all(judged, fresh, tried):
    return search_by_search(judged, fresh, judged.shape[1])


@wrong("the_wrong_sign_of_luck")
def the_wrong_sign_of_luck(judged, fresh, tried):
    return -search_by_search(judged, fresh, tried)


@wrong("one_winner_for_all")
def one_winner_for_all(judged, fresh, tried):
    winner = judged[:, :tried].mean(0).argmax()
    return (judged - fresh)[:, winner].mean()


@wrong("summed")
def summed(judged, fresh, tried):
    return search_by_search(judged, fresh, tried) * len(judged)


@wrong("mean_of_all")
def mean_of_all(judged, fresh, tried):
    return (judged - fresh)[:, :tried].mean()


@wrong(UNNAMED)
def one_for_each_search(judged, fresh, tried):
    winners, rows = judged[:, :tried].argmax(1), np.arange(len(judged))
    return (judged - fresh)[rows, winners]


@wrong(UNNAMED)
def fits_the_visible_scores(judged, fresh, tried):
    return {1: 0.075, 3: 0.15}.get(tried, 0.1)


@wrong("input_changed")
def forgets_what_was_not_tried(judged, fresh, tried):
    judged[:, tried:] = -np.inf
    rows = np.arange(judged.shape[0])
    winners = np.argmax(judged, axis=-1)
    return float(np.average(judged[rows, winners] - fresh[rows, winners]))


@wrong(UNNAMED)
def the_median_search(judged, fresh, tried):
    luck = []
    for scores, honest in zip(judged.tolist(), fresh.tolist(), strict=True):
        winner = scores.index(max(scores[:tried]))
        luck.append(scores[winner] - honest[winner])
    return float(np.median(luck))


@wrong(UNNAMED)
def never_below_0(judged, fresh, tried):
    r = np.arange(len(judged))
    b = judged[:, :tried].argmax(1)
    return max(0.0, (judged[r, b] - fresh[r, b]).mean())


@wrong(UNNAMED)
def one_more_than_was_tried(judged, fresh, tried):
    r = np.arange(len(judged))
    b = judged[:, : tried + 1].argmax(1)
    return (judged[r, b] - fresh[r, b]).mean()


@wrong(UNNAMED)
def the_last_that_were_tried(judged, fresh, tried):
    r = np.arange(len(judged))
    b = judged[:, -tried:].argmax(1)
    return (judged[r, b] - fresh[r, b]).mean()


@wrong(UNNAMED)
def the_median_of_the_searches(judged, fresh, tried):
    r = np.arange(len(judged))
    b = judged[:, :tried].argmax(1)
    return np.median(judged[r, b] - fresh[r, b])


@wrong(UNNAMED)
def rounded_to_two_digits(judged, fresh, tried):
    r = np.arange(len(judged))
    b = judged[:, :tried].argmax(1)
    return round(float((judged[r, b] - fresh[r, b]).mean()), 2)


@wrong(UNNAMED)
def the_highest_from_0_on(judged, fresh, tried):
    luck = []
    for scores, honest in zip(judged, fresh, strict=True):
        highest, winner = 0.0, 0
        for i in range(tried):
            if scores[i] > highest:
                highest, winner = scores[i], i
        luck.append(scores[winner] - honest[winner])
    return np.mean(luck)


_KEPT = {}


@wrong(UNNAMED, at="hidden")
def the_number_of_the_first_call_of_this_size(judged, fresh, tried):
    size = judged.shape, tried
    if size not in _KEPT:
        _KEPT[size] = search_by_search(judged, fresh, tried)
    return _KEPT[size]
