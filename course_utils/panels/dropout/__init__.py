"""Lesson 03: who is missing in a pass, how much to drop, and what a hundred passes tell."""

from course_utils.figures.dropout import half_gone, show_idea
from course_utils.panels.dropout.stochastic_passes import uncertainty
from course_utils.panels.dropout.sweeping import p_sweep
from course_utils.panels.dropout.thinned_network import mask

__all__ = [
    "half_gone",
    "mask",
    "p_sweep",
    "show_idea",
    "uncertainty",
]
