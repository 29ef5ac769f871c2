"""What the reader has set for pip: in PIP_... variables, and in the pip.conf files of Linux.

pip need not be installed yet, so its files are read here, in the order in which pip reads them.
"""

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SOURCES = ("index-url", "extra-index-url", "find-links", "no-index")


@dataclass(frozen=True)
class Setting:
    """One setting, and the variable or the file that holds it."""

    value: str
    where: str


def pip_settings(venv: Path) -> dict[str, Setting]:
    """What `pip install` in `venv` finds set, by the names of pip's command line.

    Empty values count as not set, as they do for pip.
    """
    found: dict[str, Setting] = {}
    tables = [table for table in map(_read, _files(venv)) if table is not None]
    for section in ("global", "install"):  # the later one wins
        for path, parser in tables:
            if parser.has_section(section):
                for name, value in parser.items(section):
                    found[_long(name)] = Setting(value, path)
    for name, value in os.environ.items():
        if name.startswith("PIP_") and value:
            found[_long(name[4:])] = Setting(value, name)
    return {name: setting for name, setting in found.items() if setting.value}


def source_of_packages(settings: Mapping[str, Setting]) -> str | None:
    """A setting that determines where packages come from, and where it is set, or None."""
    for name in SOURCES:
        setting = settings.get(name)
        if setting and not (name == "no-index" and setting.value.lower() in _FALSE):
            return f"{name} in {setting.where}"
    return None


_FALSE = ("0", "false", "no", "off", "n", "f")


def _long(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")


def _files(venv: Path) -> list[Path]:
    """pip's files, the one that wins last."""
    named = os.environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []  # the way to tell pip to read none
    home = Path(os.path.expanduser("~"))
    system = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    folders = [Path(folder) / "pip" for folder in system.split(os.pathsep) if folder]
    folders.append(Path("/etc"))
    if not (named and Path(named).exists()):  # a file that is named stands for the user's own
        user = os.environ.get("XDG_CONFIG_HOME") or home / ".config"
        folders += [home / ".pip", Path(user) / "pip"]
    files = [folder / "pip.conf" for folder in [*folders, venv]]
    return [*files, Path(named)] if named else files


def _read(path: Path) -> tuple[str, configparser.RawConfigParser] | None:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path)
    except (configparser.Error, UnicodeDecodeError):
        return None  # pip stops at such a file and says what is wrong with it
    return str(path), parser
