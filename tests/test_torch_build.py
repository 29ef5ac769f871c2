"""Which PyTorch the set-up asks for, and that pip installs this one: with indexes on loopback."""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course_utils.tooling import installing, pip, torch_build
from course_utils.tooling.environment import Environment, Probe, StartError, project
from course_utils.tooling.pip_settings import Setting, pip_settings, source_of_packages
from course_utils.tooling.torch_build import choose_torch, has_nvidia_card, what_is_wrong

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.version_info[:2]

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


# Servers.


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Folder(SimpleHTTPRequestHandler):
    """An index as a folder of pages; `asked` remembers what was asked for."""

    def __init__(self, *args: object, asked: list[str], **kwargs: object) -> None:
        self.asked = asked
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None: ...


def wheel(
    index: Path, name: str, version: str, requires: str = "", tag: str = "py3-none-any"
) -> None:
    """Add a wheel that holds nothing to the folder of an index, and its page."""
    folder = index / name
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if requires:
        metadata += f"Requires-Dist: {requires}\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as file:
        file.writestr(f"{info}/METADATA", metadata)
        file.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        file.writestr(f"{info}/RECORD", "")
    files = sorted(path.name for path in folder.glob("*.whl"))
    links = "".join(f'<a href="{path.replace("+", "%2B")}">{path}</a><br>\n' for path in files)
    page = f"<!DOCTYPE html>\n<html><body>\n{links}</body></html>\n"
    (folder / "index.html").write_text(page, encoding="utf-8")


class Index:
    """An index of packages on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.url = folder, [], ""
        folder.mkdir()

    def add(self, name: str, version: str, **kwargs: str) -> None:
        wheel(self.folder, name, version, **kwargs)


@contextmanager
def index_in(folder: Path) -> Iterator[Index]:
    index = Index(folder)
    with serving(partial(Folder, directory=str(folder), asked=index.asked)) as index.url:
        yield index


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


def error(code: int) -> type[BaseHTTPRequestHandler]:
    class Error(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(code)

        def log_message(self, *_: object) -> None: ...

    return Error


class Welcome(BaseHTTPRequestHandler):
    """What a hotel answers to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Please accept our terms.</html>")

    def log_message(self, *_: object) -> None: ...


@contextmanager
def raw_server(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Accepts connections and hands each to `talk`."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def accept() -> None:
            talks = []
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                talks.append(threading.Thread(target=talk, args=(connection, over)))
                talks[-1].start()
            for one in talks:
                one.join()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def silence(connection: socket.socket, over: threading.Event) -> None:
    with connection:
        over.wait()


def drops(connection: socket.socket, over: threading.Event) -> None:
    with connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while not over.wait(0.05):
            try:
                connection.sendall(b".")
            except OSError:
                return


def noise(connection: socket.socket, over: threading.Event) -> None:
    with connection:
        connection.recv(4096)
        connection.sendall(b"220 mail.example.org ready\r\n")


@contextmanager
def closed_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


TROUBLES = {
    "silent": (partial(raw_server, silence), "does not answer within"),
    "drop by drop": (partial(raw_server, drops), "does not answer within"),
    "closed": (closed_port, "cannot be reached"),
    "not a web server": (partial(raw_server, noise), "does not answer as a web server does"),
    "forbidden": (partial(serving, error(403)), r"answers with an error \(403\)"),
    "not there": (partial(serving, error(404)), r"answers with an error \(404\)"),
    "a login page": (partial(serving, Welcome), "does not list PyTorch"),
}


# What is chosen.


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    root = tmp_path / "my course"
    root.mkdir()
    shutil.copy(ROOT / "pyproject.toml", root)
    return Environment(root)


def holding(**versions: str) -> Probe:
    """A `.venv` that holds these packages."""
    return Probe(PYTHON, frozenset({"jupyterlab"}), versions)


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


# The settings of pip.


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


# What pip installs.

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
