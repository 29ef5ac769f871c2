"""Lesson 02: how strong a penalty, which kind, and what it does to the weights."""

from course_utils.experiments.proximal import ProximalSGD
from course_utils.figures.penalties import show_curves, show_distances, show_pull, show_weights
from course_utils.panels.penalties.constraint import geometry
from course_utils.panels.penalties.decision_boundary import boundary
from course_utils.panels.penalties.sweeping import lambda_sweep

__all__ = [
    "ProximalSGD",
    "boundary",
    "geometry",
    "lambda_sweep",
    "show_curves",
    "show_distances",
    "show_pull",
    "show_weights",
]
