"""Indexes of packages on the loopback, and all the ways in which a server can fail to be one."""

import socket
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from course_utils.tooling.environment import Probe

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.version_info[:2]


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


def holding(**versions: str) -> Probe:
    """A `.venv` that holds these packages."""
    return Probe(PYTHON, frozenset({"jupyterlab"}), versions)
