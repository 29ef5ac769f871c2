"""How long each notebook takes to run from top to bottom, the start of its kernel included.

The files stay as they are.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from benchmarks.measure import say, spread, table
from benchmarks.workers import ROOT

FOLDERS = ("notebooks", "exercises", "solutions")
CELL_TIMEOUT_S = 300


def main(argv: Sequence[str]) -> dict[str, float | str | None]:
    parser = argparse.ArgumentParser("python -m benchmarks notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of names, for example 02; or paths")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each (default: 1)")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds notebooks/ ...")
    args = parser.parse_args(argv)
    if args.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {args.repeats}")
    rows, seconds = [], {}
    for path in find(args.root, args.names):
        name = path.relative_to(args.root).as_posix()
        say(f"{name} ...")
        runs = [execute(path) for _ in range(args.repeats)]
        seconds[name] = statistics.median(runs)
        rows.append([name, f"{seconds[name]:.1f}", spread(runs, 1)])
    table(("notebook", "seconds", "min - max"), rows)
    slowest = max(seconds, key=seconds.__getitem__, default=None)
    return {
        "total_s": round(sum(seconds.values()), 2),
        "slowest_s": None if slowest is None else round(seconds[slowest], 2),
        "slowest": slowest,
    }


def find(root: Path, names: Sequence[str]) -> list[Path]:
    """The notebooks under `root` whose name or path begins with one of `names`; all for none."""
    found = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.ipynb"))]
    starts = tuple(name.removeprefix("./") for name in names)
    if not starts:
        return found
    return [
        path
        for path in found
        if path.name.startswith(starts) or path.relative_to(root).as_posix().startswith(starts)
    ]


def execute(path: Path) -> float:
    """Run a copy of the notebook, and return the seconds.

    Raises:
        CellExecutionError: a cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    start = time.perf_counter()
    client.execute()
    return time.perf_counter() - start
