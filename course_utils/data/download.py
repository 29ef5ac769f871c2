"""Downloading the four files of MNIST or Fashion-MNIST, with advice when that fails.

The addresses, the checksums and the folder layout (``<folder>/MNIST/raw/``) are torchvision's, so
its own datasets find the files, and a folder that it filled is used as it is. pooch does the
fetching, because torchvision takes any unpacked file for a good one, has no time limit, and ends
a dropped connection in a traceback. With pooch a file gets its name only when it is whole and its
checksum is right; whatever went wrong, running the same line again is safe.
"""

import os
from collections.abc import Sequence
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pooch
from numpy.typing import NDArray
from requests import HTTPError, RequestException, Response

from course_utils.data.files import (
    FOLDER_VARIABLE,
    MIRROR_VARIABLE,
    Archive,
    DownloadError,
    mirror_setting,
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
    path = archive.path
    try:
        pooch.retrieve(url, f"md5:{archive.md5}", path.name, path.parent, downloader=_deliver)
    except HTTPError as error:
        # A bucket that may not be listed says 403 where others say 404.
        answer: Any = error.response
        missing = answer.status_code in (403, 404, 410)
        raise _NotReceived(f"answered {answer.status_code} {answer.reason}", missing) from None
    except RequestException as error:
        hint = ""
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            hint = " (if your network signs with a certificate of its own, let REQUESTS_CA_BUNDLE"
            hint += " name that certificate's file)"
        raise _NotReceived(f"no connection, or it broke: {_innermost(error)}{hint}") from None
    except URLError as error:
        missing = isinstance(error.reason, FileNotFoundError)
        raise _NotReceived("no such file" if missing else str(error.reason), missing) from None
    except ValueError as error:  # pooch's message for a wrong checksum
        raise _NotReceived(str(error)) from None
    except OSError as error:
        raise DownloadError(
            f"{path} could not be written ({error}); free some space (30 MB are enough), or set "
            f"{FOLDER_VARIABLE} to a folder that you may write to"
        ) from None


def _deliver(url: str, part: str, _: Any) -> None:
    """Write what `url` sends to the file `part`: pooch's downloader, and one for files."""
    os.unlink(part)  # pooch made it readable by its owner alone; made anew, it is as all files are
    if url.startswith("file:"):
        with urlopen(url) as source:
            content = source.read()
        with open(part, "xb") as file:
            file.write(content)
    else:
        pooch.HTTPDownloader(
            progressbar=True,
            chunk_size=_CHUNK,
            timeout=TIMEOUT_S,
            headers={"User-Agent": "regularization-course", "Accept-Encoding": "identity"},
            hooks={"response": _keep_packed},
        )(url, part, None)
    with open(part, "rb") as file:
        if file.read(512).lstrip().startswith(b"<"):
            raise _NotReceived("answered with a web page, not the file (a log-in?)", missing=True)


def _keep_packed(response: Response, **_: Any) -> None:
    """Keep a .gz file packed, also where the server declares it a compressed response."""
    response.raw.headers.discard("Content-Encoding")


def _innermost(error: RequestException) -> str:
    """The innermost message of the errors that requests and urllib3 wrap in each other."""
    inner: Any = error.args[0] if error.args else error
    inner = getattr(inner, "reason", inner)
    return str(inner.args[0] if getattr(inner, "args", ()) else inner)


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
