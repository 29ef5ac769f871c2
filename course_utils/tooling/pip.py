"""Runs pip: logs its output to a file, and tells the reader the large steps."""

import os
import queue
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TextIO
from urllib.parse import unquote

from course_utils.tooling.environment import Environment, StartError
from course_utils.tooling.remedies import diagnose

HEARTBEAT_S = 20.0
SHOWN_MB = 20.0
SHOWN_LINES, SHOWN_WIDTH = 12, 200


def say(text: str = "") -> None:
    """Print at once, so that it stands before what the next program prints."""
    print(text, flush=True)


def install(env: Environment, extras: Iterable[str]) -> None:
    """Install the course with pip, editable, with its dependencies. StartError with the remedy."""
    if _install(env, extras):
        give_up(env.log_file)


def install_small(
    env: Environment, extras: Iterable[str], index: str, pair: Sequence[str]
) -> Path | None:
    """The same, with torch and torchvision as `pair` asks for them, from `index` and nowhere else.

    pip would take the newest of all that its sources hold. So the two are fetched first, with
    `index` as the only source, and then installed as files beside everything else, which comes from
    where it always comes from. Returns None, or pip's log if `index` has no pair that fits: then
    nothing was installed. StartError with the remedy if the rest fails.
    """
    log = env.folder / "torch.log"
    wheels = env.folder / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    command = ["download", "--no-deps", "--only-binary=:all:", "--dest", str(wheels)]
    # There is another way to go on, so pip does not wait as long as it would by itself.
    command += ["--index-url", index, "--timeout", "15", "--retries", "1", *pair]
    # What else the reader's settings name as a source. A variable goes before a file, but counts
    # only if it is not empty: so they name the index once more, and the folder that is empty yet.
    only = {
        "PIP_NO_INDEX": "0",
        "PIP_EXTRA_INDEX_URL": index,
        "PIP_FIND_LINKS": str(wheels.relative_to(env.root)),  # the root may hold a space
    }
    try:
        if _pip(env, command, log, only):
            return log
        failed = _install(env, extras, sorted(map(str, wheels.glob("*.whl"))))
    finally:
        shutil.rmtree(wheels, ignore_errors=True)
    if not failed:
        return None
    if "ResolutionImpossible" not in env.log_file.read_text(encoding="utf-8", errors="replace"):
        give_up(env.log_file)
    return env.log_file


def _install(env: Environment, extras: Iterable[str], wheels: Sequence[str] = ()) -> int:
    wanted = ",".join(extras)
    command = ["install", "--no-warn-script-location"]
    # Python compiles a module when it is first imported. To compile all 13,000 now would take a
    # third of the installation, and the course imports a quarter of them.
    command += ["--no-compile"]
    command += [*wheels, "--editable", f".[{wanted}]" if wanted else "."]
    return _pip(env, command, env.log_file, {})


def _pip(env: Environment, command: Sequence[str], log: Path, settings: Mapping[str, str]) -> int:
    """Run pip with `settings` as variables and room for what it downloads; its exit code."""
    options = ["--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
    variables = env.variables() | {"PYTHONUNBUFFERED": "1", "PIP_USER": "0", **settings}
    scratch = env.folder / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    if os.name == "posix":
        # /tmp may be small and in memory; the downloads go where the space was checked.
        scratch.mkdir()
        variables["TMPDIR"] = str(scratch)
    try:
        return run_pip(
            [str(env.python), "-m", "pip", *command, *options],
            log,
            cwd=env.root,
            variables=variables,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def give_up(log: Path, remedy: str = "") -> NoReturn:
    """Show the last lines of pip's log; StartError with their cause and its remedy."""
    told = log.read_text(encoding="utf-8", errors="replace")
    say()
    for line in told.splitlines()[-SHOWN_LINES:]:
        say(f"  | {line[:SHOWN_WIDTH]}")
    say(f"  (all of it: {log})\n")
    raise StartError(diagnose(told) + remedy)


def run_pip(command: Sequence[str], log: Path, *, cwd: Path, variables: dict[str, str]) -> int:
    """Run pip, log its output to `log`, tell the reader the large steps; the exit code."""
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
            return f"{act} {name} {unquote(version)} ({size} {unit})"
    collected = re.match(r"Installing collected packages: (.*)", line)
    if collected:
        count = collected.group(1).count(",") + 1
        return f"unpacking {count} package{'s' if count > 1 else ''}"
    return None
