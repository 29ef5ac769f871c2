"""Many settings tried fairly: mixes of techniques with their record, searches under a budget."""

from course_utils.search.mixes import (
    EARLY_STOPPING,
    TECHNIQUES,
    Key,
    Mix,
    all_but_one,
    alone,
    build_mix,
    subsets,
    trained_as,
)
from course_utils.search.settings import (
    Box,
    Range,
    chance_of_hit,
    grid_settings,
    random_settings,
)
from course_utils.search.trials import BUDGETS, Record, Trials, restored_epoch

__all__ = [
    "BUDGETS",
    "EARLY_STOPPING",
    "TECHNIQUES",
    "Box",
    "Key",
    "Mix",
    "Range",
    "Record",
    "Trials",
    "all_but_one",
    "alone",
    "build_mix",
    "chance_of_hit",
    "grid_settings",
    "random_settings",
    "restored_epoch",
    "subsets",
    "trained_as",
]
