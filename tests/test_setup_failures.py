"""What goes wrong in the set-up is said in words, with the remedy."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_utils.tooling import installing, pip
from course_utils.tooling.environment import Environment, Probe, StartError
from course_utils.tooling.remedies import diagnose
from tests.courses import PYTHON, ROOT, Usage, course_copy


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    return course_copy(tmp_path)


@pytest.mark.parametrize(
    ("small", "settings", "probe", "need"),
    [
        (False, {}, None, 12),
        (True, {}, None, 3),
        (False, {"PIP_EXTRA_INDEX_URL": "https://example.org/whl/cpu"}, None, 3),
        (False, {}, Probe(sys.version_info[:2], frozenset(), {"torch": "2.9.0"}), 12),
    ],
)
def test_too_little_space_is_said_before_the_download(
    env: Environment,
    monkeypatch: pytest.MonkeyPatch,
    small: bool,
    settings: dict[str, str],
    probe: Probe | None,
    need: int,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100e9, 98.6e9, 1.4e9))
    monkeypatch.setattr(sys, "platform", "linux")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StartError, match=rf"1\.4 GB free.* about {need} GB") as told:
        installing.require_space(env, probe, small=small)
    assert ("--torch cpu" in str(told.value)) == (need == 12)
    installed = {"torch": "2.9.0", "torchvision": "0.24.0"}
    there = Probe(sys.version_info[:2], frozenset({"pytest"}), installed)
    installing.require_space(env, there, small=False)


def test_python_without_venv_is_told_of_the_debian_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(installing, "find_spec", lambda name: None if name == "ensurepip" else 1)
    with pytest.raises(StartError, match=rf"ensurepip is missing(.|\n)*python{PYTHON}-venv"):
        installing.require_venv()


FAILURES = {
    "full disk": (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "The disk is full",
    ),
    "no network": (
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(': "
        "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')'\n"
        "ERROR: Could not find a version that satisfies the requirement torch>=2.6 "
        "(from versions: none)\nERROR: No matching distribution found for torch>=2.6",
        "The network is missing",
    ),
    "network lost": ("ERROR: Exception:\nReadTimeoutError: Read timed out.", "network is missing"),
    "proxy": ("ERROR: x\nProxyError('Cannot connect to proxy.')", "HTTPS_PROXY"),
    "certificate": ("SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate", "PIP_CERT"),
    "no build for this Python": (
        "ERROR: Could not find a version that satisfies the requirement torch>=2.6 "
        "(from versions: none)\nERROR: No matching distribution found for torch>=2.6",
        f"There is no 'torch' for Python {PYTHON}",
    ),
    "too old on the server": (
        "WARNING: Retrying after connection broken by 'ReadTimeoutError'\n"
        "ERROR: Could not find a version that satisfies the requirement torch>=2.6 "
        "(from versions: 2.1, 2.2)\nERROR: No matching distribution found for torch>=2.6",
        "There is no 'torch'",
    ),
    "a package fails": ("ERROR: Failed building wheel for pyzmq", "The package 'pyzmq'"),
    "long path": ("ERROR: ... HINT: ... enable Long Path support", "C:\\course"),
    "no rights": ("ERROR: [WinError 5] Access is denied: 'x.pyd'", "Close every JupyterLab"),
    "no Visual C++": ("OSError: [WinError 126] error loading c10.dll", "Visual C++"),
    "damaged download": ("zipfile.BadZipFile: File is not a zip file", "cache purge"),
    "mismatch": ("RuntimeError: operator torchvision::nms does not exist", "do not fit together"),
    "unknown": ("ERROR: something else", "reason that start.py does not know"),
}


@pytest.mark.parametrize(("log", "told"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_is_explained(log: str, told: str) -> None:
    assert told in diagnose(log)
    assert len(diagnose(log).splitlines()) > 1, "there is no remedy"


def test_a_failing_pip_shows_its_last_words_and_the_remedy(
    env: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "print('Collecting torch'); print('ERROR: No space left on device'); raise SystemExit(1)"
    real = pip.run_pip
    monkeypatch.setattr(
        pip, "run_pip", lambda _, *a, **k: real([sys.executable, "-c", code], *a, **k)
    )
    with pytest.raises(StartError, match="The disk is full"):
        pip.install(env, [])
    assert "| ERROR: No space left on device" in capsys.readouterr().out
    assert "Collecting torch" in env.log_file.read_text(encoding="utf-8")
    assert not (env.folder / "tmp").exists()


def test_pip_does_not_go_on_alone_when_start_is_stopped(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(line: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pip, "narrate", stopped)
    pids: list[int] = []
    real = subprocess.Popen

    def remember(*args: object, **kwargs: object) -> "subprocess.Popen[str]":
        process = real(*args, **kwargs)
        pids.append(process)
        return process

    monkeypatch.setattr(subprocess, "Popen", remember)
    code = "import time; print('started', flush=True); time.sleep(60)"
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        pip.run_pip(
            [sys.executable, "-c", code], env.log_file, cwd=ROOT, variables=dict(os.environ)
        )
    assert time.monotonic() - start < 30
    assert pids[0].returncode is not None


@pytest.mark.parametrize(
    ("line", "story"),
    [
        ("  Downloading torch-2.9.0-cp311-none-any.whl (539.1 MB)", "downloading torch 2.9.0"),
        ("Downloading https://a.org/b/torch-2.9.0-cp311-none-any.whl (1.2 GB)", "torch 2.9.0"),
        ("  Using cached torch-2.9.0-cp311-none-any.whl (539.1 MB)", "from pip's store torch"),
        ("Installing collected packages: a, b, c", "unpacking 3 packages"),
        ("Installing collected packages: a", "unpacking 1 package"),
    ],
)
def test_large_steps_are_told(line: str, story: str) -> None:
    assert story in (pip.narrate(line) or "")


@pytest.mark.parametrize(
    "line",
    ["Collecting numpy", "  Downloading six-1.17.0-py2.py3-none-any.whl (11 kB)", "", "x (1 MB)"],
)
def test_small_steps_are_not_told(line: str) -> None:
    assert pip.narrate(line) is None
