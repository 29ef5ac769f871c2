"""What start.py installs, and when it installs nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.tooling import environment, installing
from course_utils.tooling.environment import Environment, Probe, StartError
from course_utils.tooling.lock import setup_lock
from tests.courses import PYTHON, ROOT, Steps, Usage, course_copy


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    return course_copy(tmp_path)


# A second start installs nothing; whatever is not as it was is installed or made again.


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(monkeypatch)


def prepare(env: Environment, *extras: str) -> None:
    installing.prepare(env, extras, check_space=False)


@pytest.mark.parametrize("extras", [(), ("dev",)])
def test_a_second_start_installs_nothing(
    env: Environment, steps: Steps, extras: tuple[str, ...]
) -> None:
    prepare(env, *extras)
    assert steps.done == []


def test_a_first_start_makes_and_installs_and_the_next_does_not(
    env: Environment, steps: Steps
) -> None:
    env.remove()
    prepare(env)
    assert steps.done == ["make", "install"]
    assert env.read_stamp() is not None
    assert (env.folder / "share/jupyter/lab/settings/overrides.json").is_file()
    prepare(env)
    assert steps.done == ["make", "install"]


def test_what_an_earlier_start_installed_is_kept(env: Environment, steps: Steps) -> None:
    prepare(env, "bench")
    assert steps.done == ["install bench,dev"]
    assert env.read_stamp().extras == ["bench", "dev"]


def test_a_new_dependency_is_installed_but_a_new_setting_is_not(
    env: Environment, steps: Steps
) -> None:
    file = env.root / "pyproject.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("line-length = 100", "line-length = 90"), encoding="utf-8")
    prepare(env)
    assert steps.done == []
    file.write_text(text.replace('"numpy>=2.0"', '"numpy>=2.1"'), encoding="utf-8")
    prepare(env)
    assert steps.done == ["install dev"]


def test_an_interrupted_installation_is_taken_up(env: Environment, steps: Steps) -> None:
    env.stamp_file.unlink()
    steps.probe = Probe(sys.version_info[:2], frozenset({"torch"}))
    prepare(env)
    assert steps.done == ["install"]


def test_a_package_that_vanished_is_installed_again(env: Environment, steps: Steps) -> None:
    steps.probe = Probe(sys.version_info[:2], frozenset({"jupyterlab"}))
    prepare(env)
    assert steps.done == ["install dev"]


def test_the_stamp_is_gone_while_pip_runs(
    env: Environment, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    steps.probe = Probe(sys.version_info[:2], frozenset({"torch"}))
    monkeypatch.setattr(installing, "install", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepare(env)
    assert env.read_stamp() is None


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        (None, "its Python does not start"),
        (Probe((3, 9), frozenset()), "its Python is 3.9"),
        (Probe((3, 99), frozenset()), f"its Python was {PYTHON} and is now 3.99"),
        (Probe(sys.version_info[:2], frozenset({"pip", "torch"})), "it has no pip"),
    ],
)
def test_a_broken_environment_is_made_again(
    env: Environment,
    steps: Steps,
    capsys: pytest.CaptureFixture[str],
    probe: Probe | None,
    why: str,
) -> None:
    steps.probe = probe
    prepare(env)
    assert steps.done == ["make", "install dev"]
    assert f".venv cannot be used: {why}" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_used_as_it_is(
    env: Environment, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "is_writable", lambda _: False)
    prepare(env)
    assert steps.done == []
    assert not (env.root / ".start.lock").exists()
    steps.probe = Probe(sys.version_info[:2], frozenset({"torch"}))
    with pytest.raises(StartError, match="this folder cannot be written"):
        prepare(env)
    assert steps.done == []


def test_whether_a_folder_can_be_written_is_tried_out(tmp_path: Path) -> None:
    assert installing.is_writable(tmp_path)
    assert not installing.is_writable(tmp_path / "not there")


def test_a_moved_folder_is_made_again(
    env: Environment, steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = Environment(env.root.rename(env.root.with_name("moved")))
    prepare(moved)
    assert steps.done == ["make", "install dev"]
    assert "it was made in another folder" in capsys.readouterr().out


def test_damaged_files_are_found_by_trying_out(env: Environment, steps: Steps) -> None:
    env.stamp_file.unlink()
    steps.works = iter([False, True])
    prepare(env)
    assert steps.done == ["install", "make", "install"]


def test_a_damaged_stamp_counts_as_none(env: Environment) -> None:
    for text in ("", "{}", "[1]", "{", '{"root": 1, "colour": 2}'):
        env.stamp_file.write_text(text, encoding="utf-8")
        assert env.read_stamp() is None


def test_a_real_environment_answers(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    env = Environment(tmp_path)
    assert env.probe([]) is None
    command = [sys.executable, "-m", "venv", "--without-pip", str(env.folder)]
    subprocess.run(command, check=True)
    probe = env.probe([])
    assert probe is not None
    assert probe.python == sys.version_info[:2]
    assert {"pip", "torch", "jupyterlab"} <= probe.missing
    assert environment.why_broken(env, None, probe) == "it has no pip"


def test_what_was_installed_is_tried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    env = Environment(tmp_path)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env.folder)], check=True)
    assert not installing.try_out(env, last=False), "it may be made anew and tried again"
    with pytest.raises(StartError, match="Everything was installed, but it does not start"):
        installing.try_out(env, last=True)
    assert "No module named 'torch'" in capsys.readouterr().out
    monkeypatch.setattr(installing, "_TRIAL", "print('PyTorch, as it should be')")
    assert installing.try_out(env, last=True)
    assert "PyTorch, as it should be" in capsys.readouterr().out


def test_a_place_where_no_environment_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(StartError, match=r"\.venv could not be made"):
        installing.make(Environment(tmp_path / "a file"))


def test_only_one_start_installs_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from course_utils.tooling.lock import setup_lock\n"
        "with setup_lock(Path(sys.argv[1])): print('mine', flush=True)"
    )
    with setup_lock(lock):
        other = subprocess.Popen(
            [sys.executable, "-c", code, str(lock)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None
        assert "Waiting for it" in other.stdout.readline()
        assert other.poll() is None
    assert other.communicate(timeout=30)[0] == "mine\n"


# What goes wrong is said in words, with the remedy.


def test_the_space_is_that_of_the_pytorch_that_comes(
    env: Environment, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    env.remove()
    monkeypatch.setattr(sys, "platform", "linux")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100e9, 95e9, 5e9))
    with pytest.raises(StartError, match="about 12 GB"):
        installing.prepare(env)
    monkeypatch.setattr(installing, "choose_torch", lambda *_: "http://index.example")
    monkeypatch.setattr(installing, "install_small", lambda *_: env.log_file)  # it has none
    with pytest.raises(StartError, match="about 12 GB"):
        installing.prepare(env)
    assert steps.done == ["make"]
    monkeypatch.setattr(installing, "install_small", lambda env, extras, *_: steps.install(env, []))
    installing.prepare(env)
    assert steps.done == ["make", "install"]
