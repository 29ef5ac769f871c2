"""The loss log: what was tried in a lesson, and its scores."""

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.plots.text import accuracy_text, number_text

HEADINGS = ("tried", "validation loss", "validation accuracy", "seeds")


@dataclass(frozen=True)
class Entry:
    """One thing tried: its last losses (and accuracies, in [0, 1]), one per seed."""

    tried: str
    val_loss: NDArray[Any]
    val_acc: NDArray[Any] | None

    def cells(self) -> tuple[str, str, str, str]:
        """The row of the table: means with their 95% intervals over seeds."""
        accuracy = "" if self.val_acc is None else accuracy_text(self.val_acc)
        loss = number_text(self.val_loss, digits=3)
        seeds = len(self.val_loss)
        if seeds == 1:  # stated once, in the last column
            accuracy, loss = (text.removesuffix(" (one seed)") for text in (accuracy, loss))
        return self.tried, loss, accuracy, str(seeds)


class LossLog:
    """A table that grows through a lesson. `log.add(...)` adds a row; `log` alone shows it."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def add(self, tried: str, val_loss: ArrayLike, val_acc: ArrayLike | None = None) -> None:
        """Add a row, or replace the one of the same name (so that a cell can be run twice).

        Args:
            tried: what was tried, in a few words.
            val_loss: the final validation loss: one number, or one per seed.
            val_acc: the final validation accuracy in [0, 1], likewise; None for a regression.
        """
        loss = _one_for_each_seed(val_loss, "val_loss")
        accuracy = None if val_acc is None else _one_for_each_seed(val_acc, "val_acc")
        if accuracy is not None and len(accuracy) != len(loss):
            raise ValueError(
                f"val_loss and val_acc must come from the same runs, got {len(loss)} and "
                f"{len(accuracy)} seeds; pass both at the same epoch, e.g. [i, :, -1]"
            )
        self.entries[tried] = Entry(tried, loss, accuracy)

    def __repr__(self) -> str:
        rows = [HEADINGS, *(entry.cells() for entry in self.entries.values())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([*lines[:1], "  ".join("-" * width for width in widths), *lines[1:]])

    def _repr_html_(self) -> str:
        head = _row(HEADINGS, 'th scope="col"')
        body = "".join(_row(entry.cells(), "td") for entry in self.entries.values())
        return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def _row(cells: tuple[str, ...], tag: str) -> str:
    """One row of HTML; text is left-aligned, numbers are right-aligned."""
    sides = ["left", *["right"] * (len(cells) - 1)]
    return "".join(
        [
            "<tr>",
            *(
                f'<{tag} style="text-align: {side}">{escape(cell)}</{tag.split()[0]}>'
                for cell, side in zip(cells, sides, strict=True)
            ),
            "</tr>",
        ]
    )


def _one_for_each_seed(samples: ArrayLike, name: str) -> NDArray[Any]:
    values = np.atleast_1d(np.asarray(samples, dtype=float))
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(
            f"{name} must be one number or one for each seed, got shape {list(values.shape)}; "
            "choose a value and an epoch first, e.g. fleet.val_loss[i, :, -1]"
        )
    return values
