"""The training budget: the share of their usual epochs for which the panels train.

On a slow computer, for a quick look, or in a test, all panels can be told to train less::

    set_training_share(0.25)          # from here on
    with set_training_share(0.25):    # in this block
        ...

or, before Python starts, by the environment variable COURSE_TRAINING_SHARE.
"""

import os
from types import TracebackType

VARIABLE = "COURSE_TRAINING_SHARE"
LEAST = 3  # epochs: with fewer there is no curve to see

_chosen: float | None = None


class set_training_share:
    """Let panels that are opened from now on train `share` of their epochs, in (0, 1].

    Used as a context manager, it restores the former share at the end.
    """

    def __init__(self, share: float) -> None:
        global _chosen
        self._before = _chosen
        _chosen = _checked(share, "share")

    def __repr__(self) -> str:
        return f"panels train {training_share():.0%} of their epochs"

    def __enter__(self) -> None:
        """The share has been set by the call."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _chosen
        _chosen = self._before


def training_share() -> float:
    """The share that is in force: the one set last, else the environment's, else 1."""
    if _chosen is not None:
        return _chosen
    return _checked(os.environ.get(VARIABLE, "1"), f"the environment variable {VARIABLE}")


def budgeted(epochs: int) -> int:
    """`epochs`, or the share of them that is in force, but no fewer than `LEAST`."""
    return min(epochs, max(LEAST, int(epochs * training_share() + 1e-9)))


def _checked(share: float | str, name: str) -> float:
    try:
        number = float(share)
    except ValueError:
        number = float("nan")
    if not 0 < number <= 1:
        raise ValueError(
            f"{name} must be a number in (0, 1], got {share!r}; 0.25 trains a quarter of the epochs"
        )
    return number
