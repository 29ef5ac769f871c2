"""Images of ten classes as tensors: digits (in the package), MNIST, Fashion-MNIST (downloaded).

The pixels are read once per process and kept as bytes; each call makes its own float tensors
from them, so editing a data set in place never reaches the next one that is loaded.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from course_utils.data.dataset import Dataset
from course_utils.data.download import provide
from course_utils.data.files import Archive, DownloadError, data_folder
from course_utils.data.seal import SealedTestSet
from course_utils.data.splits import stratified_order

DIGITS_SPLIT = (1000, 400, 397)
"""Training, validation and test images of the 1,797 digits."""

_CLASSES = 10
_reading = threading.Lock()


@dataclass(frozen=True)
class _Part:
    """Pixels as uint8 [n, 1, h, w] and labels as int64 [n]."""

    pixels: Tensor
    labels: Tensor

    def tensors(self, white: int) -> tuple[Tensor, Tensor]:
        return self.pixels.to(torch.float32).div_(white), self.labels.clone()

    def rows(self, rows: NDArray[np.int64]) -> "_Part":
        chosen = torch.from_numpy(rows)
        return _Part(self.pixels[chosen], self.labels[chosen])


_Parts = tuple[_Part, _Part, _Part]


def digits() -> Dataset:
    """1,797 handwritten digits, x [n, 1, 8, 8] in [0, 1]: 1,000 training, 400 validation, 397 test.

    Part of the package, no download. Source: E. Alpaydin and C. Kaynak, Optical Recognition of
    Handwritten Digits, UCI Machine Learning Repository, 1998, CC BY 4.0 (see DATA_LICENSE).
    """
    return _dataset("digits", _read_digits, white=16)


def mnist() -> Dataset:
    """MNIST digits, x [n, 1, 28, 28] in [0, 1]: 50,000 training, 10,000 validation, 10,000 test.

    Downloaded at first use (11 MB) into :func:`data_folder`. The test part is the official one.
    Source: Y. LeCun, C. Cortes and C. J. C. Burges.

    Raises:
        DownloadError: if the files are not there and cannot be fetched; it says what to do.
    """
    return _downloaded("mnist", "MNIST")


def fashion_mnist() -> Dataset:
    """Fashion-MNIST, ten kinds of clothing, in MNIST's shapes and sizes (30 MB).

    Source: H. Xiao, K. Rasul and R. Vollgraf, arXiv:1708.07747, 2017, MIT license.

    Raises:
        DownloadError: if the files are not there and cannot be fetched; it says what to do.
    """
    return _downloaded("fashion_mnist", "FashionMNIST")


def _dataset(name: str, read: Callable[[], _Parts], white: int) -> Dataset:
    with _reading:  # a second thread waits for the pixels instead of reading them again
        train, val, test = read()
    return Dataset(
        name,
        *train.tensors(white),
        *val.tensors(white),
        SealedTestSet(*test.tensors(white), name=name),
        _CLASSES,
    )


@lru_cache(maxsize=1)
def _read_digits() -> _Parts:
    with resources.files(__package__).joinpath("digits.npz").open("rb") as file:
        stored = np.load(file)
        images, labels = stored["images"], stored["labels"].astype(np.int64)
    whole = _Part(torch.from_numpy(images)[:, None], torch.from_numpy(labels))
    n_train, n_val, _ = DIGITS_SPLIT
    order = stratified_order(labels, "split", 0)
    train, val, test = np.split(order, [n_train, n_train + n_val])
    return whole.rows(train), whole.rows(val), whole.rows(test)


def _downloaded(name: str, torchvision_name: str) -> Dataset:
    folder = data_folder()
    return _dataset(name, lambda: _read_files(name, torchvision_name, folder), white=255)


@lru_cache(maxsize=4)
def _read_files(name: str, torchvision_name: str, folder: Path) -> _Parts:
    source = _torchvision_class(name, torchvision_name)
    raw = folder / torchvision_name / "raw"
    archives = [
        Archive(raw / filename, md5, tuple(f"{mirror}{filename}" for mirror in source.mirrors))
        for filename, md5 in source.resources
    ]
    by_name = {
        a.path.name: array for a, array in zip(archives, provide(name, archives), strict=True)
    }
    official, test = (_part(by_name, kind, raw) for kind in ("train", "t10k"))
    # One image in six of the official training part is for validation: 10,000 of 60,000.
    order = stratified_order(official.labels.numpy(), "split", 0)
    val, train = np.split(order, [len(order) // 6])
    return official.rows(train), official.rows(val), test


def _part(arrays: dict[str, NDArray[np.uint8]], kind: str, raw: Path) -> _Part:
    pixels, labels = arrays[f"{kind}-images-idx3-ubyte.gz"], arrays[f"{kind}-labels-idx1-ubyte.gz"]
    if len(pixels) != len(labels):
        raise DownloadError(
            f"{raw} holds {len(pixels)} images but {len(labels)} labels in the files {kind}-..., "
            "which do not belong together; delete that folder and run the same line again"
        )
    # Copies, because the arrays are read-only views of the files' bytes.
    return _Part(
        torch.from_numpy(pixels[:, None].copy()), torch.from_numpy(labels.astype(np.int64))
    )


def _torchvision_class(name: str, torchvision_name: str) -> Any:
    # Imported here, because it takes a second or two and "digits" does not need it. A build that
    # does not match torch raises RuntimeError or OSError instead of ImportError.
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError, OSError) as error:
        raise DownloadError(
            f"{name} is fetched with torchvision, which could not be imported ({error}); install "
            'torch and torchvision together, or use load_dataset("digits"), which needs no files'
        ) from None
    return getattr(datasets, torchvision_name)
