"""The live panels of the lessons: a package for each lesson, a function for each panel.

A lesson shows a panel with a single call, and the call returns it, so that the lesson can stay with
its own lines. A panel says what trains, on which data, what its controls are, and which parts show
it (`plots.Part`); `overfitting.label_noise` is a short one, whole. What is computed without a panel
stands in `course_utils.experiments`.
"""
