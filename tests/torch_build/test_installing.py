"""That pip installs the PyTorch that was chosen: with indexes on the loopback."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_utils.tooling import installing, pip, torch_build
from course_utils.tooling.environment import Environment, StartError, project
from tests.torch_build.servers import Index, index_in

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only Linux has two PyTorches")


BACKEND = """
import json, zipfile
from pathlib import Path
def get_requires_for_build_editable(config_settings=None):
    return []
def build_editable(folder, config_settings=None, metadata_directory=None):
    needs = json.loads(Path("needs.json").read_text())
    lines = [f"Requires-Dist: {need}" for need in needs]
    with zipfile.ZipFile(Path(folder) / "tiny_course-1.0-py3-none-any.whl", "w") as file:
        info = "tiny_course-1.0.dist-info/"
        file.writestr(info + "METADATA", "\\n".join(
            ["Metadata-Version: 2.1", "Name: tiny-course", "Version: 1.0", *lines, ""]))
        file.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        file.writestr(info + "RECORD", "")
    return "tiny_course-1.0-py3-none-any.whl"
"""


def write_course(root: Path, needs: list[str]) -> None:
    """A course that needs little and builds itself, without setuptools."""
    root.mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "tiny-course"\nversion = "1.0"\ndependencies = {json.dumps(needs)}\n'
        "[project.optional-dependencies]\n",
        encoding="utf-8",
    )
    (root / "needs.json").write_text(json.dumps(needs), encoding="utf-8")
    (root / "backend.py").write_text(BACKEND, encoding="utf-8")


NEEDS = ["torch>=2.6", "torchvision>=0.21", "numbers>=1.0"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    env = Environment(tmp_path_factory.mktemp("of pip") / "my course")
    write_course(env.root, NEEDS)
    subprocess.run([sys.executable, "-m", "venv", str(env.folder)], check=True)
    return env


@pytest.fixture
def course(
    made: Environment, small: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Environment]:
    """The tiny course, its `.venv` empty, and an ordinary index with newer ones than `small`."""
    (packages,) = made.folder.glob("lib/python*/site-packages")
    before = set(packages.iterdir())
    write_course(made.root, NEEDS)
    monkeypatch.setattr(installing, "try_out", lambda *_, **__: True)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with index_in(tmp_path / "ordinary") as ordinary:
        ordinary.add("torch", "99.0")
        ordinary.add("torchvision", "99.0", requires="torch (>=2.9)")
        ordinary.add("numbers", "1.5")
        monkeypatch.setenv("PIP_INDEX_URL", f"{ordinary.url}/")
        yield made
    for path in set(packages.iterdir()) - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    made.stamp_file.unlink(missing_ok=True)


def versions(env: Environment) -> dict[str, str]:
    probe = env.probe([])
    assert probe is not None
    return {
        name: probe.versions[name] for name in ("torch", "torchvision") if name in probe.versions
    }


SMALL = {"torch": "2.9.0+cpu", "torchvision": "0.24.0+cpu"}
ORDINARY = {"torch": "99.0", "torchvision": "99.0"}


def fill(env: Environment, index: Index | None, *, insist: bool = False) -> None:
    installing.fill(env, [], index.url if index else None, insist=insist, check_space=False)


@pytest.mark.slow
def test_the_small_pair_is_installed_though_newer_ones_are_elsewhere(
    course: Environment, small: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with index_in(tmp_path / "extra") as extra:
        extra.add("torch", "98.0")
        extra.add("torchvision", "98.0")
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{extra.url}/")
        monkeypatch.setenv("PIP_FIND_LINKS", str(extra.folder / "torch"))
        fill(course, small)
        assert versions(course) == SMALL
        assert not (course.folder / "wheels").exists()
        # What is added later leaves them as they are.
        write_course(course.root, [*NEEDS, "tiny>=1"])
        extra.add("tiny", "1.0")
        fill(course, None)
        assert "tiny" not in course.probe([]).missing
        assert versions(course) == SMALL


@pytest.mark.slow
def test_the_ordinary_pair_is_installed_as_it_always_was(course: Environment) -> None:
    fill(course, None)
    assert versions(course) == ORDINARY


@pytest.mark.slow
def test_a_constraint_of_the_reader_holds_for_the_small_one_too(
    course: Environment, small: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("torch<=2.8.0\ntorchvision<=0.23.0\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONSTRAINT", str(constraints))
    small.add("torch", "2.8.0+cpu")
    small.add("torchvision", "0.23.0+cpu", requires="torch (==2.8.0)")
    fill(course, small)
    assert versions(course) == {"torch": "2.8.0+cpu", "torchvision": "0.23.0+cpu"}


@pytest.mark.slow
@pytest.mark.parametrize("lacks", ["this Python", "a pair that fits", "the file"])
def test_an_index_without_a_fitting_pair_is_left_for_the_ordinary_one(
    course: Environment, small: Index, capsys: pytest.CaptureFixture[str], lacks: str
) -> None:
    if lacks == "a pair that fits":
        small.add("torch", "2.9.1+cpu")  # its torchvision is not there yet
    else:
        (file,) = (small.folder / "torch").glob("*.whl")
        file.unlink()
        if lacks == "this Python":
            small.add("torch", "2.9.0+cpu", tag="cp30-cp30-manylinux_2_28_x86_64")
    if lacks == "a pair that fits":
        with pytest.raises(StartError, match="--torch default"):
            fill(course, small, insist=True)
        assert versions(course) == {}
    fill(course, small)
    assert "The small PyTorch could not be installed from there" in capsys.readouterr().out
    assert versions(course) == ORDINARY


@pytest.mark.slow
def test_what_else_goes_wrong_is_told_with_its_remedy(
    course: Environment, small: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    write_course(course.root, [*NEEDS, "nowhere>=1"])
    with pytest.raises(StartError, match="There is no 'nowhere'"):
        fill(course, small)
    assert "could not be installed from there" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_set_up_by_itself_installs_the_small_one_from_start_to_end(
    course: Environment,
    small: Index,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_course(course.root, NEEDS[:2])
    monkeypatch.delenv("PIP_INDEX_URL")  # the real one, which cannot be reached from here
    installing.prepare(course, check_space=False)
    assert versions(course) == SMALL
    assert "The small PyTorch (without CUDA)" in capsys.readouterr().out
    asked = list(small.asked)
    installing.prepare(course, torch="default", check_space=False)
    assert torch_build.STAYS in capsys.readouterr().out
    assert small.asked == asked
    assert versions(course) == SMALL
    assert project(course.root)["name"] == "tiny-course"


def test_a_download_of_the_small_one_is_told_with_its_version() -> None:
    line = "  Downloading http://a.org/torch-2.9.0%2Bcpu-cp311-cp311-linux_x86_64.whl (184.1 MB)"
    assert pip.narrate(line) == "downloading torch 2.9.0+cpu (184.1 MB)"
