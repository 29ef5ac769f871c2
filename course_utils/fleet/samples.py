"""The members' data: the batches that they train on, and the sets that they are scored on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from course_utils.fleet.engine import BY_MEMBER, BY_SEED, SHARED, Dims

#: Samples times members in a forward pass when scoring: many, because each pass has an overhead,
#: but few enough for their activations to stay in the cache.
_SCORED_AT_ONCE = 6400

#: The number of values and the number of seeds; members are in this order, value by value.
Shape = tuple[int, int]


class Batches:
    """The training inputs (or targets) of all members, from which `take` makes batches."""

    def __init__(self, of_members: Sequence[Tensor], shape: Shape) -> None:
        different = {id(t): t for t in of_members}
        start = {key: i * len(t) for i, (key, t) in enumerate(different.items())}
        self._all = torch.cat(list(different.values())) if len(different) > 1 else of_members[0]
        starts = torch.tensor([start[id(t)] for t in of_members]).reshape(shape)
        # Values with the same data share their batches too, seed by seed.
        shared = bool((starts == starts[0]).all())
        self.dims: Dims = BY_SEED if shared else BY_MEMBER
        self._starts = starts[0] if shared else starts

    def rows(self, order: Tensor) -> Tensor:
        """The rows of the samples `order` [seeds, n]: [seeds, n] or [values, seeds, n]."""
        return (order + self._starts[..., None]).to(self._all.device)

    def take(self, rows: Tensor) -> Tensor:
        """The samples in these rows. Several times faster than advanced indexing."""
        return self._all.index_select(0, rows.reshape(-1)).unflatten(0, rows.shape)


@dataclass
class Scored:
    """A set to score on: tensors that all members share, or stacked [values, seeds, n, ...]."""

    x: Tensor
    y: Tensor
    x_dims: Dims
    y_dims: Dims
    members: int
    #: Whether all samples must be in one forward pass, because they influence each other.
    whole: bool

    @classmethod
    def of(cls, xs: Sequence[Tensor], ys: Sequence[Tensor], shape: Shape, whole: bool) -> Scored:
        (x, x_dims), (y, y_dims) = (
            (ts[0], SHARED)
            if all(t is ts[0] for t in ts)
            else (torch.stack(list(ts)).unflatten(0, shape), BY_MEMBER)
            for ts in (xs, ys)
        )
        return cls(x, y, x_dims, y_dims, len(xs), whole)

    @property
    def n(self) -> int:
        return self.y.shape[_sample_dim(self.y_dims)]

    def parts(self) -> Iterator[Scored]:
        """The set in parts, of one length if possible, because each length is traced anew."""
        if self.whole:
            return iter([self])
        fewest = math.ceil(self.n * self.members / _SCORED_AT_ONCE)
        counts = range(fewest, 2 * fewest + 1)
        length = math.ceil(self.n / next((c for c in counts if self.n % c == 0), fewest))
        xs = self.x.split(length, dim=_sample_dim(self.x_dims))
        ys = self.y.split(length, dim=_sample_dim(self.y_dims))
        return (replace(self, x=x, y=y) for x, y in zip(xs, ys, strict=True))

    def x_of(self, member: int) -> Tensor:
        """A copy of one member's inputs."""
        return (self.x if self.x_dims == SHARED else self.x.flatten(0, 1)[member]).clone()

    def y_of(self, member: int) -> Tensor:
        """A copy of one member's targets."""
        return (self.y if self.y_dims == SHARED else self.y.flatten(0, 1)[member]).clone()


def _sample_dim(dims: Dims) -> int:
    return 0 if dims == SHARED else 2
