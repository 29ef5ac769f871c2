"""A control that panels of several lessons share."""

from collections.abc import Sequence

from course_utils.live import Control, choice


def noise_choice(noises: Sequence[float] = (0.0, 0.2), start: float = 0.2) -> Control:
    """Buttons for the share of the labels that are redrawn, beginning at `start` if it is there."""
    return choice(
        noises,
        label="label noise",
        start=start if start in noises else None,
        say=lambda share: f"{share:.0%}",
    )
