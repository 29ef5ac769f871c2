"""The settings of pip that the choice of PyTorch heeds."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.tooling.pip_settings import Setting, pip_settings, source_of_packages
from course_utils.tooling.torch_build import what_is_wrong
from tests.torch_build.servers import Index

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only Linux has two PyTorches")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere pip's files are in other places")
@pytest.mark.parametrize("named", [False, True])
def test_the_settings_are_those_that_pip_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    files = {
        "etc/pip/pip.conf": "[global]\nindex-url = http://a\nproxy = p:1\nfind_links =\n  /x\n  /y",
        "home/.pip/pip.conf": "[global]\nindex-url = http://b\ncert = /old",
        "home/.config/pip/pip.conf": "[install]\nno-index = yes\n[global]\ncert = /new\n--pre = 1",
        "named.conf": "[global]\nindex-url = http://c\n[install]\nindex-url = http://d",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("PIP_CONFIG_FILE")
    monkeypatch.setenv("PIP_TIMEOUT", "20")
    if named:
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "named.conf"))

    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [re.fullmatch(r"(\S+)\.([\w-]+)=(.*)", line).groups() for line in listed.splitlines()]
    expected = {
        name: ast.literal_eval(value)
        for wanted in ("global", "install", ":env:")
        for section, name, value in lines
        if section == wanted and ast.literal_eval(value)
    }
    found = {name: setting.value for name, setting in pip_settings(Path(sys.prefix)).items()}
    for settings in (found, expected):
        settings.pop("config-file", None)  # not all versions of pip list where they look
    assert found == expected
    assert found["index-url"] == ("http://d" if named else "http://b")
    assert ("no-index" in found) is not named, "a file that is named stands for the user's own"


def test_a_setting_tells_where_it_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nextra-index-url = http://a\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    assert source_of_packages(pip_settings(tmp_path / ".venv")) == f"extra-index-url in {file}"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert pip_settings(tmp_path / ".venv").keys() == {"config-file"}


def test_the_index_is_asked_through_the_proxy_of_pip(small: Index) -> None:
    port = small.url.removeprefix("http://")
    url = "http://index.example/whl/cpu"
    # A proxy is asked for the whole address; this one has it under that path.
    assert what_is_wrong(url, {"proxy": Setting(port, "here")}, 60.0) is not None
    assert small.asked == [f"{url}/torch/"]


def test_a_certificate_that_is_not_there_is_told(tmp_path: Path) -> None:
    lost = {"cert": Setting(str(tmp_path / "lost.pem"), "here")}
    assert "No such file" in what_is_wrong("https://127.0.0.1:9", lost, 60.0)
