"""Property tests that stand under the learner's own cell.

Each check calls the learner's function on a few small inputs. Where all is right it returns one
friendly line; else it raises `CheckFailed`, which says what was got, what was expected, on which
input, and where to look. Known mistakes are told by name. No check changes a global random state.
"""

from course_utils.checks.ablations import ablation
from course_utils.checks.images import random_shift
from course_utils.checks.loop import training_loop
from course_utils.checks.masks import dropout
from course_utils.checks.normalization import batch_norm
from course_utils.checks.penalties import l1_penalty, l2_penalty
from course_utils.checks.report import CheckFailed, Passed
from course_utils.checks.stopping import early_stopping
from course_utils.checks.thresholds import soft_threshold

__all__ = [
    "CheckFailed",
    "Passed",
    "ablation",
    "batch_norm",
    "dropout",
    "early_stopping",
    "l1_penalty",
    "l2_penalty",
    "random_shift",
    "soft_threshold",
    "training_loop",
]
