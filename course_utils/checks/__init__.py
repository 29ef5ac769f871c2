"""Property tests that stand under the learner's own cell.

Each check calls the learner's function on a few small inputs. If all is right it returns one
friendly line; else it raises `CheckFailed` with the result, the expected result, the input, and a
hint. Known mistakes are named. No check changes a global random state.
"""

from course_utils.checks.ablation import ablation
from course_utils.checks.batch_norm import batch_norm
from course_utils.checks.dropout import dropout
from course_utils.checks.early_stopping import early_stopping
from course_utils.checks.penalties import l1_penalty, l2_penalty
from course_utils.checks.random_settings import random_settings
from course_utils.checks.random_shift import random_shift
from course_utils.checks.report import CheckFailed, Passed
from course_utils.checks.rms_norm import rms_norm
from course_utils.checks.soft_threshold import soft_threshold
from course_utils.checks.training_loop import training_loop

__all__ = [
    "CheckFailed",
    "Passed",
    "ablation",
    "batch_norm",
    "dropout",
    "early_stopping",
    "l1_penalty",
    "l2_penalty",
    "random_settings",
    "random_shift",
    "rms_norm",
    "soft_threshold",
    "training_loop",
]
