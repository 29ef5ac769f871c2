"""Four small files in place of MNIST's, a web server on the loopback, and what is left behind."""

import gzip
import hashlib
import http.server
import threading

import numpy as np
import pytest

from course_utils.data import DownloadError, data_folder, load_dataset

NAMES = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
]
FIRST = NAMES[0]


def idx(array):
    """The array as an IDX file of bytes, compressed."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    header = b"\x00\x00\x08" + bytes([array.ndim]) + sizes
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class Mirror:
    """A web server on the loopback; `pages` maps a path to bytes or to a function(handler)."""

    def __init__(self):
        self.pages, self.asked = {}, []
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked.append(self.path)
                page = mirror.pages.get(self.path)
                if callable(page):
                    page(self)
                elif page is None:
                    self.send_error(404)
                else:
                    answer(self, page)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def serve(self, files, layout="/MNIST/raw"):
        self.pages.update({f"{layout}/{name}": content for name, content in files.items()})

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def answer(handler, content, length=None):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)


def raw():
    return data_folder() / "MNIST" / "raw"


def left_behind():
    return sorted(path.name for path in raw().glob("*")) if raw().exists() else []


def failure():
    with pytest.raises(DownloadError) as error:
        load_dataset("mnist")
    # One message, no chain of tracebacks behind it.
    assert error.value.__cause__ is None
    assert error.value.__context__ is None or error.value.__suppress_context__
    return str(error.value)
