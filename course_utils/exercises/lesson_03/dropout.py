"""Visible check of exercise 03: ``dropout``."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from course_utils import checks
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_03.common import DropoutFn
from course_utils.regularizers import Dropout

LIBRARY = (
    *(F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout),
    *(torch.dropout, torch.dropout_, torch.native_dropout, torch.alpha_dropout),
    *(torch.alpha_dropout_, torch.feature_dropout, torch.feature_dropout_),
    *(nn.Dropout.forward, Dropout.forward),
)


def dropout(answer: DropoutFn) -> None:
    """Task ``dropout(x, p, training)``."""
    with attempt("dropout", answer, by_hand=LIBRARY) as check:
        check.include(checks.dropout(answer))
