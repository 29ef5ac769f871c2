"""Checks of what a training run is given; each raises an error that names the remedy."""

from course_utils.argument_checks.losses import (
    check_log_probabilities,
    check_loss,
    explaining,
)
from course_utils.argument_checks.optimizers import check_optimizer, lr_now
from course_utils.argument_checks.pairing import check_pairs, check_shapes
from course_utils.argument_checks.return_values import (
    check_reaches,
    checked_batch,
    checked_decision,
    checked_loss,
    checked_outputs,
    checked_penalty,
    negative_penalty,
)
from course_utils.argument_checks.run import (
    check_called,
    check_model,
    check_module,
    check_parts,
    check_run,
    check_samples,
    checked_index,
    checked_seed,
    checked_seeds,
)

__all__ = [
    "check_called",
    "check_log_probabilities",
    "check_loss",
    "check_model",
    "check_module",
    "check_optimizer",
    "check_pairs",
    "check_parts",
    "check_reaches",
    "check_run",
    "check_samples",
    "check_shapes",
    "checked_batch",
    "checked_decision",
    "checked_index",
    "checked_loss",
    "checked_outputs",
    "checked_penalty",
    "checked_seed",
    "checked_seeds",
    "explaining",
    "lr_now",
    "negative_penalty",
]
