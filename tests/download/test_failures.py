"""What goes wrong with a download is named, leaves nothing behind, and can be run again."""

import gzip
import sys
import threading

import numpy as np
import pooch
import pytest
import requests
import torchvision
from tqdm import tqdm

from course_utils.data import download as downloading
from course_utils.data import load_dataset
from tests.download.mirrors import FIRST, NAMES, answer, failure, idx, left_behind, md5, raw


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


def test_a_file_of_the_right_checksum_that_holds_no_images(tiny, mirror, monkeypatch):
    files = {**tiny, FIRST: gzip.compress(b"pixels, one day", mtime=0)}
    table = [(name, md5(content)) for name, content in files.items()]
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", table)
    mirror.serve(files)
    assert f"{FIRST} has the expected checksum but is not an IDX file of bytes; delete it" in (
        failure()
    )


def test_a_network_that_signs_with_its_own_certificate_is_told_which_variable(
    tiny, mirror, monkeypatch
):
    def signed_by_a_stranger(*_):
        raise requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", signed_by_a_stranger)
    message = failure()
    assert "CERTIFICATE_VERIFY_FAILED" in message
    assert "let REQUESTS_CA_BUNDLE name that certificate's file" in message
    assert left_behind() == []


def test_a_torchvision_that_does_not_fit_torch_leaves_digits(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    message = failure()
    assert "mnist is fetched with torchvision, which could not be imported" in message
    assert "install torch and torchvision together" in message
    assert load_dataset("digits").num_classes == 10
