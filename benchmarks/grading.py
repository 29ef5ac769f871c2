"""Seconds per submission: plain `nbgrader autograde` beside `course grade`.

Both get generated submissions to one real exercise, answers that are right and mutants of them, and
write marks, comments and the notebook that formgrader shows; feedback pages are in neither. `course
grade` is run with one worker and with two, with the sandbox and without. Each time is that of the
whole command, its start included, divided by its submissions.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "benchmark"
c.CourseDirectory.root = {root!r}
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "released"
c.ClearSolutions.code_stub = {{"python": "raise NotImplementedError"}}
"""


def submissions(name: str, count: int, seed: int) -> list[bytes]:
    """Notebooks whose answers are the model's or mutants of it, one in two."""
    from instructor.content import read
    from instructor.mutants import mutants

    draws = random.Random(seed)
    exercise = read(name)
    choices = {t.name: [m.source for m in mutants(t.model_answer)] for t in exercise.tasks}
    path = ROOT / "solutions" / name / f"{name}.ipynb"
    made = []
    for _ in range(count):
        book = json.loads(path.read_text(encoding="utf-8"))
        for cell in book["cells"]:
            found = choices.get(cell["metadata"]["nbgrader"]["grade_id"])
            if found and draws.random() < 0.5:
                cell["source"] = draws.choice(found)
        made.append(json.dumps(book).encode())
    return made


def hand_in(folder: Path, name: str, notebooks: Sequence[bytes]) -> None:
    for i, data in enumerate(notebooks):
        place = folder / "submitted" / f"s{i:04d}" / name
        place.mkdir(parents=True)
        (place / f"{name}.ipynb").write_bytes(data)


def timed(command: Sequence[str], folder: Path) -> float:
    """Seconds on the wall that a command takes.

    Raises:
        RuntimeError: It fails.
    """
    scripts = sysconfig.get_path("scripts")
    path = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    begun = time.perf_counter()
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if run.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)}: {run.stderr[-2000:]}")
    return time.perf_counter() - begun


def nbgrader(name: str, notebooks: Sequence[bytes], folder: Path) -> float:
    """Seconds per submission of nbgrader's own command; making the assignment is not counted."""
    folder.mkdir()
    shutil.copytree(ROOT / "solutions" / name, folder / "solutions" / name)
    (folder / "nbgrader_config.py").write_text(CONFIG.format(root=str(folder)), encoding="utf-8")
    hand_in(folder, name, notebooks)
    program = [sys.executable, "-m", "nbgrader"]
    timed([*program, "generate_assignment", name, "--create"], folder)
    seconds = timed([*program, "autograde", name, "--create"], folder)
    graded = len(list((folder / "autograded").glob(f"*/{name}/*.ipynb")))
    if graded != len(notebooks):
        raise RuntimeError(f"nbgrader graded {graded} of {len(notebooks)} submissions")
    return seconds / len(notebooks)


def course(
    name: str, notebooks: Sequence[bytes], folder: Path, workers: int, *, sandbox: bool
) -> float:
    """Seconds per submission of `course grade`."""
    hand_in(folder, name, notebooks)
    command = [sys.executable, "-m", "instructor.course", "grade", str(folder), "--seed", "1"]
    command += ["--workers", str(workers), *([] if sandbox else ["--no-sandbox"])]
    seconds = timed(command, ROOT)
    graded = len(list((folder / "grades").glob("*/*.json")))
    if graded != len(notebooks):
        raise RuntimeError(f"course grade graded {graded} of {len(notebooks)} submissions")
    return seconds / len(notebooks)


def main(argv: Sequence[str]) -> dict[str, Any]:
    from instructor.course.judging.sandbox import bubblewrap

    parser = argparse.ArgumentParser("benchmarks grading", description=__doc__)
    parser.add_argument("--exercise", default="03_dropout")
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--nbgrader", type=int, default=6, help="submissions that nbgrader gets")
    given = parser.parse_args(argv)
    notebooks = submissions(given.exercise, given.submissions, seed=0)
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        few = notebooks[: given.nbgrader]
        found["nbgrader"] = nbgrader(given.exercise, few, home / "nbgrader")
        print(f"nbgrader autograde, {len(few)} submissions: {found['nbgrader']:.2f} s each")
        for sandbox in (False, True) if bubblewrap() else (False,):
            for workers in (1, 2):
                key = f"{'sandboxed' if sandbox else 'plain'}_{workers}"
                each = course(given.exercise, notebooks, home / key, workers, sandbox=sandbox)
                found[key] = each
                print(
                    f"course grade, {len(notebooks)} submissions, {workers} "
                    f"worker{'s' * (workers > 1)}, sandbox {'on' if sandbox else 'off'}: "
                    f"{each:.2f} s each, {found['nbgrader'] / each:.1f} times as fast",
                    flush=True,
                )
    times = {"vs_nbgrader": found["nbgrader"] / found["plain_2"]}
    if "sandboxed_2" in found:
        times["vs_nbgrader_sandboxed"] = found["nbgrader"] / found["sandboxed_2"]
    seconds = {f"seconds_{key}": round(value, 3) for key, value in found.items()}
    return {
        "submissions": len(notebooks),
        "nbgrader_submissions": len(few),
        **seconds,
        **{key: round(value, 2) for key, value in times.items()},
    }
