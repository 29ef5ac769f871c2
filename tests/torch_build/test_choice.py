"""Which PyTorch the set-up asks for."""

import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest

from course_utils.tooling import torch_build
from course_utils.tooling.environment import Environment, StartError
from course_utils.tooling.torch_build import choose_torch, has_nvidia_card, what_is_wrong
from tests.torch_build.servers import ROOT, TROUBLES, Index, holding

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only Linux has two PyTorches")


def test_the_small_one_is_chosen_where_its_index_answers(
    env: Environment, small: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose_torch(env, None, None) == small.url
    assert f"small PyTorch (without CUDA) comes from {small.url}." in capsys.readouterr().out
    assert small.asked == ["/torch/"]


@pytest.mark.parametrize(("server", "told"), TROUBLES.values(), ids=TROUBLES.keys())
def test_the_ordinary_one_is_chosen_where_the_index_does_not_answer(
    env: Environment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: Callable[[], "contextmanager[str]"],
    told: str,
) -> None:
    silent = "within" in told
    patience = 0.5 if silent else 60.0
    monkeypatch.setattr(torch_build, "PATIENCE_S", {None: patience, "cpu": patience})
    with server() as url:
        monkeypatch.setenv("COURSE_TORCH_INDEX", url)
        start = time.monotonic()
        assert choose_torch(env, None, None) is None
        taken = time.monotonic() - start
        said = capsys.readouterr().out
        assert re.search(rf"{re.escape(url)}, {told}.*:\n *the ordinary one", said)
        # Asked for by name, the large one is not installed in its place.
        with pytest.raises(StartError, match=rf"{told}(.|\n)*--torch default"):
            choose_torch(env, "cpu", None)
    if silent:
        assert taken < patience + 20, "the servers are silent for as long as they are asked"


def test_two_seconds_are_lost_at_most_if_nothing_was_asked_for() -> None:
    assert torch_build.PATIENCE_S[None] == 2.0
    assert torch_build.INDEX == "https://download.pytorch.org/whl/cpu"


def test_a_name_that_is_looked_up_for_long_counts_as_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        over.wait()
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setenv("no_proxy", "*")
    try:
        told = what_is_wrong("http://index.example", {}, 0.2)
        assert told == "does not answer within 0 s"
    finally:
        over.set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", "http://127.0.0.1:9/simple"),
        ("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:9/simple"),
        ("PIP_FIND_LINKS", "/a/folder"),
        ("PIP_NO_INDEX", "1"),
    ],
)
def test_where_pip_has_its_own_source_that_holds(
    env: Environment,
    small: Index,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert choose_torch(env, None, None) is None
    option = name.removeprefix("PIP_").lower().replace("_", "-")
    assert f"({option} in {name})" in capsys.readouterr().out
    assert small.asked == []
    assert choose_torch(env, "cpu", None) == small.url, "a word on the command line goes first"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PIP_CONSTRAINT", "/etc/constraints"), ("PIP_NO_INDEX", "0"), ("PIP_INDEX_URL", "")],
)
def test_other_settings_of_pip_are_no_source(
    env: Environment, small: Index, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert choose_torch(env, None, None) == small.url


def test_a_card_another_system_or_another_processor_get_the_ordinary_one(
    env: Environment,
    small: Index,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(torch_build, "has_nvidia_card", lambda: True)
        assert choose_torch(env, None, None) is None
        assert "There is an NVIDIA card" in capsys.readouterr().out
        assert choose_torch(env, "cpu", None) == small.url
    with monkeypatch.context() as patch:
        patch.setattr(torch_build.platform, "machine", lambda: "ppc64le")
        assert choose_torch(env, None, None) is None
    capsys.readouterr()
    for system in ("darwin", "win32"):
        monkeypatch.setattr(sys, "platform", system)
        assert choose_torch(env, None, None) is None
        assert capsys.readouterr().out == ""
        assert choose_torch(env, "cpu", None) is None
        assert "the ordinary PyTorch is the small one" in capsys.readouterr().out
    assert small.asked == ["/torch/"], "only where the small one was asked for by name"


def test_the_ordinary_one_is_had_by_asking_for_it(env: Environment, small: Index) -> None:
    assert choose_torch(env, "default", None) is None
    assert small.asked == []


@pytest.mark.parametrize("build", ["", "+cpu", "+cu130"])
def test_what_is_installed_stays(
    env: Environment, small: Index, capsys: pytest.CaptureFixture[str], build: str
) -> None:
    probe = holding(torch=f"2.9.0{build}", torchvision=f"0.24.0{build}")
    assert choose_torch(env, None, probe) is None
    assert capsys.readouterr().out == ""
    assert choose_torch(env, "cpu", probe) is None
    assert torch_build.STAYS in capsys.readouterr().out
    assert small.asked == []


@pytest.mark.parametrize(
    "versions",
    [
        {"torch": "2.9.0"},  # stopped between the two
        {"torch": "2.5.1", "torchvision": "0.20.1"},  # too old for the course of today
    ],
)
def test_the_other_half_of_a_pair_comes_from_where_the_first_came(
    env: Environment, small: Index, versions: dict[str, str]
) -> None:
    assert choose_torch(env, None, holding(**versions)) is None
    alike = {name: f"{version}+cpu" for name, version in versions.items()}
    assert choose_torch(env, None, holding(**alike)) == small.url
    assert choose_torch(env, None, holding(numpy="2.0.0")) == small.url


def test_the_requirements_can_be_compared() -> None:
    requirements = torch_build.torch_requirements(ROOT)
    assert [re.split(">=", item)[0] for item in requirements] == ["torch", "torchvision"]
    assert torch_build.has_torch(ROOT, holding(torch="2.10.0", torchvision="0.100.0"))
    assert not torch_build.has_torch(ROOT, holding(torch="2.5.9+cpu", torchvision="0.100.0"))
    assert not torch_build.has_torch(ROOT, None)


@pytest.mark.parametrize(
    ("files", "card"),
    [
        ([], False),
        (["proc/driver/nvidia/version", "dev/nvidiactl", "dev/nvidia-uvm"], False),
        (["proc/driver/nvidia/gpus/0000:01:00.0/information"], True),
        (["dev/nvidiactl", "dev/nvidia0"], True),
        (["dev/nvidiactl", "dev/nvidia3"], True),  # in a container that was given the fourth
        (["usr/bin/nvidia-smi"], False),  # the driver's package, without a card
        (["dev/dxg"], False),  # WSL with another card
        (["usr/lib/wsl/lib/libcuda.so.1", "dev/dxg"], True),
    ],
)
def test_a_card_is_seen(tmp_path: Path, files: list[str], card: bool) -> None:
    (tmp_path / "proc/driver/nvidia/gpus").mkdir(parents=True)
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert has_nvidia_card(tmp_path) is card
