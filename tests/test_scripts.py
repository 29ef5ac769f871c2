"""The widgets' scripts: formatted, linted, type-checked, and sent to the browser as one each."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.live.scripts import WEB, bundle

SITE = Path(__file__).resolve().parents[1] / "website/web"
FOLDERS = [WEB, SITE]
MODULES = sorted(path for folder in FOLDERS for path in folder.glob("*.js"))
MOST_LINES = 250


def deno(tmp_path: Path, *arguments: str, folder: Path = WEB) -> str:
    """What deno says of the scripts; empty if it has nothing to mend."""
    pytest.importorskip("deno", reason="deno is not installed: no wheel for this computer")
    done = subprocess.run(
        [sys.executable, "-m", "deno", *arguments],
        cwd=folder, capture_output=True, encoding="utf-8", timeout=300,
        env={**os.environ, "DENO_DIR": str(tmp_path), "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"},
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_the_scripts_are_formatted(folder: Path, tmp_path: Path) -> None:
    names = [path.name for path in folder.iterdir()]
    assert deno(tmp_path, "fmt", "--check", *names, folder=folder) == ""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_the_scripts_are_linted(folder: Path, tmp_path: Path) -> None:
    assert deno(tmp_path, "lint", "*.js", "types.d.ts", folder=folder) == ""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_the_types_of_the_scripts_agree(folder: Path, tmp_path: Path) -> None:
    names = [path.name for path in folder.glob("*.js")]
    assert deno(tmp_path, "check", *names, folder=folder) == ""


def test_a_wrong_type_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.js"
    wrong.write_text("// @ts-check\n/** @type {number} */\nexport const one = 'one';\n")
    assert "TS2322" in deno(tmp_path, "check", "--config", "deno.json", str(wrong))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_script_asks_to_be_checked_and_is_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "// @ts-check"
    assert len(lines) <= MOST_LINES


@pytest.mark.parametrize("name", ["view.js", "predict.js"])
def test_a_bundle_holds_each_module_once_and_needs_no_other(name: str) -> None:
    script = bundle(name)
    assert script.count("export function add(") == 0
    assert script.count("function add(") == 1
    assert "\nimport " not in script
    assert script.count("\nexport ") == 1
    assert "\nexport default" in script


def test_an_import_that_cannot_be_bundled_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text('import * as far from "https://far.test/far.js";\n')
    with pytest.raises(ValueError, match=r"one\.js must import names of modules beside it.*far"):
        bundle("one.js", tmp_path)
