"""A control that panels of several lessons share, and what several ask of their values."""

from collections.abc import Sequence

from course_utils.live import Control, choice


def noise_choice(noises: Sequence[float] = (0.0, 0.2), start: float = 0.2) -> Control:
    """Buttons for the share of the labels that are redrawn, beginning at or near `start`."""
    return choice(noises, label="label noise", near=start, say=lambda share: f"{share:.0%}")


def require_first(name: str, values: Sequence[float], first: float = 0) -> None:
    """Raise a ValueError if `values`, the panel's argument of that name, begin with another."""
    if values[0] != first:
        raise ValueError(
            f"{name} must begin with {first}, which the others are compared with, got {values[0]}"
        )
