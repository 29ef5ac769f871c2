"""Fetching the four files of MNIST or Fashion-MNIST, and saying what to do when that fails.

The addresses, the checksums and the folder layout (``<folder>/MNIST/raw/``) are torchvision's, so
its own datasets find the files, and a folder that it filled is used as it is. The fetching is
done here, because torchvision takes any unpacked file for a good one, has no time limit, and
ends a dropped connection in a traceback. Here a file gets its name only when it is whole and its
checksum is right; whatever went wrong, running the same line again is safe.
"""

import os
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from course_utils.data.files import (
    FOLDER_VARIABLE,
    MIRROR_VARIABLE,
    Archive,
    DownloadError,
    mirror_setting,
    new_md5,
)

TIMEOUT_S = 30
"""Seconds without a single byte after which a server counts as silent."""
_CHUNK = 1 << 16


class _NotReceived(Exception):
    """Why one address did not deliver; `missing` when it answered but has no such file."""

    def __init__(self, reason: str, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


def provide(name: str, archives: Sequence[Archive]) -> list[NDArray[np.uint8]]:
    """Return the arrays in `archives`, fetching those that are not there or are damaged.

    Args:
        name: the data set's, for messages.

    Raises:
        DownloadError: naming each address tried, what it answered, and every remedy.
    """
    arrays = []
    for archive in archives:
        array = archive.read()
        if array is None:
            _fetch(name, archive, archives)
            array = archive.read()
        if array is None:
            raise DownloadError(
                f"{archive.path} has the expected checksum but is not an IDX file of bytes; "
                "delete it and run the same line again"
            )
        arrays.append(array)
    return arrays


def _fetch(name: str, archive: Archive, archives: Sequence[Archive]) -> None:
    failures = []
    if archive.path.is_file():
        failures.append(f"{archive.path}: there, but with a wrong checksum (damaged, or another)")
    for url in archive.addresses():
        try:
            return _receive(url, archive)
        except _NotReceived as failure:
            failures.append(f"{url}: {failure}")
            if mirror_setting() and not failure.missing:
                break  # its second layout would fail alike, after another wait
    raise DownloadError(_advice(name, archive, archives, failures))


def _receive(url: str, archive: Archive) -> None:
    """Download `url` into the archive's path, which appears only if everything went well."""
    digest, start, received, total = new_md5(), b"", 0, None
    with _new_file(archive.path) as out:
        for chunk, total in _chunks(url, archive.path.name):  # noqa: B007 (used after the loop)
            start = start or chunk[:512]
            received += len(chunk)
            digest.update(chunk)
            out.write(chunk)
        if total is not None and received < total:
            raise _NotReceived(f"the connection ended after {received} of {total} bytes")
        if digest.hexdigest() != archive.md5 and start.lstrip().startswith(b"<"):
            raise _NotReceived("answered with a web page, not the file (a log-in?)", missing=True)
        if digest.hexdigest() != archive.md5:
            raise _NotReceived(
                f"sent {received} bytes with the checksum {digest.hexdigest()}, not {archive.md5}: "
                "a damaged or a different file"
            )


def _chunks(url: str, label: str) -> Iterator[tuple[bytes, int | None]]:
    """Yield (bytes, total size if the server says it) with a progress bar; no error but ours."""
    try:
        request = Request(url, headers={"User-Agent": "regularization-course"})
        with urlopen(request, timeout=TIMEOUT_S) as response:
            length = response.headers.get("Content-Length")
            total = int(length) if length and length.isdigit() else None
            yield b"", total
            with tqdm(total=total, desc=label, unit="B", unit_scale=True) as bar:
                while chunk := response.read(_CHUNK):
                    bar.update(len(chunk))
                    yield chunk, total
    except HTTPError as error:
        # A bucket that may not be listed says 403 where others say 404.
        missing = error.code in (403, 404, 410)
        error.close()
        raise _NotReceived(f"answered {error.code} {error.reason}", missing) from None
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, FileNotFoundError):
            raise _NotReceived("no such file", missing=True) from None
        hint = ""
        if "CERTIFICATE_VERIFY_FAILED" in str(reason) and sys.platform == "darwin":
            hint = " (run 'Install Certificates.command' in Python's Applications folder)"
        text = str(reason) or type(reason).__name__
        raise _NotReceived(f"no connection, or it broke: {text}{hint}") from None


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that gets its name only if the block ends well, else leaves no trace."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
        os.replace(part, path)
    except OSError as error:
        raise DownloadError(
            f"{path} could not be written ({error}); free some space (30 MB are enough), or set "
            f"{FOLDER_VARIABLE} to a folder that you may write to"
        ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _advice(
    name: str, archive: Archive, archives: Sequence[Archive], failures: Sequence[str]
) -> str:
    mirror = mirror_setting()
    lines = [
        f"{name} could not be loaded: {archive.path.name} is missing.",
        *(f"  tried {failure}" for failure in failures),
        "What helps, any one of these:",
        "- run the same line again when the network is back; files already received are kept",
        f"- put these files, as they are, into {archive.path.parent}",
        *(f"    {a.path.name}  (md5 {a.md5})" for a in archives),
        f"  or set {FOLDER_VARIABLE} to a folder that has them in {archive.layout}",
        f"- set {MIRROR_VARIABLE} to an address or a folder that has them in {archive.layout}, "
        "or directly in it" + (f"; now it is {mirror!r}" if mirror else ""),
        *([f"- unset {MIRROR_VARIABLE} to ask the public servers"] if mirror else []),
        '- use load_dataset("digits"), which needs no download',
    ]
    return "\n".join(lines)
