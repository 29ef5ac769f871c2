"""Downloaded data that arrive: from a mirror, from a folder, or put in place by hand."""

import functools
import gzip
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from course_utils.data import SealBrokenError, data_folder, load_dataset
from tests.download.mirrors import FIRST, NAMES, idx, left_behind, md5, raw

REAL_FILES = Path(__file__).parents[3] / "shared" / "data"


needs_mnist = pytest.mark.skipif(
    not (REAL_FILES / "MNIST" / "raw" / FIRST).is_file(),
    reason="the original MNIST files are not in ../shared/data beside the repository",
)


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
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout == "[0, 1, 2]\n", done.stderr
