"""The live panels of the lessons: a package for each lesson, a function for each panel.

A lesson shows a panel with a single call, which returns the panel. A panel's module states what
trains, on which data, with which controls, and which parts show it (`plots.Part`);
`overfitting.label_noise` is a short example. Computations that need no panel are in
`course_utils.experiments`.
"""
