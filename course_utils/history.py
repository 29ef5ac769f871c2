"""What a run recorded: clean losses and accuracies, epoch by epoch.

Entry ``e`` of every list was measured after ``e`` epochs of training, so entry 0 is the untrained
model and an index into a list *is* a number of epochs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class History:
    """Scores of one run on the training and the validation set.

    All scores are taken the same way: after the epoch, in evaluation mode, without augmentation and
    without the penalty, as means per sample. Losses are in the units of the loss function (nats for
    cross-entropy), accuracies are shares in [0, 1]. For regression the accuracies are NaN.
    """

    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    train_acc: list[float] = field(default_factory=list)
    val_acc: list[float] = field(default_factory=list)
    #: The epoch after which an early-stopping rule ended the run; None if none did.
    stopped_epoch: int | None = None
    #: The epoch whose weights the model was given back; None if it kept its last ones.
    restored_epoch: int | None = None

    @property
    def epochs(self) -> int:
        """Epochs trained: one less than the number of entries."""
        return len(self.val_loss) - 1

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest validation loss: the first on ties, never a NaN."""
        finite = [(loss, e) for e, loss in enumerate(self.val_loss) if not math.isnan(loss)]
        if not finite:
            raise ValueError(
                f"best_epoch needs a validation loss that is a number, got {self.val_loss}; "
                "train for at least one epoch, with a smaller learning rate if it diverged"
            )
        return min(finite)[1]

    @property
    def generalization_gap(self) -> list[float]:
        """Validation loss minus training loss, for each epoch."""
        return [val - train for train, val in zip(self.train_loss, self.val_loss, strict=True)]

    def record(self, train: tuple[float, float], val: tuple[float, float]) -> None:
        """Append one epoch's (loss, accuracy) on the training and on the validation set."""
        self.train_loss.append(train[0])
        self.train_acc.append(train[1])
        self.val_loss.append(val[0])
        self.val_acc.append(val[1])
