"""Random choices about data that come out the same on every machine and in every version.

Everything is drawn through one primitive, :func:`uniforms`, from the raw bits of NumPy's PCG64,
which NumPy promises never to change. Two properties hold for all of it:

* **Named streams.** "Which labels are noisy" and "which samples are in the subset" are different
  streams of the same seed, so one choice never disturbs another.
* **Prefixes agree.** The first k draws do not depend on how many follow. Subsets of different
  sizes are nested, and so are noise levels: a slider moves by small steps instead of redrawing.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from course_utils.data.argument_checks import check_seed


def uniforms(stream: str, seed: int, *shape: int) -> NDArray[np.float64]:
    """Return numbers in [0, 1) of the given shape from the stream of that name and seed."""
    bits = np.random.PCG64([zlib.crc32(stream.encode()), check_seed(seed)])
    raw: NDArray[np.uint64] = bits.random_raw(int(np.prod(shape)))
    # 53 bits fill a double's mantissa, so 1.0 itself is never reached.
    return ((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)


def normals(stream: str, seed: int, *shape: int) -> NDArray[np.float64]:
    """Return standard normal numbers of the given shape (Box and Muller 1958)."""
    u = uniforms(stream, seed, *shape, 2)
    normal: NDArray[np.float64] = np.sqrt(-2 * np.log1p(-u[..., 0])) * np.cos(2 * np.pi * u[..., 1])
    return normal


def permutation(stream: str, seed: int, n: int) -> NDArray[np.int64]:
    """Return the numbers 0 .. n-1 in random order, int64 [n]."""
    return np.argsort(uniforms(stream, seed, n), kind="stable").astype(np.int64)


def stratified_order(labels: NDArray[np.int64], stream: str, seed: int) -> NDArray[np.int64]:
    """Return a random order of the samples in which every stretch has its share of each class.

    Args:
        labels: int [n], the class of each sample.

    Cutting the order anywhere gives stratified splits of any size: the k-th of the m samples of
    a class is placed at the fraction (k + 1/2) / m of the way.
    """
    order = permutation(stream, seed, len(labels))
    place = np.empty(len(labels))
    for c in np.unique(labels):
        members = np.flatnonzero(labels[order] == c)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return order[np.argsort(place, kind="stable")]
