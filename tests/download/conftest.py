"""Nothing in this folder reaches beyond 127.0.0.1 or touches the user's own folders."""

import socket

import numpy as np
import pytest
import torchvision

from course_utils.data import seal
from tests.download.mirrors import NAMES, Mirror, idx, md5


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
