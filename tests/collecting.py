"""Collections to try: zips with times, a class list, and what was taken and what was not."""

import csv
import zipfile
from pathlib import Path

import nbformat

from instructor.course.collect import main

EXERCISE = "03_dropout"
WORKSHEET = """Identifier,Full name,ID number,Email address,Status,Grade,Maximum grade
Participant 4711,Ada Lovelace,m001,ada@uni.test,Submitted,,100.00
Participant 4712,Émile Borel,m002,emile@uni.test,Submitted,,100.00
"""


def notebook(text: str) -> str:
    cell = nbformat.v4.new_code_cell(f"def dropout(x, p):\n    return {text!r}")
    return nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))


def packed(path: Path, **files: str | tuple[str, tuple[int, ...]]) -> Path:
    """A zip of these files; a time may stand beside a content."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            text, when = (
                content if isinstance(content, tuple) else (content, (2026, 1, 1, 12, 0, 0))
            )
            archive.writestr(zipfile.ZipInfo(name, when), text)  # type: ignore[arg-type]
    return path


def collect(folder: Path, *arguments: str | Path) -> tuple[int, Path]:
    code = main([*map(str, arguments), "--folder", str(folder / "grading")])
    return code, folder / "grading"


def submitted(grading: Path) -> dict[str, str]:
    """By student, what their counting submission returns."""
    found = {}
    for path in grading.glob(f"submitted/*/{EXERCISE}/{EXERCISE}.ipynb"):
        source = nbformat.read(path, as_version=4).cells[0].source
        found[path.parts[-3]] = source.partition("return ")[2].strip("'")
    return found


def unmatched(grading: Path) -> dict[str, str]:
    with (grading / "unmatched.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["reason"] for row in csv.DictReader(file)}
