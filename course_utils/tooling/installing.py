"""Sets up `.venv`: disk space, virtual environment, pip, a trial import, the stamp."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from course_utils.tooling.environment import (
    Environment,
    Probe,
    StartError,
    is_complete,
    why_broken,
)
from course_utils.tooling.lock import setup_lock
from course_utils.tooling.pip import give_up, install, install_small, say
from course_utils.tooling.pip_settings import SOURCES, pip_settings
from course_utils.tooling.remedies import diagnose
from course_utils.tooling.torch_build import STAYS, choose_torch, has_torch, torch_requirements

_TRIAL = """
import torch, torchvision, jupyterlab, matplotlib, ipywidgets, anywidget, scipy, course_utils
gpu = torch.cuda.is_available() and torch.cuda.get_device_name(0)
print("      PyTorch " + torch.__version__ + (", with " + gpu if gpu else ""))
"""


def prepare(
    env: Environment,
    extras: Iterable[str] = (),
    *,
    torch: str | None = None,
    check_space: bool = True,
) -> None:
    """Install what is wanted into `.venv`; return at once where all of it is there.

    `torch` is "cpu" for the small PyTorch, "default" for pip's ordinary one, None for what suits
    this computer.

    Raises:
        StartError: What is missing cannot be installed.
    """
    if not is_writable(env.root):
        # A folder for all, as in a computer room: somebody who may write has set it up, or must.
        if is_complete(env, env.read_stamp(), env.probe(extras), extras):
            say("The set-up is in place.")
            return
        raise StartError(
            f"The course is not set up, and this folder cannot be written: {env.root}\n"
            "Copy it to a folder of your own and run start.py there. For a folder that many use,\n"
            "run 'python3 start.py setup' once as the one who may write into it."
        )
    with setup_lock(env.root / ".start.lock"):
        _prepare(env, extras, torch, check_space)


def is_writable(folder: Path) -> bool:
    """Whether files can be made in `folder`; tried out, for Windows answers no question of it."""
    try:
        (folder / ".start.lock").open("ab").close()
    except OSError:
        return False
    return True


def _prepare(env: Environment, extras: Iterable[str], torch: str | None, check_space: bool) -> None:
    stamp = env.read_stamp()
    exists = env.folder.exists() or env.folder.is_symlink()
    probe = env.probe(extras) if exists else None
    if is_complete(env, stamp, probe, extras):
        say("The set-up is in place.")
        if torch:
            say(STAYS)
        return
    broken = why_broken(env, stamp, probe) if exists else None
    # What an earlier run installed stays wanted: `start.py` after `start.py test` keeps the tests.
    extras = sorted({*extras, *(stamp.extras if stamp else ())})
    fresh = not exists or broken is not None

    version = "{}.{}.{}".format(*sys.version_info[:3])
    say(f"[1/4] Looking around: Python {version}, {free_gb(env.root):.1f} GB free on the disk.")
    require_venv()
    kept = None if fresh else probe
    index = choose_torch(env, torch, kept)
    if check_space:
        require_space(env, kept, small=index is not None)
    if broken:
        say(f"      .venv cannot be used: {broken}. It is made again.")
    env.stamp_file.unlink(missing_ok=True)
    if fresh:
        make(env)
    else:
        say("[2/4] .venv is there; what is missing or out of date is added.")
    fill(env, extras, index, insist=torch == "cpu", check_space=check_space)
    if not try_out(env, last=fresh):
        say("      Something in .venv is damaged. It is made again.")
        index = choose_torch(env, torch, None)
        if check_space:
            require_space(env, None, small=index is not None)
        make(env)
        fill(env, extras, index, insist=torch == "cpu", check_space=check_space)
        try_out(env, last=True)
    quiet_lab(env)
    done = env.probe(extras)
    if done is None or done.missing:
        raise StartError("The set-up of .venv did not hold. Delete .venv and run it again.")
    env.write_stamp(done.python, extras)
    say("      The set-up is complete. The next start takes seconds.")


def free_gb(folder: Path) -> float:
    """Free space on the disk of `folder`, in GB."""
    return shutil.disk_usage(folder).free / 1e9


def needed_gb(env: Environment, probe: Probe | None, *, small: bool) -> float:
    """Space that the installation takes at its peak, downloads included, in GB (measured)."""
    if has_torch(env.root, probe):
        return 1.0
    settings = pip_settings(env.folder)
    sources = [settings[name].value for name in SOURCES if name in settings]
    large = sys.platform == "linux" and not small and "/cpu" not in " ".join(sources)
    return 12.0 if large else 3.0


def require_space(env: Environment, probe: Probe | None, *, small: bool) -> None:
    """Stop before a download that cannot fit."""
    need, free = needed_gb(env, probe, small=small), free_gb(env.root)
    if free >= need:
        return
    message = (
        f"The disk has {free:.1f} GB free, and the installation takes about {need:.0f} GB.\n"
        f"Free some space, or move this folder ({env.root}) to a larger disk, and run the same\n"
        "command again."
    )
    if need > 5:
        message += (
            "\nMost of it is PyTorch for NVIDIA graphics cards, which the course does not need:\n"
            "--torch cpu installs one that takes a tenth of the space (README.md, under\n"
            "'A smaller PyTorch')."
        )
    raise StartError(message + "\n(To try all the same: --skip-space-check.)")


def fill(
    env: Environment, extras: Iterable[str], index: str | None, *, insist: bool, check_space: bool
) -> None:
    """Install everything with pip, with the small PyTorch from `index` if that is not None.

    Where `index` has none that fits, the ordinary one is installed, or StartError if `insist`.
    """
    say("[3/4] Installing the course and what it needs. This is done once and takes some minutes.")
    if index is not None:
        failed = install_small(env, extras, index, torch_requirements(env.root))
        if failed is None:
            return
        if insist:
            give_up(failed, "\nOr install the ordinary PyTorch (6 GB) with --torch default.")
        say("      The small PyTorch could not be installed from there, so the ordinary one is")
        say(f"      (6 GB). What pip said: {failed}")
        if check_space:
            require_space(env, None, small=False)
    install(env, extras)


def require_venv() -> None:
    """Debian and Ubuntu ship Python without the parts that make virtual environments."""
    missing = [name for name in ("venv", "ensurepip") if find_spec(name) is None]
    if missing:
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        raise StartError(
            f"This Python cannot make virtual environments: {missing[0]} is missing.\n"
            f"On Debian and Ubuntu, install it with\n\n    sudo apt install {package}\n\n"
            "Elsewhere, install Python from https://www.python.org/downloads/. Then run the same\n"
            "command again."
        )


def make(env: Environment) -> None:
    """Make `.venv` anew."""
    say("[2/4] Making .venv, a Python of the course's own.")
    env.remove()
    command = [sys.executable, "-m", "venv", str(env.folder)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    told = done.stdout + done.stderr
    if done.returncode:
        say(told)
        raise StartError(f".venv could not be made.\n{diagnose(told)}")


def try_out(env: Environment, *, last: bool) -> bool:
    """Import what the lessons import. Returns False on failure, or raises on the last try."""
    say("[4/4] Trying it out.")
    done = subprocess.run(
        [str(env.python), "-c", _TRIAL],
        capture_output=True,
        text=True,
        errors="replace",
        env=env.variables(),
    )
    if done.returncode == 0:
        say(done.stdout.rstrip())
        return True
    if last:
        say(done.stderr)
        raise StartError(
            f"Everything was installed, but it does not start.\n{diagnose(done.stderr)}"
        )
    return False


def quiet_lab(env: Environment) -> None:
    """JupyterLab, in this `.venv` only, asks a first-time reader nothing about news."""
    settings = env.folder / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {
        "@jupyterlab/apputils-extension:notification": {
            "checkForUpdates": False,
            "fetchNews": "false",
        }
    }
    (settings / "overrides.json").write_text(json.dumps(quiet, indent=1), encoding="utf-8")
