"""The two commands of the README: what start.py decides, says and installs."""

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
import tomllib
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from course_utils.tooling import environment, installing, pip, words
from course_utils.tooling.environment import Environment, Probe, StartError
from course_utils.tooling.remedies import diagnose
from course_utils.tooling.turns import my_turn

ROOT = Path(__file__).resolve().parents[1]
START = ROOT / "start.py"
TOOLING = ROOT / "course_utils" / "tooling"
PYTHON = "{}.{}".format(*sys.version_info[:2])

Usage = namedtuple("Usage", "total used free")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


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
    assert all(word in done.stdout for word in words.WORDS)


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


# A second start installs nothing; whatever is not as it was is installed or made again.


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    """A copy of the course, in a folder with a space, with a `.venv` that was set up."""
    root = tmp_path / "my course"
    (root / ".venv").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", root)
    made = Environment(root)
    made.write_stamp(sys.version_info[:2], ["dev"])
    return made


class Steps:
    """Stands in for the slow steps: remembers what was done, `.venv` answers what it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.probe: Probe | None = Probe(sys.version_info[:2], frozenset())
        self.works = iter([True])
        monkeypatch.setattr(Environment, "probe", lambda *_: self.probe)
        monkeypatch.setattr(installing, "make", self.make)
        monkeypatch.setattr(installing, "choose_torch", lambda *_: None)
        monkeypatch.setattr(installing, "install", self.install)
        monkeypatch.setattr(installing, "try_out", self.try_out)

    def make(self, env: Environment) -> None:
        self.done.append("make")
        env.folder.mkdir(exist_ok=True)

    def install(self, env: Environment, extras: list[str]) -> None:
        self.done.append(f"install {','.join(extras)}".strip())
        self.probe = Probe(sys.version_info[:2], frozenset())

    def try_out(self, env: Environment, *, last: bool) -> bool:
        return next(self.works)


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


def test_only_one_start_installs_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from course_utils.tooling.turns import my_turn\n"
        "with my_turn(Path(sys.argv[1])): print('mine', flush=True)"
    )
    with my_turn(lock):
        other = subprocess.Popen(
            [sys.executable, "-c", code, str(lock)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None
        assert "Waiting for it" in other.stdout.readline()
        assert other.poll() is None
    assert other.communicate(timeout=30)[0] == "mine\n"


# What goes wrong is said in words, with the remedy.


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


# The command line.


@pytest.mark.parametrize(
    ("argv", "word", "rest"),
    [
        ([], "lab", []),
        (["--no-browser"], "lab", []),
        (["lab", "--no-browser"], "lab", []),
        (["test"], "test", []),
        (["test", "-k", "fleet", "--no-header"], "test", ["-k", "fleet", "--no-header"]),
        (["setup", "instructor", "bench"], "setup", ["instructor", "bench"]),
        (["notebooks", "02", "03"], "notebooks", ["02", "03"]),
        (["--skip-space-check", "bench", "training", "--quick"], "bench", ["training", "--quick"]),
        (["--torch", "cpu"], "lab", []),
        (["--torch", "cpu", "setup", "bench"], "setup", ["bench"]),
        (["setup", "--torch=cpu", "bench"], "setup", ["bench"]),
        (["setup", "bench", "--torch", "cpu", "dev"], "setup", ["bench", "dev"]),
        (["--torch", "cpu", "test", "-k", "fleet"], "test", ["-k", "fleet"]),
    ],
)
def test_words_are_read(argv: list[str], word: str, rest: list[str]) -> None:
    args = words.parse(argv)
    assert (args.word, args.rest) == (word, rest)
    assert args.no_browser == ("--no-browser" in argv)
    assert args.torch == ("cpu" if "cpu" in " ".join(argv) else None)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["tset"], "there is no word 'tset'; did you mean 'test'?"),
        (["xyz"], "the words are lab, setup, test"),
        (["bench"], "say which benchmark"),
        (["lab", "02"], "'lab' takes no further words, got '02'"),
        (["setup", "bnch"], "there is no extra 'bnch'; they are dev, instructor, bench"),
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
        words.parse(argv)
    assert stop.value.code == 2
    assert told in capsys.readouterr().err


def test_an_error_is_shown_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StartError("The disk is full.")

    monkeypatch.setattr(words, "prepare", fail)
    assert words.main(["test"]) == 1
    assert capsys.readouterr().err == "\nThe disk is full.\n"


def test_the_lab_opens_the_first_lesson_with_the_environment_of_the_course(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = {"PYTHONPATH", "PYTHONHOME", "JUPYTER_PATH", "PYTHONDONTWRITEBYTECODE"}
    for name in foreign:
        monkeypatch.setenv(name, "elsewhere")
    (env.root / "notebooks").mkdir()
    (env.root / words.FIRST_LESSON).touch()
    command = words.lab_command(env, browser=False)
    assert command[:3] == [str(env.python), "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={env.root}" in command
    assert f"--LabApp.default_url=/lab/tree/{words.FIRST_LESSON}" in command
    assert "--no-browser" in command
    assert "--no-browser" not in words.lab_command(env, browser=True)
    variables = env.variables()
    assert not foreign & set(variables)
    assert variables["PATH"].split(os.pathsep)[0] == str(env.scripts)


@pytest.mark.parametrize(("system", "folder"), [("nt", "Scripts"), ("posix", "bin")])
def test_the_python_of_each_system(
    env: Environment, monkeypatch: pytest.MonkeyPatch, system: str, folder: str
) -> None:
    monkeypatch.setattr(environment.os, "name", system)
    assert env.scripts.name == folder
    assert env.python.name == ("python.exe" if system == "nt" else "python")


# Every check runs even if an earlier one fails; pytest comes last.


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    commands: list[str] = []

    def run(_: Environment, arguments: list[str]) -> int:
        commands.append(" ".join(arguments))
        return int("mypy" in arguments)

    monkeypatch.setattr(words, "run", run)
    return commands


def test_all_checks_run_and_one_failure_fails(
    env: Environment, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (env.root / "notebooks").mkdir()
    (env.root / words.FIRST_LESSON).touch()
    (env.root / "instructor").mkdir()
    assert words.run_checks(env) == 1
    names = [command.split()[1] for command in ran]
    assert names == ["ruff", "ruff", "mypy", "instructor.generate", "pytest"]
    assert ran[2].endswith("mypy course_utils instructor")
    assert ran[0].endswith("--check .")
    assert "-m pytest tests notebooks -n" in ran[-1]
    assert "--nbval-lax" in ran[-1]
    assert "failed: types" in capsys.readouterr().out


def test_a_copy_without_the_instructors_part_is_checked_without_it(
    env: Environment, ran: list[str]
) -> None:
    words.run_checks(env)
    assert [command.split()[1] for command in ran] == ["ruff", "ruff", "mypy", "pytest"]
    assert ran[2].endswith("mypy course_utils")


@pytest.mark.parametrize("word", ["exercises", "bank"])
def test_a_copy_for_students_has_no_instructors_words(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(words, "ROOT", tmp_path)
    assert words.main([word]) == 1
    assert f"'{word}' needs the folder instructor/" in capsys.readouterr().err


def test_pytest_alone_with_its_own_words(env: Environment, ran: list[str]) -> None:
    assert words.run_checks(env, ["-k", "fleet"]) == 0
    assert ran == ["-m pytest -k fleet"]


# The lists agree.


def project() -> dict[str, object]:
    return tomllib.loads(read("pyproject.toml"))["project"]


def split(requirement: str) -> tuple[str, str]:
    name, version = re.fullmatch(r"([\w.-]+)\s*(.*)", requirement).groups()
    return name, version


CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def test_conda_gets_the_same_packages() -> None:
    listed = yaml.safe_load(read("environment.yml"))
    conda = dict(split(item) for item in listed["dependencies"] if isinstance(item, str))
    extra = [item["pip"] for item in listed["dependencies"] if isinstance(item, dict)]
    expected = dict(split(item) for item in project()["dependencies"])
    expected = {CONDA_NAMES.get(name, name): version for name, version in expected.items()}
    assert conda == expected | {"python": project()["requires-python"], "pip": ""}
    assert extra == [["-e ."]], "pip installs the course itself and nothing else"
    assert listed["channels"][0] == "conda-forge"


def test_every_dependency_has_its_reason_beside_it() -> None:
    lines = read("pyproject.toml").splitlines()
    tables = project()["optional-dependencies"].values()
    for requirement in [*project()["dependencies"], *(item for table in tables for item in table)]:
        for line in [line for line in lines if f'"{requirement}"' in line]:
            assert re.search(r",\s*# \w.{8,}", line), f"say why: {line}"


def test_the_oldest_python_is_the_same_everywhere() -> None:
    oldest = ".".join(map(str, environment.OLDEST))
    assert project()["requires-python"] == f">={oldest}"
    assert f"OLDEST = {environment.OLDEST}" in read("start.py")
    assert f"Python {oldest} or newer" in read("README.md")
    assert tomllib.loads(read("pyproject.toml"))["tool"]["mypy"]["python_version"] == oldest


def test_ci_runs_the_command_of_the_readme() -> None:
    (command,) = re.findall(r"^(python3 start\.py test)\b", read("README.md"), flags=re.MULTILINE)[
        :1
    ]
    script = read(".ci/run")
    assert script.splitlines()[-1] == f"exec {command}"
    assert "set -euo pipefail" in script
    assert os.name == "nt" or os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_readme_names_words_and_files_that_exist() -> None:
    text = read("README.md")
    for word in re.findall(r"python3 start\.py (\w+)", text):
        assert word in words.WORDS
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / link).exists(), f"README.md links {link}, which is not there"
