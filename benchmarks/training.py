"""Training: `fit` and the fleet beside the loops that they replace, and the fleet beside JAX."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import torch

from benchmarks.fleets import JAX, Fleets
from benchmarks.loops import Loops
from benchmarks.workers import Worker, has_jax

JAX_VARIABLE = "COURSE_JAX_PYTHON"


def main(argv: Sequence[str]) -> dict[str, float | None]:
    args = parse(argv)
    jax_python = args.jax_python if has_jax(args.jax_python) else None
    print(surroundings(jax_python), flush=True)
    fleets = Fleets(args.repeats, quick=args.quick, jax_python=jax_python)
    return fleets.run() | Loops(args.repeats, quick=args.quick).run()


def parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks training", description=__doc__)
    parser.add_argument(
        "--jax-python",
        default=os.environ.get(JAX_VARIABLE, sys.executable),
        help=f"a Python that has JAX (default: ${JAX_VARIABLE}, or this one)",
    )
    parser.add_argument("--repeats", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one short round without MNIST, to try the benchmark itself; not for its numbers",
    )
    args = parser.parse_args(argv)
    if args.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {args.repeats}")
    if args.quick:
        args.repeats = 1
    return args


def surroundings(jax_python: str | None) -> str:
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    jax = "no JAX here (the extra `bench` has it; or see --jax-python)"
    if jax_python is not None:
        with Worker(jax_python, JAX) as worker:
            jax = f"JAX {worker.about['jax']} on all cores"
    return (
        f"PyTorch {torch.__version__} with {torch.get_num_threads()} threads, {jax}; "
        f"{os.cpu_count()} cores, load before the start: {load}.\n"
        "Medians of rounds that take turns (A B A B) after a warm-up. `others`: cores that other "
        "programs\nkept busy meanwhile; with 0.15 or more a number says little."
    )
