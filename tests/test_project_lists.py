"""The lists of packages, Pythons, commands and files agree with each other."""

import os
import re
import tomllib

import yaml

from course_utils.tooling import environment
from tests.courses import ROOT, read


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
