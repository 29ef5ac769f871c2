"""The two commands of the README: what start.py is, which commands it knows and what they run."""

import ast
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.tooling import cli, environment, lab
from course_utils.tooling.environment import Environment, StartError
from tests.courses import START, TOOLING, course_copy

# start.py must run where nothing is installed, and explain itself to an old Python.


def test_start_needs_the_standard_library_only() -> None:
    names: set[str] = set()
    files = [START, *(path for path in TOOLING.glob("*.py") if path.name != "notebooks.py")]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    ours = {name for name in names if name.startswith("course_utils.tooling.")}
    assert ours
    assert {name.split(".")[0] for name in names - ours} <= set(sys.stdlib_module_names)


def test_start_runs_without_any_installed_package() -> None:
    # -S leaves out site-packages, -P the working folder: start.py finds its own by itself.
    done = subprocess.run(
        [sys.executable, "-S", "-P", str(START), "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in cli.COMMANDS)


def test_an_old_python_can_read_start() -> None:
    tree = ast.parse(START.read_text(encoding="utf-8"))
    newer = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.Match, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        assert not isinstance(node, newer), f"line {node.lineno}: old Pythons cannot read this"
        if isinstance(node, ast.arg | ast.FunctionDef):
            annotation = node.annotation if isinstance(node, ast.arg) else node.returns
            assert annotation is None, f"line {node.lineno}: Python 2 knows no annotations"
    assert START.read_text(encoding="utf-8").isascii()


@pytest.mark.parametrize("other", [None, "python3.12"])
def test_an_old_python_is_told_what_to_do(
    other: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if other:
        (tmp_path / other).touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 8, 18, "final", 0))
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(START), run_name="__main__")
    message = str(stop.value)
    assert "needs Python 3.11 or newer, and this is Python 3.8.18" in message
    assert ("python3.12 start.py" if other else "https://www.python.org/downloads/") in message


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    return course_copy(tmp_path)


# The command line.


@pytest.mark.parametrize(
    ("argv", "word", "rest"),
    [
        ([], "learn", []),
        (["--no-browser"], "learn", []),
        (["lab", "--no-browser"], "lab", []),
        (["--folder", "test"], "learn", []),
        (["learn", "--folder=my folder"], "learn", []),
        (["test"], "test", []),
        (["test", "-k", "fleet", "--no-header"], "test", ["-k", "fleet", "--no-header"]),
        (["setup", "instructor", "bench"], "setup", ["instructor", "bench"]),
        (["notebooks", "02", "03"], "notebooks", ["02", "03"]),
        (["--skip-space-check", "bench", "training", "--quick"], "bench", ["training", "--quick"]),
        (["claims", "02", "5"], "claims", ["02", "5"]),
        (["--torch", "cpu"], "learn", []),
        (["--torch", "cpu", "setup", "bench"], "setup", ["bench"]),
        (["setup", "--torch=cpu", "bench"], "setup", ["bench"]),
        (["setup", "bench", "--torch", "cpu", "dev"], "setup", ["bench", "dev"]),
        (["--torch", "cpu", "test", "-k", "fleet"], "test", ["-k", "fleet"]),
    ],
)
def test_words_are_read(argv: list[str], word: str, rest: list[str]) -> None:
    args = cli.parse(argv)
    assert (args.word, args.rest) == (word, rest)
    assert args.no_browser == ("--no-browser" in argv)
    assert args.torch == ("cpu" if "cpu" in " ".join(argv) else None)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["tset"], "there is no command 'tset'; did you mean 'test'?"),
        (["xyz"], "the commands are learn, lab, setup"),
        (["bench"], "say which benchmark"),
        (["lab", "02"], "'lab' takes no further arguments, got '02'"),
        (["learn", "02"], "'learn' takes no further arguments, got '02'"),
        (["lab", "--folder", "mine"], "--folder names the folder of your own copy"),
        (["--folder"], "argument --folder: expected one argument"),
        (["setup", "bnch"], "there is no extra 'bnch'; they are dev, instructor, cluster, bench"),
        (["--nobrowser"], "unrecognized arguments: --nobrowser"),
        (["--torch", "gpu"], "argument --torch: invalid choice: 'gpu'"),
        (["--torch", "setup"], "argument --torch: invalid choice: 'setup'"),
        (["setup", "--torch"], "argument --torch: expected one argument"),
    ],
)
def test_a_wrong_word_is_answered_kindly(
    argv: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.parse(argv)
    assert stop.value.code == 2
    assert told in capsys.readouterr().err


def test_an_error_is_shown_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StartError("The disk is full.")

    monkeypatch.setattr(cli, "prepare", fail)
    assert cli.main(["test"]) == 1
    assert capsys.readouterr().err == "\nThe disk is full.\n"


def test_the_lab_opens_the_first_lesson_with_the_environment_of_the_course(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = {"PYTHONPATH", "PYTHONHOME", "JUPYTER_PATH", "PYTHONDONTWRITEBYTECODE"}
    for name in foreign:
        monkeypatch.setenv(name, "elsewhere")
    (env.root / "notebooks").mkdir()
    (env.root / lab.FIRST_LESSON).touch()
    command = lab.lab_command(env, env.root, browser=False)
    assert command[:3] == [str(env.python), "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={env.root}" in command
    assert f"--LabApp.default_url=/lab/tree/{lab.FIRST_LESSON}" in command
    assert "--no-browser" in command
    assert "--no-browser" not in lab.lab_command(env, env.root, browser=True)
    variables = env.variables()
    assert not foreign & set(variables)
    assert variables["PATH"].split(os.pathsep)[0] == str(env.scripts)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no execve that keeps the terminal")
def test_the_lab_takes_the_place_of_the_start(
    env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # and back, after the test
    seen = []

    def become(program: str, command: list[str], variables: dict[str, str]) -> None:
        seen.append((program, command, variables, Path.cwd()))
        raise SystemExit  # for whoever becomes another program does not return

    monkeypatch.setattr(os, "execve", become)
    with pytest.raises(SystemExit):
        lab.open_lab(env, env.root, browser=True)
    command = lab.lab_command(env, env.root, browser=True)
    assert seen == [(str(env.python), command, env.variables(), env.root.resolve())]


@pytest.mark.parametrize(("system", "folder"), [("nt", "Scripts"), ("posix", "bin")])
def test_the_python_of_each_system(
    env: Environment, monkeypatch: pytest.MonkeyPatch, system: str, folder: str
) -> None:
    monkeypatch.setattr(environment.os, "name", system)
    assert env.scripts.name == folder
    assert env.python.name == ("python.exe" if system == "nt" else "python")
