"""The workflows are valid, and run commands that the course has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from course_utils.tooling import cli

WORKFLOWS = sorted((Path(__file__).resolve().parents[1] / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_is_valid(path: Path) -> None:
    check = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
    ]
    done = subprocess.run([*check, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_workflow_is_found(tmp_path: Path) -> None:
    wrong = yaml.safe_load(WORKFLOWS[0].read_text(encoding="utf-8"))
    del next(iter(wrong["jobs"].values()))["runs-on"]
    path = tmp_path / "wrong.yml"
    path.write_text(yaml.safe_dump(wrong))
    with pytest.raises(AssertionError, match="runs-on"):
        test_a_workflow_is_valid(path)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_words_that_start_py_knows(path: Path) -> None:
    used = re.findall(r"start\.py (\w+)", path.read_text(encoding="utf-8"))
    assert used
    assert set(used) <= set(cli.COMMANDS)
