"""The copy to hand out has what students need and nothing that is hidden."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from course_utils.tooling import cli, environment
from instructor.content import ROOT, TASKS
from instructor.course import handout as handing_out
from instructor.course.__main__ import WORDS, main
from instructor.course.hidden import leaks, passages
from tests.exercises import NAMES


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("for students") / "a copy"
    handing_out.handout(folder)
    return folder


def test_it_holds_no_hidden_string(handed_out: Path) -> None:
    secrets = passages()
    for part in ("hidden", "bank.py", "guide.md", "answer"):
        assert sum(part in name for name in secrets.values()) > 20
    assert leaks(handed_out, secrets) == []


def test_a_hidden_passage_is_found_wherever_it_is_put(tmp_path: Path) -> None:
    folder = TASKS / "03_dropout/choose_p"
    hidden = (folder / "hidden.py").read_text(encoding="utf-8")
    (tmp_path / "indented.py").write_text(re.sub("^", "    ", hidden, flags=re.M), "utf-8")
    lines = [f"{line}\n" for line in (folder / "bank.py").read_text("utf-8").splitlines()]
    cell = {"cell_type": "code", "source": lines}
    (tmp_path / "a notebook.ipynb").write_text(json.dumps({"cells": [cell]}), "utf-8")
    (tmp_path / "innocent.py").write_text("import numpy as np\n\nreturn x\n", "utf-8")
    found = "\n".join(leaks(tmp_path))
    assert "indented.py holds a part of 03_dropout/choose_p/hidden.py" in found
    assert "a notebook.ipynb holds a part of 03_dropout/choose_p/bank.py" in found
    assert "innocent" not in found


def test_nothing_is_handed_out_that_holds_a_hidden_passage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_out, "HANDING_IN", max(passages(), key=len))
    with pytest.raises(ValueError, match=r"README\.md holds a part of"):
        handing_out.handout(tmp_path / "a copy")
    assert list(tmp_path.iterdir()) == [], "and nothing is left half-made"


def test_it_has_what_students_need_and_no_more(handed_out: Path) -> None:
    top = {path.name for path in handed_out.iterdir()}
    assert top == {*handing_out.FOLDERS, *handing_out.FILES, "exercises", "README.md"}
    made = sorted(path.stem for path in (handed_out / "exercises").rglob("*.ipynb"))
    assert made == NAMES
    for name in NAMES:
        there = (handed_out / f"exercises/{name}/{name}.ipynb").read_text(encoding="utf-8")
        assert "BEGIN SOLUTION" not in there
        assert "BEGIN HIDDEN TESTS" not in there
    for name in ("__pycache__", ".git", ".ipynb_checkpoints", "instructor", "guides"):
        assert not list(handed_out.rglob(name))


def test_its_readme_says_what_to_hand_in_and_its_links_lead_somewhere(handed_out: Path) -> None:
    text = (handed_out / "README.md").read_text(encoding="utf-8")
    assert "## What you hand in" in text
    assert "For instructors" not in text
    assert "course grade" not in text
    assert "<!--" not in text
    assert "## License" in text
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert len(links) >= 15
    for link in links:
        assert (handed_out / link).exists(), link


def test_it_is_set_up_and_checked_alone(handed_out: Path) -> None:
    project = tomllib.loads((handed_out / "pyproject.toml").read_text(encoding="utf-8"))
    assert "scripts" not in project["project"], "the code of the command is not there"
    env = environment.Environment(handed_out)
    assert [name for name, *_ in cli.checks(env)] == ["format", "lint", "types"]
    for _, arguments, _ in cli.checks(env)[:2]:
        done = subprocess.run([sys.executable, *arguments], cwd=handed_out, capture_output=True)
        assert done.returncode == 0, done.stdout
    arguments = [*cli.pytest_arguments(env), "-n", "0", "--collect-only", "-q"]
    found = subprocess.run(
        [sys.executable, *arguments],
        cwd=handed_out,
        env=os.environ | {"PYTHONPATH": str(handed_out)},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout
    for name in NAMES:
        assert f"notebooks/{name}.ipynb" in found.stdout
        assert f"exercises/{name}/{name}.ipynb" in found.stdout


def test_a_folder_with_something_in_it_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("an instructor's own", encoding="utf-8")
    assert main(["handout", str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(ValueError, match=r"lies in notebooks/, which is copied"):
        handing_out.handout(ROOT / "notebooks" / "a copy of all")


def test_a_chapter_that_has_gone_is_missed() -> None:
    text = "# Course\n\n## For instructors\n\nNotes.\n\n## License\n\nMIT.\n"
    made = handing_out.readme(text)
    assert made == f"# Course\n\n{handing_out.HANDING_IN}## License\n\nMIT.\n"
    with pytest.raises(ValueError, match="no chapter '## License'"):
        handing_out.readme(text.replace("License", "Licence"))


def test_the_command_knows_its_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "handout" in capsys.readouterr().out
    assert main(["hand-out"]) == 2
    told = capsys.readouterr().out
    assert "no word 'hand-out'; the words are handout, " in told
    assert all(word in told for word in WORDS)
    answer = tmp_path / "answer.py"
    answer.write_text("def choose_p(values, val_acc):\n    return 0.1\n", encoding="utf-8")
    assert main(["try", "03", "choose_p", str(answer)]) == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["marks"] == 0
    assert told["failures"][0]["mistake"] == "not_a_pair"
    assert main(["try", "03", "choose_p", str(answer), "--in-process"]) == 1
    inside = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert inside | {"seconds": 0} == told | {"seconds": 0}
