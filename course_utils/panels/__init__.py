"""The live panels of the lessons: a package for each lesson, a function for each panel.

A lesson shows a panel with a single call, which returns the panel. A panel's module states what
trains, on which data, with which controls, and which parts show it (`plots.Part`);
`overfitting.label_noise` is a short example. What panels of several lessons share is imported from
here; computations that need no panel are in `course_utils.experiments`.
"""

from course_utils.panels.controls import noise_choice, require_first
from course_utils.panels.curves import AgainstValues, OverTraining
from course_utils.panels.probabilities import Probabilities

__all__ = ["AgainstValues", "OverTraining", "Probabilities", "noise_choice", "require_first"]
