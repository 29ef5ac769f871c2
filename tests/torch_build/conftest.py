"""A plain computer, an index with the small PyTorch, and a copy of the course."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_utils.tooling import torch_build
from course_utils.tooling.environment import Environment
from tests.torch_build.servers import ROOT, Index, index_in

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only Linux has two PyTorches")


@pytest.fixture(autouse=True)
def plain_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux without a card, with nothing set for pip, and no way out of this computer."""
    for name in list(os.environ):
        if name.startswith("PIP_") or name.lower().endswith(("_proxy", "ca_bundle")):
            monkeypatch.delenv(name)
    monkeypatch.delenv("COURSE_TORCH_INDEX", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(torch_build.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(torch_build, "has_nvidia_card", lambda: False)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The index of the small PyTorch, in place of the real one."""
    # However slow the computer that runs the test: this index answers.
    monkeypatch.setattr(torch_build, "PATIENCE_S", {None: 60.0, "cpu": 60.0})
    with index_in(tmp_path / "small") as index:
        index.add("torch", "2.9.0+cpu")
        index.add("torchvision", "0.24.0+cpu", requires="torch (==2.9.0)")
        monkeypatch.setenv("COURSE_TORCH_INDEX", index.url)
        yield index


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    root = tmp_path / "my course"
    root.mkdir()
    shutil.copy(ROOT / "pyproject.toml", root)
    return Environment(root)
