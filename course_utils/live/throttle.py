"""Limit how often a panel draws: no faster than the eye can follow, nor too much of the time."""

import time
from collections.abc import Callable

MOST_PER_SECOND = 25.0
LONGEST_REST = 0.3  # seconds; the first draw is slow and a poor guide to the next


class Throttle:
    """Decides when the next draw is due.

    `share` is the share of the time that drawing may take: with 0.15, drawing its curves slows a
    training down by about a sixth. A rest is never longer than `LONGEST_REST`.
    """

    def __init__(
        self, share: float = 1.0, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._share = share
        self._clock = clock
        self._next = float("-inf")

    def due(self) -> bool:
        """Whether enough time has passed since the last draw."""
        return self.rest() == 0.0

    def rest(self) -> float:
        """Seconds until the next draw is due; 0 if it is."""
        return max(0.0, self._next - self._clock())

    def drawn(self, seconds: float) -> None:
        """Record that a draw has just ended, and that it took `seconds`."""
        rest = max(1 / MOST_PER_SECOND, seconds / self._share) - seconds
        self._next = self._clock() + min(max(rest, 0.0), LONGEST_REST)
