"""Many settings tried fairly: an ablation of techniques, and searches under one budget."""

from course_utils.search.ablation import BUDGETS, WHOLE, Ablation, TrainingCurves
from course_utils.search.settings import (
    Box,
    Range,
    chance_of_hit,
    grid_settings,
    random_settings,
)
from course_utils.search.stopping import restored_epoch
from course_utils.search.techniques import (
    EARLY_STOPPING,
    TECHNIQUES,
    Key,
    Mix,
    all_but_one,
    alone,
    baseline,
    build_mix,
    subsets,
    training_key,
)

__all__ = [
    "BUDGETS",
    "EARLY_STOPPING",
    "TECHNIQUES",
    "WHOLE",
    "Ablation",
    "Box",
    "Key",
    "Mix",
    "Range",
    "TrainingCurves",
    "all_but_one",
    "alone",
    "baseline",
    "build_mix",
    "chance_of_hit",
    "grid_settings",
    "random_settings",
    "restored_epoch",
    "subsets",
    "training_key",
]
