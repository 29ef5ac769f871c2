"""Where downloaded files are kept, and how they are read."""

import gzip
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from platformdirs import macos, unix, windows

from course_utils.data import data_folder, files
from course_utils.data.files import parse_idx
from tests.download.mirrors import idx


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
