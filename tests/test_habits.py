"""The files around the code say what is true: versions, templates, commands."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from course_utils import __version__
from course_utils.tooling import cli, environment

ROOT = Path(__file__).resolve().parents[1]
FORMS = sorted(
    path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_is_the_same_everywhere() -> None:
    newest = re.findall(r"^## (\d+\.\d+\.\d+)", read("CHANGELOG.md"), flags=re.MULTILINE)[0]
    assert yaml.safe_load(read("CITATION.cff"))["version"] == newest == __version__


def test_the_citation_has_what_its_format_asks_for() -> None:
    """The required keys of CFF 1.2.0, and no key that it does not know."""
    cited = yaml.safe_load(read("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= cited.keys()
    optional = {"type", "abstract", "version", "license", "keywords", "doi", "url", "date-released"}
    assert cited.keys() <= {"cff-version", "message", "title", "authors"} | optional
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] == "software"
    assert all(
        author.keys() <= {"name", "given-names", "family-names"} for author in cited["authors"]
    )


@pytest.mark.parametrize("path", FORMS, ids=[path.stem for path in FORMS])
def test_a_form_asks_for_what_it_needs(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    names = [field["id"] for field in fields]
    assert len(set(names)) == len(names) > 0
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_container_is_set_up_by_start() -> None:
    made = json.loads(read(".devcontainer/devcontainer.json"))
    python, start, *argv = shlex.split(made["postCreateCommand"])
    assert (python, start) == ("python3", "start.py")
    assert cli.parse(argv).word == "setup"
    (version,) = re.findall(r"python:(\d+)\.(\d+)", made["image"])
    assert tuple(map(int, version)) >= environment.OLDEST


def test_git_compares_notebooks_as_notebooks() -> None:
    if shutil.which("git") is None:
        pytest.skip("there is no git on this computer")
    command = ["git", "check-attr", "diff", "merge", "--", "notebooks/01_overfitting.ipynb"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this is no checkout of git")
    assert done.stdout.count("jupyternotebook") == 2


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_a_text_names_words_and_files_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for word in re.findall(r"python3 start\.py (\w+)", text):
        assert word in cli.COMMANDS
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / link).exists(), f"{path.name} links {link}, which is not there"
