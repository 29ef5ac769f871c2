"""The two runs that every panel of lesson 04 compares, and their curves."""

from course_utils.fleet import Fleet
from course_utils.plots import LINE_STYLES, Array
from course_utils.plots.style import SPLIT_NAMES

#: The number of each run's color and marker, and the line style of a validation score.
STYLES = {"with batch norm": (0, LINE_STYLES["val"]), "without": (1, LINE_STYLES["val"])}
RUNS = tuple(STYLES)
LOSSES = {
    f"{run}, {SPLIT_NAMES[split]}": (i, line)
    for split, line in LINE_STYLES.items()
    for i, run in enumerate(("with", "without"))
}


def losses_of(fleet: Fleet, with_it: int, without: int) -> dict[str, Array]:
    """The losses [epochs + 1, seeds] of two of the fleet's runs, by the names of `LOSSES`."""
    both = [with_it, without]
    found = [run.T for losses in (fleet.train_loss, fleet.val_loss) for run in losses[both]]
    return dict(zip(LOSSES, found, strict=True))
