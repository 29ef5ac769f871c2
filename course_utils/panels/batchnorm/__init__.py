"""Lesson 04: what arrives at each unit, what the batch size does, how far learning rates go."""

from course_utils.experiments.learning_rates import last_accuracies, workable
from course_utils.figures.batchnorm import show_idea
from course_utils.panels.batchnorm.batch_statistics import batch_size
from course_utils.panels.batchnorm.layer_inputs import activations
from course_utils.panels.batchnorm.learning_rates import learning_rate

__all__ = ["activations", "batch_size", "last_accuracies", "learning_rate", "show_idea", "workable"]
