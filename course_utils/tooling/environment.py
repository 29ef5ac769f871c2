"""The course's own Python in `.venv`: where it is, whether it works, what was installed.

A stamp file records what the last complete installation was made of, so that a second start only
probes `.venv` and installs nothing. The stamp is written last and removed first: an installation
that was interrupted has none, and is resumed.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)

_PROBE = """
import json, sys
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({"python": list(sys.version_info[:2]),
                  "versions": {name: version(name) for name in sys.argv[1:]}}))
"""


class StartError(Exception):
    """A problem that the reader can fix; its message says what and how, and is shown as it is."""


@dataclass(frozen=True)
class Stamp:
    """What a complete installation consists of."""

    root: str
    python: str
    packages: str
    extras: list[str]


@dataclass(frozen=True)
class Probe:
    """The answers of the Python of `.venv` about itself."""

    python: tuple[int, int]
    missing: frozenset[str]
    versions: Mapping[str, str] = field(default_factory=dict)  # of what is not missing


@dataclass(frozen=True)
class Environment:
    """The folder `.venv` of one copy of the course."""

    root: Path = ROOT

    @property
    def folder(self) -> Path:
        """The virtual environment."""
        return self.root / ".venv"

    @property
    def scripts(self) -> Path:
        """Where its programs are: `Scripts` on Windows, `bin` elsewhere."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.scripts / ("python.exe" if os.name == "nt" else "python")

    @property
    def stamp_file(self) -> Path:
        """The stamp file of a complete installation."""
        return self.folder / "course-stamp.json"

    @property
    def log_file(self) -> Path:
        """The output of pip's last run."""
        return self.folder / "install.log"

    def variables(self) -> dict[str, str]:
        """Environment variables for a program that runs in `.venv`, isolated from other Pythons."""
        variables = dict(os.environ)
        for name in ("PYTHONHOME", "PYTHONPATH", "JUPYTER_PATH", "__PYVENV_LAUNCHER__"):
            variables.pop(name, None)
        # What a first import compiles is kept; else every start would compile PyTorch again.
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        variables["VIRTUAL_ENV"] = str(self.folder)
        variables["PATH"] = os.pathsep.join([str(self.scripts), os.environ.get("PATH", "")])
        # A kernel registered by another project under the same name must not be used instead.
        variables["JUPYTER_PREFER_ENV_PATH"] = "1"
        return variables

    def read_stamp(self) -> Stamp | None:
        """The stamp, or None where there is none that can be read."""
        try:
            return Stamp(**json.loads(self.stamp_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write_stamp(self, python: tuple[int, int], extras: Iterable[str]) -> None:
        """Record that everything is installed."""
        stamp = Stamp(
            root=str(self.root),
            python="{}.{}".format(*python),
            packages=fingerprint(self.root),
            extras=sorted(extras),
        )
        self.stamp_file.write_text(json.dumps(asdict(stamp), indent=1) + "\n", encoding="utf-8")

    def probe(self, extras: Iterable[str]) -> Probe | None:
        """Ask `.venv` what it is and what it lacks; None if its Python does not even start."""
        names = ["pip", *package_names(self.root, extras)]
        command = [str(self.python), "-c", _PROBE, *names]
        try:
            answer = subprocess.run(
                command, capture_output=True, text=True, env=self.variables(), timeout=120
            )
            found = json.loads(answer.stdout)
            major, minor = found["python"]
            versions = {name: version for name, version in found["versions"].items() if version}
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
            return None
        return Probe((major, minor), frozenset(names) - versions.keys(), versions)

    def remove(self) -> None:
        """Delete `.venv`."""
        try:
            if self.folder.is_symlink():
                self.folder.unlink()
            elif self.folder.exists():
                shutil.rmtree(self.folder)
        except OSError as error:
            raise StartError(
                f"The old .venv could not be removed ({error}).\n"
                "Close every JupyterLab and terminal that uses this course, delete the folder\n"
                f"    {self.folder}\nby hand, and run the same command again."
            ) from error


def project(root: Path) -> dict[str, object]:
    """The `[project]` table of pyproject.toml."""
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(table, dict)
    return table


def fingerprint(root: Path) -> str:
    """A digest of what determines the installation; settings of tools are not part of it."""
    text = json.dumps(project(root), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def extras_known(root: Path = ROOT) -> list[str]:
    """Names of the extras, as in `pip install course[extra]`."""
    optional = project(root)["optional-dependencies"]
    assert isinstance(optional, dict)
    return list(optional)


def package_names(root: Path, extras: Iterable[str]) -> list[str]:
    """Names of the course itself and of every package that it requires by name."""
    table = project(root)
    optional = table["optional-dependencies"]
    assert isinstance(optional, dict)
    requirements = list(table["dependencies"])  # type: ignore[call-overload]
    for extra in extras:
        requirements += optional[extra]
    return [str(table["name"]), *(re.split(r"[\s<>=!~;\[]", item)[0] for item in requirements)]


def why_broken(env: Environment, stamp: Stamp | None, probe: Probe | None) -> str | None:
    """Why an existing `.venv` has to be made again, or None if it can be used or completed."""
    if probe is None:
        return "its Python does not start"
    if probe.python < OLDEST:
        return "its Python is {}.{}".format(*probe.python)
    if "pip" in probe.missing:
        return "it has no pip"
    if stamp is None:
        return None
    if Path(stamp.root) != env.root:
        return f"it was made in another folder ({stamp.root})"
    if stamp.python != "{}.{}".format(*probe.python):
        return "its Python was {} and is now {}.{}".format(stamp.python, *probe.python)
    return None


def is_complete(
    env: Environment, stamp: Stamp | None, probe: Probe | None, extras: Iterable[str]
) -> bool:
    """Whether all that is wanted was installed completely and is still there."""
    return (
        stamp is not None
        and probe is not None
        and why_broken(env, stamp, probe) is None
        and not probe.missing
        and stamp.packages == fingerprint(env.root)
        and set(extras) <= set(stamp.extras)
    )
