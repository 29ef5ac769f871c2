"""The package behind the regularization course: data, models, training, evidence, panels.

Import the module you need, as the lessons do: `from course_utils.training import fit`.
Importing the package itself loads nothing else, because `start.py` reads it before PyTorch
is installed.
"""

__version__ = "0.1.0"
