"""Right and wrong answers to winners_curse."""

import numpy as np
import torch

from instructor.answers import right, wrong


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


@wrong("but of another setting than the winner")
def two_maxima(judged, fresh, tried):
    return (judged[:, :tried].max(1) - fresh[:, :tried].max(1)).mean()


@wrong("what has chosen is the judged one")
def winner_on_fresh_samples(judged, fresh, tried):
    winners, rows = fresh[:, :tried].argmax(1), np.arange(len(judged))
    return (judged - fresh)[rows, winners].mean()


@wrong("only the first `tried` were tried")
def tries_all(judged, fresh, tried):
    return search_by_search(judged, fresh, judged.shape[1])


@wrong("this is fresh - judged")
def the_wrong_sign_of_luck(judged, fresh, tried):
    return -search_by_search(judged, fresh, tried)


@wrong("each search has its own")
def one_winner_for_all(judged, fresh, tried):
    winner = judged[:, :tried].mean(0).argmax()
    return (judged - fresh)[:, winner].mean()


@wrong("divided by their number")
def summed(judged, fresh, tried):
    return search_by_search(judged, fresh, tried) * len(judged)


@wrong("only the winner is reported")
def mean_of_all(judged, fresh, tried):
    return (judged - fresh)[:, :tried].mean()


@wrong("look up the fresh score of that same setting")
def one_for_each_search(judged, fresh, tried):
    winners, rows = judged[:, :tried].argmax(1), np.arange(len(judged))
    return (judged - fresh)[rows, winners]


@wrong("each search has a winner of its own")
def fits_the_visible_scores(judged, fresh, tried):
    return {1: 0.075, 3: 0.15}.get(tried, 0.1)
