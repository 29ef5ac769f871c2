"""Downloaded data: a mirror on the loopback, everything that can go wrong, and running it again.

Nothing here reaches beyond 127.0.0.1 or touches the user's own folders: a fixture sees to it.
"""

import functools
import gzip
import hashlib
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from platformdirs import macos, unix, windows
from tqdm import tqdm

from course_utils.data import DownloadError, SealBrokenError, data_folder, files, load_dataset, seal
from course_utils.data import download as downloading
from course_utils.data.files import parse_idx

REAL_FILES = Path(__file__).parents[2] / "shared" / "data"
NAMES = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
]
FIRST = NAMES[0]

needs_mnist = pytest.mark.skipif(
    not (REAL_FILES / "MNIST" / "raw" / FIRST).is_file(),
    reason="the original MNIST files are not in ../shared/data beside the repository",
)


def idx(array):
    """The array as an IDX file of bytes, compressed."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    header = b"\x00\x00\x08" + bytes([array.ndim]) + sizes
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def only_here(monkeypatch, tmp_path):
    """Keep every test on this machine and in its own folder."""
    connect = socket.socket.connect

    def guarded(made, address):
        assert address[0] == "127.0.0.1", f"a test tried to reach {address}"
        return connect(made, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_DATA_MIRROR", raising=False)
    monkeypatch.setattr(seal, "_opened", {})


@pytest.fixture
def tiny(monkeypatch):
    """Four small files in place of MNIST's: {name: bytes}, with their checksums put in."""
    numbers = np.random.default_rng(0)
    train, test = np.arange(60) % 10, np.arange(20) % 10
    contents = [
        idx(numbers.integers(0, 256, (60, 28, 28))),
        idx(train),
        idx(numbers.integers(0, 256, (20, 28, 28))),
        idx(test),
    ]
    files = dict(zip(NAMES, contents, strict=True))
    table = [(name, md5(content)) for name, content in files.items()]
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", table)
    return files


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


@pytest.fixture
def mirror(monkeypatch):
    server = Mirror()
    monkeypatch.setenv("COURSE_DATA_MIRROR", server.url)
    yield server
    server.close()


@pytest.fixture
def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]  # bound, but nobody listens


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


# --- the real files --------------------------------------------------------------------------


@needs_mnist
def test_real_mnist_from_a_mirror(monkeypatch, capfd):
    serve = functools.partial(QuietFiles, directory=str(REAL_FILES))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("COURSE_DATA_MIRROR", f"http://127.0.0.1:{server.server_port}")
        data = load_dataset("mnist")
        server.shutdown()
    assert data.x_train.shape == (50_000, 1, 28, 28)
    assert data.x_val.shape == (10_000, 1, 28, 28)
    assert data.x_train.dtype == torch.float32
    assert (float(data.x_train.min()), float(data.x_train.max())) == (0, 1)
    assert data.y_train.dtype == torch.int64
    assert "100%" in capfd.readouterr().err
    # torchvision finds what was fetched, and agrees about every test image.
    theirs = torchvision.datasets.MNIST(data_folder(), train=False, download=True)
    x_test, y_test = data.test.open()
    assert torch.equal((x_test[:, 0] * 255).round().to(torch.uint8), theirs.data)
    assert torch.equal(y_test, theirs.targets)
    labels = torch.cat([data.y_train, data.y_val]).bincount()
    assert labels.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    with pytest.raises(SealBrokenError):
        load_dataset("mnist", n_train=10).test.open()


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@needs_mnist
def test_real_mnist_from_a_folder(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(REAL_FILES))
    data = load_dataset("mnist", n_train=500, label_noise=0.2)
    assert data.n_train == 500
    assert left_behind() == sorted(NAMES)


# --- what works ------------------------------------------------------------------------------


def test_split_sizes_and_second_use(tiny, mirror):
    mirror.serve(tiny)
    data = load_dataset("mnist")
    assert (data.n_train, len(data.x_val), len(data.test)) == (50, 10, 20)
    assert data.y_val.bincount().tolist() == [1] * 10
    assert data.input_shape == (1, 28, 28)
    assert len(mirror.asked) == 4
    mirror.pages.clear()
    again = load_dataset("mnist")
    assert torch.equal(again.x_train, data.x_train)
    assert len(mirror.asked) == 4


def test_files_once_fetched_need_no_network(tiny, mirror, monkeypatch, tmp_path):
    mirror.serve(tiny)
    load_dataset("mnist")
    shutil.copytree(data_folder(), tmp_path / "carried")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "carried"))
    mirror.pages.clear()
    load_dataset("mnist")
    assert len(mirror.asked) == 4


def test_a_flat_mirror_works_too(tiny, mirror):
    mirror.serve(tiny, layout="")
    assert load_dataset("mnist").n_train == 50


@pytest.mark.parametrize("write", [str, lambda path: path.as_uri(), lambda path: f"{path}/"])
def test_a_folder_can_be_the_mirror(tiny, monkeypatch, tmp_path, write):
    place = tmp_path / "on a stick" / "MNIST" / "raw"
    place.mkdir(parents=True)
    for name, content in tiny.items():
        (place / name).write_bytes(content)
    monkeypatch.setenv("COURSE_DATA_MIRROR", write(tmp_path / "on a stick"))
    assert load_dataset("mnist").n_train == 50


@pytest.mark.parametrize("unpack", [False, True])
def test_files_put_in_place_by_hand(tiny, unpack):
    raw().mkdir(parents=True)
    for name, content in tiny.items():
        if unpack:
            (raw() / name).with_suffix("").write_bytes(gzip.decompress(content))
        else:
            (raw() / name).write_bytes(content)
    assert load_dataset("mnist").n_train == 50


def test_fashion_mnist_has_a_folder_of_its_own(tiny, mirror, monkeypatch):
    table = torchvision.datasets.MNIST.resources
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "resources", table)
    mirror.serve(tiny, layout="/FashionMNIST/raw")
    assert load_dataset("fashion_mnist").name == "fashion_mnist"
    assert (data_folder() / "FashionMNIST" / "raw" / FIRST).is_file()


def test_public_servers_are_asked_in_turn(tiny, mirror, monkeypatch):
    monkeypatch.delenv("COURSE_DATA_MIRROR")
    servers = [f"{mirror.url}/gone/", f"{mirror.url}/public/"]
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", servers)
    mirror.serve(tiny, layout="/public")
    assert load_dataset("mnist").n_train == 50
    assert mirror.asked[:2] == [f"/gone/{FIRST}", f"/public/{FIRST}"]


# --- what goes wrong, and running the same line again -----------------------------------------


def truncated(content):
    return lambda handler: answer(handler, content[: len(content) // 2], length=len(content))


def broken_header(_):
    return lambda handler: handler.wfile.write(b"nonsense\r\n\r\n")


def refused(_):
    return lambda handler: handler.send_error(500, "disk on fire")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (truncated, "more expected"),
        (lambda content: content[: len(content) // 2], "does not match the known hash"),
        (lambda content: content[:-1] + b"?", "does not match the known hash"),
        (lambda _: b"", "does not match the known hash"),
        (lambda _: b"\n<!doctype html><p>Log in to the campus network", "a web page"),
        (lambda _: None, "answered 404"),
        (refused, "answered 500 disk on fire"),
        (broken_header, "no connection, or it broke"),
    ],
    ids=["cut off", "short", "altered", "empty", "web page", "404", "500", "not http"],
)
def test_a_bad_answer_is_named_leaves_nothing_and_can_be_retried(tiny, mirror, damage, said):
    mirror.serve(tiny)
    broken = NAMES[2]
    mirror.pages[f"/MNIST/raw/{broken}"] = damage(tiny[broken])
    message = failure()
    assert said in message
    assert f"{broken} is missing" in message
    assert f"{mirror.url}/MNIST/raw/{broken}" in message
    assert left_behind() == sorted(NAMES[:2])
    mirror.serve(tiny)
    assert load_dataset("mnist").n_train == 50
    assert left_behind() == sorted(NAMES)
    # What had been received was not asked for again.
    assert mirror.asked.count(f"/MNIST/raw/{FIRST}") == 1


def test_a_server_that_calls_the_file_a_packed_answer(tiny, mirror):
    def packed(handler):
        handler.send_response(200)
        handler.send_header("Content-Encoding", "x-gzip")
        handler.send_header("Content-Length", str(len(tiny[FIRST])))
        handler.end_headers()
        handler.wfile.write(tiny[FIRST])

    mirror.serve(tiny)
    mirror.pages[f"/MNIST/raw/{FIRST}"] = packed
    assert load_dataset("mnist").n_train == 50
    assert (raw() / FIRST).read_bytes() == tiny[FIRST]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
@pytest.mark.parametrize("from_a_folder", [False, True])
def test_others_may_read_what_one_user_fetched(tiny, mirror, monkeypatch, tmp_path, from_a_folder):
    mirror.serve(tiny)
    if from_a_folder:
        for name, content in tiny.items():
            (tmp_path / name).write_bytes(content)
        monkeypatch.setenv("COURSE_DATA_MIRROR", str(tmp_path))
    load_dataset("mnist")
    (tmp_path / "usual").touch()
    usual = (tmp_path / "usual").stat().st_mode
    assert {(raw() / name).stat().st_mode for name in NAMES} == {usual}


def test_checksums_are_compared_where_md5_is_barred(tmp_path):
    """On systems that follow FIPS 140, md5 is only to be had for other ends than security."""
    (tmp_path / "file.gz").write_bytes(idx(np.arange(3)))
    code = """
import hashlib, sys
from pathlib import Path

md5 = hashlib.md5

def barred(content=b"", *, usedforsecurity=True):
    if usedforsecurity:
        raise ValueError("disabled for FIPS")
    return md5(content, usedforsecurity=False)

hashlib.md5 = barred
from course_utils.data.download import provide
from course_utils.data.files import Archive

there, checksum = Path(sys.argv[1]), sys.argv[2]
archive = Archive(there / "MNIST" / "raw" / "file.gz", checksum, ((there / "file.gz").as_uri(),))
print(provide("mnist", [archive])[0].tolist())
"""
    command = [sys.executable, "-c", code, str(tmp_path), md5(idx(np.arange(3)))]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert done.stdout == "[0, 1, 2]\n", done.stderr


def test_a_silent_server_is_given_up(tiny, mirror, monkeypatch):
    monkeypatch.setattr(downloading, "TIMEOUT_S", 0.1)
    done = threading.Event()
    mirror.serve(tiny)
    mirror.pages[f"/MNIST/raw/{FIRST}"] = lambda _: done.wait(10)
    try:
        assert "timed out" in failure()
    finally:
        done.set()
    assert left_behind() == []


def test_an_interrupted_download_leaves_nothing_and_can_be_run_again(tiny, mirror, monkeypatch):
    mirror.serve(tiny)

    class Interrupted(tqdm):
        def update(self, n=1):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pooch.downloaders.tqdm", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            load_dataset("mnist")
    assert left_behind() == []
    assert load_dataset("mnist").n_train == 50


@pytest.mark.parametrize("damage", [b"", b"half", None])
def test_a_damaged_file_in_the_folder_is_replaced(tiny, mirror, damage):
    raw().mkdir(parents=True)
    (raw() / FIRST).write_bytes(tiny[FIRST][:99] if damage is None else damage)
    (raw() / NAMES[1]).with_suffix("").write_bytes(b"\x00\x00\x08\x01half")
    mirror.serve(tiny)
    assert load_dataset("mnist").n_train == 50
    assert (raw() / FIRST).read_bytes() == tiny[FIRST]


def test_offline_with_a_damaged_file_says_that_it_is_damaged(tiny, monkeypatch, closed_port):
    raw().mkdir(parents=True)
    (raw() / FIRST).write_bytes(b"half")
    monkeypatch.setenv("COURSE_DATA_MIRROR", f"http://127.0.0.1:{closed_port}")
    message = failure()
    assert f"{raw() / FIRST}: there, but with a wrong checksum" in message
    assert (raw() / FIRST).read_bytes() == b"half"


def test_offline_says_which_files_go_where_and_names_the_variables(tiny, monkeypatch, closed_port):
    servers = [f"http://127.0.0.1:{closed_port}/{place}/" for place in ("one", "two")]
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", servers)
    message = failure()
    for server in servers:
        assert f"{server}{FIRST}: no connection" in message
    assert f"put these files, as they are, into {raw()}" in message
    for name, content in tiny.items():
        assert f"{name}  (md5 {md5(content)})" in message
    for words in ("COURSE_DATA_DIR", "COURSE_DATA_MIRROR", 'load_dataset("digits")', "MNIST/raw"):
        assert words in message
    assert "unset" not in message


def test_offline_with_a_mirror_names_its_value(tiny, monkeypatch, closed_port):
    address = f"http://127.0.0.1:{closed_port}/data"
    monkeypatch.setenv("COURSE_DATA_MIRROR", address)
    message = failure()
    assert f"now it is {address!r}" in message
    assert "unset COURSE_DATA_MIRROR" in message
    assert message.count(f"tried {address}") == 1  # no second wait for the same silence


@pytest.mark.parametrize(
    ("value", "rule"),
    [("no/such/folder", "a folder that exists"), ("gopher://old.example", "begin with http://")],
)
def test_a_mirror_that_is_none(tiny, monkeypatch, value, rule):
    monkeypatch.setenv("COURSE_DATA_MIRROR", value)
    message = failure()
    assert rule in message
    assert repr(value) in message
    assert "unset it" in message


def test_an_empty_folder_as_mirror(tiny, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(tmp_path))
    assert "no such file" in failure()


def test_a_folder_that_cannot_be_written(tiny, mirror, monkeypatch, tmp_path):
    mirror.serve(tiny)
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "a file"))
    message = failure()
    assert "could not be written" in message
    assert "COURSE_DATA_DIR" in message


def test_images_and_labels_that_do_not_belong_together(tiny, mirror, monkeypatch):
    files = {**tiny, NAMES[1]: idx(np.arange(59) % 10)}
    table = [(name, md5(content)) for name, content in files.items()]
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", table)
    mirror.serve(files)
    assert "60 images but 59 labels" in failure()


# --- where, and what -------------------------------------------------------------------------


@pytest.fixture
def no_choice(monkeypatch, tmp_path):
    """A home in which nothing says where data go."""
    for name in ("COURSE_DATA_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(windows, "get_win_folder", lambda _: str(tmp_path / "AppData" / "Local"))


@pytest.mark.skipif(sys.platform == "win32", reason="the other systems' homes are not known here")
@pytest.mark.parametrize(
    ("platform", "system", "below"),
    [
        ("linux", unix.Unix, ".cache"),
        ("win32", windows.Windows, "AppData/Local"),
        ("darwin", macos.MacOS, "Library/Caches"),
    ],
)
def test_the_default_folder(monkeypatch, tmp_path, no_choice, platform, system, below):
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(files, "user_cache_path", lambda *a, **k: system(*a, **k).user_cache_path)
    assert data_folder() == tmp_path / below / "regularization-course"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    if platform == "linux":
        below = "elsewhere"
    else:  # a folder that is filled stays in use
        data_folder().mkdir(parents=True, exist_ok=True)
        (tmp_path / below / "regularization-course").mkdir(parents=True, exist_ok=True)
    assert data_folder() == tmp_path / below / "regularization-course"


def test_the_chosen_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA_DIR", "here")
    assert data_folder() == Path(os.getcwd()) / "here"


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"<html>", b"\x00\x00\x08\x01", b"\x00\x00\x08\x01\x00\x00\x00\x02?"],
)
def test_what_is_no_idx_file(content):
    assert parse_idx(content) is None


def test_an_idx_file_is_read_back():
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert np.array_equal(parse_idx(gzip.decompress(idx(array))), array)
