"""Lesson 01: what a network memorizes, and what more data, more width and more degrees do."""

from course_utils.panels.overfitting.data_size import data_and_width
from course_utils.panels.overfitting.label_noise import memorize
from course_utils.panels.overfitting.polynomials import degree
from course_utils.panels.overfitting.random_features import double_descent

__all__ = ["data_and_width", "degree", "double_descent", "memorize"]
