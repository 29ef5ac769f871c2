"""Runs pip: keeps all that it says in a file, tells the reader the large steps."""

import os
import queue
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from course_utils.tooling.environment import Environment, StartError
from course_utils.tooling.remedies import diagnose

HEARTBEAT_S = 20.0
SHOWN_MB = 20.0
SHOWN_LINES, SHOWN_WIDTH = 12, 200


def say(text: str = "") -> None:
    """Print at once, so that it stands before what the next program prints."""
    print(text, flush=True)


def install(env: Environment, extras: Iterable[str]) -> None:
    """Let pip install the course, editable, with what it needs."""
    say("[3/4] Installing the course and what it needs. This is done once and takes some minutes.")
    wanted = ",".join(extras)
    command = [str(env.python), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--no-warn-script-location"]
    # Python compiles a module when it is first imported. To compile all 13,000 now would take a
    # third of the installation, and the course imports a quarter of them.
    command += ["--no-compile"]
    command += ["--editable", f".[{wanted}]" if wanted else "."]
    variables = env.variables() | {"PYTHONUNBUFFERED": "1", "PIP_USER": "0"}
    scratch = env.folder / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    if os.name == "posix":
        # /tmp may be small and in memory; the downloads go where the space was checked.
        scratch.mkdir()
        variables["TMPDIR"] = str(scratch)
    try:
        code = run_pip(command, env.log_file, cwd=env.root, variables=variables)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if code:
        log = env.log_file.read_text(encoding="utf-8", errors="replace")
        say()
        for line in log.splitlines()[-SHOWN_LINES:]:
            say(f"  | {line[:SHOWN_WIDTH]}")
        say(f"  (all of it: {env.log_file})\n")
        raise StartError(diagnose(log))


def run_pip(command: Sequence[str], log: Path, *, cwd: Path, variables: dict[str, str]) -> int:
    """Run pip, keep all that it says in `log`, tell the reader the large steps; the exit code."""
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        lines: queue.Queue[str | None] = queue.Queue()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                lines.put(line)
            lines.put(None)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            with log.open("w", encoding="utf-8") as file:
                tell(lines, file)
        except BaseException:  # Ctrl-C, or no space for the log: pip must not go on alone
            process.terminate()
            reader.join(timeout=10)
            raise
        return process.wait()


def tell(lines: "queue.Queue[str | None]", log: TextIO) -> None:
    """Copy pip's lines to the log until they end; tell the large steps, and that it still runs."""
    start = told = time.monotonic()
    while True:
        try:
            line = lines.get(timeout=1.0)
        except queue.Empty:
            line = ""
        if line is None:
            return
        log.write(line)
        story = narrate(line)
        if story is None and time.monotonic() - told > HEARTBEAT_S:
            story = f"still at it, {time.monotonic() - start:.0f} s so far"
        if story:
            say(f"      {story}")
            told = time.monotonic()


def narrate(line: str) -> str | None:
    """What a line of pip's output means to the reader; None for the many small steps."""
    large = re.match(
        r"\s*(Downloading|Using cached) (?:\S*/)?([^/\s]+?)-(\d[^-\s]*)-\S+ \(([\d.]+) ([MG]B)\)",
        line,
    )
    if large:
        verb, name, version, size, unit = large.groups()
        if float(size) * (1000 if unit == "GB" else 1) >= SHOWN_MB:
            act = "downloading" if verb == "Downloading" else "taking from pip's store"
            return f"{act} {name} {version} ({size} {unit})"
    collected = re.match(r"Installing collected packages: (.*)", line)
    if collected:
        count = collected.group(1).count(",") + 1
        return f"unpacking {count} package{'s' if count > 1 else ''}"
    return None
