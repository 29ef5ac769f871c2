"""A real JupyterLab, driven in a headless Chromium: for the browser tests and `benchmarks live`."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, Page, sync_playwright

from course_utils.tooling.lab import EXPORTED

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
START_S = 60


def find_chromium() -> str | None:
    """The Chromium named by COURSE_CHROMIUM, or the system's, or None."""
    named = os.environ.get("COURSE_CHROMIUM")
    names = [named] if named else NAMES
    return next((path for name in names if (path := shutil.which(name))), None)


class Lab:
    """A JupyterLab server on 127.0.0.1 with a token and settings of its own, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        own = folder / ".jupyter"
        news = own / "settings" / "@jupyterlab" / "apputils-extension"
        news.mkdir(parents=True, exist_ok=True)
        (news / "notification.jupyterlab-settings").write_text(
            json.dumps({"fetchNews": "false", "checkForUpdates": False})
        )
        self._log = (own / "server.log").open("w")
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
                "--LabApp.expose_app_in_browser=True", "--ServerApp.ip=127.0.0.1",
                f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0",
                f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={self.token}",
                f"--NbConvertBase.display_data_priority={EXPORTED}",
            ],
            stdout=self._log, stderr=subprocess.STDOUT, cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "JUPYTER_CONFIG_DIR": str(own / "config"),
                "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
                "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
                "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
            },
        )  # fmt: skip
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                self.ask("GET", "api")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
            else:
                return
        log = (self.folder / ".jupyter" / "server.log").read_text()
        self.close()
        raise RuntimeError(f"JupyterLab did not start within {START_S} s:\n{log[-2000:]}")

    def ask(self, method: str, path: str) -> Any:
        """The server's answer to a request of its interface; None where it is empty."""
        text = self.read(method, path)
        return json.loads(text) if text else None

    def read(self, method: str, path: str) -> str:
        """The server's answer to a request, as it is."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.read(), "utf-8")

    def stop_kernels(self) -> None:
        """End all kernels, as a closed laptop does."""
        for session in self.ask("GET", "api/sessions"):
            self.ask("DELETE", f"api/sessions/{session['id']}")

    def url(self, notebook: str) -> str:
        """Where to open `notebook`, by its path in the folder."""
        return f"http://127.0.0.1:{self.port}/doc/tree/{notebook}?token={self.token}"

    def close(self) -> None:
        """Stop the server and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


@contextmanager
def open_browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium with a fresh profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_lab(folder: Path) -> Iterator[Lab]:
    """A JupyterLab server for as long as the block runs."""
    lab = Lab(folder)
    try:
        yield lab
    finally:
        lab.close()


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """A notebook of code cells."""
    made = [nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=made)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)


def open_notebook(page: Page, lab: Lab, name: str) -> None:
    """Open a notebook and wait until its kernel is ready."""
    page.goto(lab.url(name))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    wait_idle(page)


def wait_idle(page: Page, timeout_s: float = 60) -> None:
    """Wait until the kernel has nothing left to do."""
    page.wait_for_function(
        """() => {
            const panel = window.jupyterapp?.shell?.currentWidget;
            const kernel = panel?.sessionContext?.session?.kernel;
            return kernel?.status === 'idle' && kernel.connectionStatus === 'connected';
        }""",
        timeout=timeout_s * 1000,
    )


def command(page: Page, name: str) -> None:
    """Run one of JupyterLab's commands, and wait until it has ended."""
    page.evaluate("async (name) => { await window.jupyterapp.commands.execute(name) }", name)


def run_all(page: Page, timeout_s: float = 120) -> None:
    """Run all cells, and wait until the last has ended; RuntimeError if one fails."""
    command(page, "notebook:run-all-cells")
    wait_until_no_cell_runs(page, timeout_s)
    if failed := errors(page):
        raise RuntimeError(f"a cell of the notebook failed:\n{failed[0]}")


def errors(page: Page) -> list[str]:
    """The tracebacks that the notebook's cells show, without their colors."""
    shown = page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.model.sharedModel.cells
            .flatMap((cell) => cell.outputs ?? [])
            .filter((output) => output.output_type === 'error')
            .map((output) => output.traceback.join('\\n'))"""
    )
    return [re.sub(r"\x1b\[[0-9;]*m", "", text) for text in shown]


def start_all(page: Page) -> None:
    """Begin to run all cells, and return at once."""
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")


def a_cell_runs(page: Page) -> bool:
    """Whether a cell runs or waits. (The kernel says that it is idle after each small message.)"""
    return bool(page.locator(".jp-InputPrompt", has_text="*").count())


def wait_until_no_cell_runs(page: Page, timeout_s: float = 120) -> None:
    """Wait until every cell that was started has ended."""
    page.wait_for_function(
        "![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.innerText.includes('*'))",
        timeout=timeout_s * 1000,
    )


def execute(page: Page, code: str) -> str:
    """Run `code` in the notebook's kernel, as a cell would, and return what it prints."""
    return str(
        page.evaluate(
            """async (code) => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const future = kernel.requestExecute({ code });
                let text = '';
                future.onIOPub = (message) => {
                    if (message.header.msg_type === 'stream') text += message.content.text;
                };
                await future.done;
                return text;
            }""",
            code,
        )
    )


def begin(page: Page, code: str) -> None:
    """Begin to run `code` in the notebook's kernel, and return at once."""
    page.evaluate(
        """(code) => {
            window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
                .requestExecute({ code });
        }""",
        code,
    )


def dismiss(page: Page) -> None:
    """Accept a dialog of JupyterLab, if there is one (such as that the kernel was restarted)."""
    accept = page.locator(".jp-Dialog .jp-mod-accept")
    if accept.count():
        accept.first.click()
