"""Numbers on their way into float32, which has about 7 digits and nothing beyond 3.4e38.

Where something would silently get lost, an error names the remedy.
"""

import torch
from torch import Tensor

_LARGEST = torch.finfo(torch.float32).max
_ROUNDING = 2.0**-24
"""The largest relative error of rounding; whole numbers are exact up to its inverse."""

_SCALE = "divide each feature by its own largest number first, while it is float64"


def as_float32(values: Tensor, word: str) -> Tensor:
    """Return `values` [n, ...], which the caller names `word`, as float32.

    Raises:
        ValueError: for NaN and infinity, for numbers beyond float32's range, and where float32
            would make one of what differs.
    """
    single = values.to(torch.float32)
    rows = values.reshape(len(values), -1)
    bad = ~torch.isfinite(single.reshape(rows.shape)).all(dim=1)
    if bad.any():
        raise ValueError(_beyond(rows, bad, word))
    if values.dtype == torch.float64:
        _check_digits(rows, word)
    return single


def _beyond(rows: Tensor, bad: Tensor, word: str) -> str:
    """What is wrong with `rows` [n, features], some of which (`bad`) are not finite in float32."""
    given = ~torch.isfinite(rows).all(dim=1)
    if given.any():
        return (
            f"{word} must hold finite numbers, got NaN or infinity in {int(given.sum())} of "
            f"{len(rows)} samples (the first is sample {int(given.nonzero()[0])}); remove or fill "
            "them first"
        )
    row = int(bad.nonzero()[0])
    return (
        f"{word} must fit into float32, whose largest number is {_LARGEST:.1e}, got "
        f"{float(rows[row].abs().max()):.4g} in sample {row}; {_SCALE}"
    )


def _check_digits(values: Tensor, word: str) -> None:
    """Raise ValueError if the differences between samples in a feature of `values` [n, features]
    are lost to float32's rounding, as in 1e8 + (1, 2, 3).

    A single 1e-60 among ordinary numbers becomes 0, and nothing that matters is lost.
    """
    low, high = values.amin(0), values.amax(0)
    largest, spread = torch.maximum(high, -low), high - low
    # Which features may be lost: two quick numbers show that all others are safe.
    doubtful = (spread < 100 * _ROUNDING * largest) | (largest > 1 / _ROUNDING)
    doubtful |= (largest > 0) & (largest < 1e-30)
    center = f"take {word} = {word} - {word}.mean(0) first, or leave out what is only a name"
    for feature in doubtful.nonzero().flatten().tolist():
        before = values[:, feature]
        after = before.float().double()
        vanished = not after.any()
        # A relative spread below 1e-12 is what rounding in float64 makes of a constant.
        noticeable = spread[feature] > 1e-12 * largest[feature]
        blurred = noticeable and (after - before).abs().max() > spread[feature] / 100
        if vanished or blurred or (largest[feature] > 1 / _ROUNDING and _merged(before)):
            raise ValueError(
                f"{word} must keep its differences in float32, which has about 7 digits, but "
                f"{float(low[feature]):.12g} .. {float(high[feature]):.12g}"
                + (f" in feature {feature}" if word == "x" else "")
                + (f" would all be 0; {_SCALE}" if vanished else f" would run together; {center}")
            )


def _merged(values: Tensor) -> bool:
    """Whether different whole numbers (names or dates, say) become one in float32."""
    different = values.unique()
    whole = bool((different == different.round()).all()) and different.abs().max() < 2.0**53
    return whole and len(different.float().unique()) < len(different)
