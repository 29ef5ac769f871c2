"""Where downloaded files live, which addresses have them, and how they are read.

Two environment variables, read at each call:

* ``COURSE_DATA_DIR``: the folder that holds ``MNIST/raw``; see :func:`data_folder`.
* ``COURSE_DATA_MIRROR``: the only place to ask, instead of the public servers. An address
  (http, https, file) or the path of a folder; each file is looked for at
  ``<mirror>/MNIST/raw/<file>`` and, if it is not there, at ``<mirror>/<file>``. For a class:
  ``python -m http.server --directory <a filled data folder>``.
"""

import gzip
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
from numpy.typing import NDArray
from platformdirs import user_cache_path

FOLDER_VARIABLE = "COURSE_DATA_DIR"
MIRROR_VARIABLE = "COURSE_DATA_MIRROR"
_NAME = "regularization-course"


class DownloadError(RuntimeError):
    """A data set's files are not there and could not be fetched."""


@dataclass(frozen=True)
class Archive:
    """One gzip-compressed IDX file: its path, its md5 checksum, and its public addresses."""

    path: Path
    md5: str
    urls: tuple[str, ...]

    @property
    def layout(self) -> str:
        """The folders below the data folder, e.g. "MNIST/raw"."""
        return f"{self.path.parent.parent.name}/{self.path.parent.name}"

    def is_good(self) -> bool:
        """Whether the file is there and its checksum is right."""
        return self.path.is_file() and pooch.file_hash(self.path, alg="md5") == self.md5

    def read(self) -> NDArray[np.uint8] | None:
        """Return the array, from the archive or from the unpacked file beside it; else None."""
        if self.is_good():
            return parse_idx(gzip.decompress(self.path.read_bytes()))
        unpacked = self.path.with_suffix("")
        return parse_idx(unpacked.read_bytes()) if unpacked.is_file() else None

    def addresses(self) -> tuple[str, ...]:
        """Where to ask for the file, in order: the mirror if one is set, else the public servers.

        Raises:
            DownloadError: if the mirror is neither an address nor a folder.
        """
        mirror = mirror_setting().rstrip("/")
        if not mirror:
            return self.urls
        if "://" not in mirror:
            place = Path(mirror_setting()).expanduser().absolute()
            if not place.is_dir():
                raise DownloadError(
                    f"{MIRROR_VARIABLE} must be an address (http://...) or a folder that exists, "
                    f"got {mirror!r}; correct it, or unset it to use the public servers"
                )
            mirror = place.as_uri().rstrip("/")
        if mirror.split("://")[0].lower() not in ("http", "https", "file"):
            raise DownloadError(
                f"{MIRROR_VARIABLE} must begin with http://, https:// or file://, got {mirror!r}; "
                "correct it, or unset it to use the public servers"
            )
        return f"{mirror}/{self.layout}/{self.path.name}", f"{mirror}/{self.path.name}"


def data_folder() -> Path:
    """Return the folder for downloaded data; it need not exist yet.

    ``COURSE_DATA_DIR`` if set, else ``regularization-course`` in the user's cache:
    ``%LOCALAPPDATA%`` on Windows; ``$XDG_CACHE_HOME`` where that is set, else
    ``~/Library/Caches`` on macOS and ``~/.cache`` on Linux.
    """
    if chosen := os.environ.get(FOLDER_VARIABLE, "").strip():
        return Path(chosen).expanduser().absolute()
    # Where the course has always kept them, also on a Mac that has set XDG_CACHE_HOME since.
    usual = Path.home() / "Library" / "Caches" / _NAME
    if sys.platform == "darwin" and usual.is_dir():
        return usual
    return user_cache_path(_NAME, appauthor=False, opinion=False)


def mirror_setting() -> str:
    """Return the value of ``COURSE_DATA_MIRROR``, "" if it is not set."""
    return os.environ.get(MIRROR_VARIABLE, "").strip()


def parse_idx(content: bytes) -> NDArray[np.uint8] | None:
    """Return the array in an IDX file of bytes, or None if the file is not whole or not one.

    The header is 0, 0, 8 (bytes follow), the number of dimensions, and each as 4 bytes, high
    byte first.
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        return None
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    if len(content) != start + math.prod(shape):
        return None
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
