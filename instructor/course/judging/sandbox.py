"""How a player is started: inside bubblewrap where there is one, else as a plain process."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MODULE = "instructor.course.judging.player"
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime")

UNPROTECTED = (
    "bubblewrap is not there, so that submissions run with all your rights: they can read and "
    "change your files, reach the network, and leave processes behind. A mark is still decided "
    "outside of their process, and each check has a limit of time. On Debian and Ubuntu, "
    "`apt-get install bubblewrap` brings it; on Windows and macOS use a container"
)


def bubblewrap() -> str | None:
    """The program, where it is installed and may make a sandbox; else None."""
    found = shutil.which("bwrap") if sys.platform == "linux" else None
    if found is None:
        return None
    command = [found, "--unshare-all", "--ro-bind", "/", "/", "true"]
    tried = subprocess.run(command, capture_output=True)
    return found if tried.returncode == 0 else None


def start(bwrap: str | None) -> subprocess.Popen[bytes]:
    """A player, whose standard input and output are its wire.

    In the sandbox it sees Python, PyTorch and the package `course_utils`, read-only; no network, no
    process but its own, no file of the instructor's, and it can write in memory alone.
    """
    command = [sys.executable, "-m", MODULE]
    variables = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    if bwrap is None:
        seen = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | variables | {"PYTHONPATH": seen}
    else:
        command = [bwrap, *_walls(variables), *command]
        environment = {"PATH": os.environ.get("PATH", "")}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=os.name == "posix",  # Ctrl-C is the judge's to answer
    )


def _walls(variables: dict[str, str]) -> list[str]:
    walls = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    walls += ["--clearenv", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for name, value in (variables | {"PYTHONPATH": "/course", "HOME": "/tmp"}).items():
        walls += ["--setenv", name, value]
    for path in dict.fromkeys([*SYSTEM, sys.base_prefix, sys.prefix]):
        walls += ["--ro-bind-try", path, path]
    here = Path(__file__).parent
    seen: dict[str, Path] = {
        "course_utils": ROOT / "course_utils",
        "instructor/course/judging": here,
    }
    for name in ("instructor/__init__.py", "instructor/course/__init__.py"):
        seen[name] = ROOT / name
    for name, place in seen.items():
        walls += ["--ro-bind", str(place), f"/course/{name}"]
    return [*walls, "--remount-ro", "/", "--chdir", "/tmp"]


def kill(player: subprocess.Popen[bytes]) -> None:
    """Let a player and its processes end at once; whoever waits for its answer hears of it."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(player.pid, 9)
    player.kill()


def stop(player: subprocess.Popen[bytes]) -> None:
    """End a player, and wait until it has gone."""
    kill(player)
    player.wait()
    for pipe in (player.stdin, player.stdout):
        assert pipe is not None
        with contextlib.suppress(OSError):
            pipe.close()
