"""One stream of random numbers per seed, the same for a run alone and for that run in a fleet.

Two runs can be compared as a *pair* when everything but the thing under study is equal: the initial
weights, the batches and the dropout masks (common random numbers). While a `RandomStream` is
active, the random draws that a model or an augmentation makes with the usual PyTorch calls are
served by the stream's source: ``F.dropout`` (so ``nn.Dropout`` too), ``torch.rand_like``,
``torch.bernoulli`` and so on. `fit` plugs in a seeded generator (`SeededDraws`), the fleet plugs in
tensors that hold the draws of many seeds at once.

It is also faster: a dropout mask from 16 random bits per unit takes a tenth of the time that
``F.dropout`` needs.

`streams` draws the numbers; `functions`, `in_place` and `layers` compute from them what PyTorch's
functions would return; `mode` calls these in place of PyTorch's.
"""

from course_utils.random_streams.mode import RandomStream, SeededDraws
from course_utils.random_streams.streams import (
    Kind,
    Request,
    Source,
    draw,
    draw_for_seeds,
    empty,
    stream,
)

__all__ = [
    "Kind",
    "RandomStream",
    "Request",
    "SeededDraws",
    "Source",
    "draw",
    "draw_for_seeds",
    "empty",
    "stream",
]
