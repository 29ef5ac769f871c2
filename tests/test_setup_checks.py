"""What `start.py test` and its relatives run, and what a copy for students cannot."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_utils.tooling import cli, lab
from course_utils.tooling.environment import Environment
from tests.courses import course_copy, read


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    return course_copy(tmp_path)


# Every check runs even if an earlier one fails; pytest comes last.


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    commands: list[str] = []

    def run(_: Environment, arguments: list[str]) -> int:
        commands.append(" ".join(arguments))
        return int("mypy" in arguments)

    monkeypatch.setattr(cli, "run", run)
    return commands


def test_all_checks_run_and_one_failure_fails(
    env: Environment, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (env.root / "notebooks").mkdir()
    (env.root / lab.FIRST_LESSON).touch()
    (env.root / "exercises").mkdir()
    (env.root / "exercises" / "one.ipynb").touch()  # the instructor's tests execute it
    for part in ("course_utils", "benchmarks", "claims", "instructor", "tests"):
        (env.root / part).mkdir(exist_ok=True)
    assert cli.run_checks(env) == 1
    names = [command.split()[1] for command in ran]
    assert names == ["ruff", "ruff", "mypy", "instructor.generate", "pytest"]
    assert ran[0].endswith("--check .")
    assert ran[2].endswith("mypy course_utils benchmarks claims instructor")
    assert "-m pytest tests notebooks -n" in ran[-1]
    assert "--nbval-lax" in ran[-1]
    assert "--dist loadscope --no-loadscope-reorder" in ran[-1], "or the order is xdist's own"
    assert (" --cov " in ran[-1]) == (sys.version_info >= (3, 12))
    assert "failed: types" in capsys.readouterr().out


@pytest.mark.parametrize(("cores", "said"), [(1, 2), (2, 3), (3, 4), (64, cli.MOST_PROCESSES)])
def test_one_process_more_than_cores_shares_the_tests(
    monkeypatch: pytest.MonkeyPatch, cores: int, said: int
) -> None:
    monkeypatch.setattr(cli.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(cli.os, "sched_getaffinity", lambda _: range(cores), raising=False)
    assert cli.processes() == said
    monkeypatch.delattr(cli.os, "sched_getaffinity")  # Windows, macOS
    assert cli.processes() == said


def test_a_copy_without_the_instructors_part_is_checked_without_it(
    env: Environment, ran: list[str]
) -> None:
    (env.root / "course_utils").mkdir(exist_ok=True)
    cli.run_checks(env)
    assert [command.split()[1] for command in ran] == ["ruff", "ruff", "mypy", "pytest"]
    assert ran[2].endswith("mypy course_utils")
    assert "-m pytest -n" in ran[-1], "there are no tests to be named either"


@pytest.mark.parametrize(
    ("word", "folder"),
    [
        ("exercises", "instructor"),
        ("bank", "instructor"),
        ("bench training", "benchmarks"),
        ("claims", "claims"),
        ("fuzz", "tests"),
    ],
)
def test_a_copy_for_students_has_no_instructors_words(
    word: str,
    folder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    assert cli.main(word.split()) == 1
    assert f"'{word.split()[0]}' needs the folder {folder}/" in capsys.readouterr().err


@pytest.mark.parametrize("code", [0, 1])
def test_the_pages_of_the_package_are_written_where_git_ignores_them(
    env: Environment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: int,
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(cli, "run", lambda _, arguments: commands.append(arguments) or code)
    assert cli.write_api(env) == code
    (command,) = commands
    assert command[:3] == ["-m", "pdoc", "course_utils"]
    pages = env.root / "build" / "api"
    assert command[-2:] == ["-o", str(pages)]
    assert (str(pages / "course_utils.html") in capsys.readouterr().out) == (code == 0)
    assert "build/" in read(".gitignore").splitlines()


def test_pytest_alone_with_its_own_words(env: Environment, ran: list[str]) -> None:
    assert cli.run_checks(env, ["-k", "fleet"]) == 0
    assert ran == ["-m pytest -k fleet"]
