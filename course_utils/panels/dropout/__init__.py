"""Lesson 03: which units are missing in a pass, how many to drop, and what a hundred passes
show."""

from course_utils.figures.dropout import half_gone, show_idea
from course_utils.panels.dropout.stochastic_passes import uncertainty
from course_utils.panels.dropout.sweeping import p_sweep
from course_utils.panels.dropout.thinned_network import mask

__all__ = ["half_gone", "mask", "p_sweep", "show_idea", "uncertainty"]
