"""Fleets that train in a process of their own, so that a first call is really a first one.

Both modules that do (`torch_fleet`, `jax_fleet`) answer a line of JSON with a line of JSON.
Standard library only: JAX's interpreter need not have PyTorch.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.measure import Spent

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Setting:
    """A fleet: one dropout p for each value, some seeds each, an MLP with two hidden layers."""

    dropouts: tuple[float, ...]
    hidden: int
    #: An .npz with x_train [n, features], y_train [n], x_val, y_val.
    data: str
    seeds: int = 8
    epochs: int = 80
    batch_size: int = 50
    lr: float = 1e-3

    @property
    def members(self) -> int:
        return len(self.dropouts) * self.seeds


class Worker:
    """A process that trains fleets; its start and its imports are never part of a time."""

    def __init__(self, python: str, module: str) -> None:
        self._process = subprocess.Popen(
            [python, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "JAX_PLATFORMS": "cpu"},
        )
        self.about: dict[str, str] = self._answer()
        #: Loss and accuracy in training, then in validation, [values][seeds][epochs + 1][4].
        self.curves: list[Any] = []

    def train(self, setting: Setting) -> Spent:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(setting)) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.curves = answer["curves"]
        return Spent(answer["wall"], cpu=answer["cpu"], elsewhere=True)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            command = " ".join(map(str, self._process.args))  # type: ignore[arg-type]
            raise RuntimeError(f"{command} ended (code {self._process.wait()}); see above for why")
        return json.loads(line)

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()  # closes its input, at which it ends


def first_call(python: str, module: str, setting: Setting) -> Spent:
    """The first fleet of a new process."""
    with Worker(python, module) as worker:
        spent = worker.train(setting)
    return spent._replace(elsewhere=False)  # it has ended


def serve(about: dict[str, str], train: Callable[[dict[str, Any]], Any]) -> None:
    """The worker's side: say `about`, then answer requests with the curves of ``train(request)``,
    an array, and with the time that took."""
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        start, start_cpu = time.perf_counter(), time.process_time()
        curves = train(request)
        wall, cpu = time.perf_counter() - start, time.process_time() - start_cpu
        print(json.dumps({"wall": wall, "cpu": cpu, "curves": curves.tolist()}), flush=True)


def has_jax(python: str) -> bool:
    found = "import importlib.util as u, sys; sys.exit(u.find_spec('jax') is None)"
    return subprocess.run([python, "-c", found], cwd=ROOT).returncode == 0
