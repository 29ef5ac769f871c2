"""The test set, sealed: it can be opened once.

A test set answers one question, once: how well does the model that was *already chosen* do on data
it has never met? After a second look the next choice depends on the first answer, and the number
becomes one more validation score.
"""

import copy
import hashlib
from datetime import datetime

import torch
from torch import Tensor

_opened: dict[str, datetime] = {}
"""When each test set was opened in this process, by its fingerprint."""

_FINGERPRINTED = 20_000
"""About how many inputs a fingerprint looks at, beside all targets: every input of a small test
set, two pixels of each MNIST image. More would take a tenth of the time in which MNIST is loaded.
"""


class SealBrokenError(RuntimeError):
    """A test set was opened for the second time."""


class SealedTestSet:
    """Test samples that :meth:`open` hands out once in the life of a Python process.

    The seal belongs to the data, not to this object: a copy, a subset's test set, and the same
    data set loaded again all share it, in any shape and precision. What is done to the tensors
    afterwards does not close it; restarting the kernel does. Another split has a seal of its own,
    and so have samples that were scaled otherwise before they were sealed.
    """

    def __init__(self, x: Tensor, y: Tensor, *, name: str) -> None:
        """Seal `x` [n, ...] and `y` [n]; `name` is the data set's, for messages."""
        self._x, self._y, self._name = x, y, name
        # Taken now and kept: who opens the set holds its tensors, and may change them in place.
        self._fingerprint = _fingerprint(x, y)

    def __len__(self) -> int:
        return len(self._y)

    def __repr__(self) -> str:
        when = self.opened_at
        state = "sealed" if when is None else f"opened at {when:%H:%M:%S}"
        return f"SealedTestSet({self._name!r}, {len(self)} samples, {state})"

    @property
    def opened_at(self) -> datetime | None:
        """When the seal was broken (local time), or None while it holds."""
        return _opened.get(self._fingerprint)

    def open(self) -> tuple[Tensor, Tensor]:
        """Return (x, y), the first time.

        Raises:
            SealBrokenError: if this test set was opened before in this process.
        """
        now = datetime.now()
        # setdefault is one step, so that two threads cannot both be first.
        first = _opened.setdefault(self._fingerprint, now)
        if first is not now:
            raise SealBrokenError(
                f"the test set of {self._name!r} was already opened at {first:%H:%M:%S on %d %B}; "
                "it opens once, because a second look turns it into validation data. Keep what "
                "the first call returned: x_test, y_test = data.test.open(). Make every choice "
                "with data.x_val and data.y_val. To start over, restart the kernel"
            )
        return self._x, self._y

    def to(self, device: torch.device | str) -> "SealedTestSet":
        """Return the same test set under the same seal, with its tensors on `device`."""
        moved = copy.copy(self)
        moved._x, moved._y = self._x.to(device), self._y.to(device)
        return moved


def _fingerprint(x: Tensor, y: Tensor) -> str:
    """Equal for the same samples, as float32 or float64, as images or as rows of pixels."""
    # An odd step, so that images do not always show the same pixel.
    step = x.numel() // _FINGERPRINTED | 1
    digest = hashlib.blake2b(str(len(y)).encode(), digest_size=16)
    for values in (x.detach().flatten()[::step], y.detach().flatten()):
        kind = torch.float32 if values.is_floating_point() else torch.int64
        digest.update(values.to("cpu", kind).numpy().tobytes())
    return digest.hexdigest()
