"""Data sets as tensors in memory: loading, subsets, label noise, and the sealed test set."""

import difflib
from collections.abc import Callable

from course_utils.data.dataset import Dataset
from course_utils.data.files import (
    FOLDER_VARIABLE,
    MIRROR_VARIABLE,
    DownloadError,
    data_folder,
)
from course_utils.data.images import digits, fashion_mnist, mnist
from course_utils.data.language import sentences
from course_utils.data.seal import SealBrokenError, SealedTestSet
from course_utils.data.synthetic import moons, polynomial, spirals, true_function

__all__ = [
    "DATASETS",
    "FOLDER_VARIABLE",
    "MIRROR_VARIABLE",
    "Dataset",
    "DownloadError",
    "SealBrokenError",
    "SealedTestSet",
    "data_folder",
    "load_dataset",
    "moons",
    "polynomial",
    "sentences",
    "spirals",
    "true_function",
]

DATASETS: dict[str, Callable[[], Dataset]] = {
    "digits": digits,
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "moons": lambda: moons(1000),
    "spirals": lambda: spirals(1000),
    "polynomial": lambda: polynomial(1000),
    "sentences": lambda: sentences(1000),
}
"""What :func:`load_dataset` knows, by name."""


def load_dataset(
    name: str, *, n_train: int | None = None, label_noise: float = 0.0, seed: int = 0
) -> Dataset:
    """Load a data set: split first, then cut and corrupt its training part only.

    Args:
        name: "digits" (8 x 8 images, in the package), "mnist" or "fashion_mnist" (28 x 28,
            downloaded at first use), "moons" or "spirals" (points in the plane), "polynomial"
            (a regression), or "sentences" (of a made-up language). The last four have 1,000
            training samples here; their own functions have more settings.
        n_train: keep that many training samples, chosen at random; None keeps all.
        label_noise: redraw each training label uniformly with this probability, in [0, 1].
        seed: which samples are kept and which labels are redrawn. The split never depends on it.

    Raises:
        ValueError: for an unknown name, an n_train that is below 1 or above what there is, label
            noise outside [0, 1] or on a regression.
        DownloadError: if files are missing and cannot be fetched; it says what to do.
    """
    if not isinstance(name, str) or name not in DATASETS:
        raise ValueError(_unknown(name))
    data = DATASETS[name]()
    if n_train is not None:
        data = data._subset(n_train, seed, "n_train")
    if label_noise != 0:
        data = data._with_label_noise(label_noise, seed, "label_noise")
    return data


def _unknown(name: object) -> str:
    spelled = str(name).lower().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(spelled, DATASETS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "; for your own data: Dataset.from_tensors"
    known = ", ".join(repr(known) for known in DATASETS)
    return f"name must be one of {known}, got {name!r}{hint}"
