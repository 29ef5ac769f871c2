"""`python -m benchmarks NAME [options]`: a table, then one line of JSON."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence

#: Each is a module of this package with ``main(argv) -> dict``: it prints its table and returns
#: what belongs on the last line.
BENCHMARKS = {
    "training": "fit and the fleet beside the loops they replace, and beside JAX",
    "live": "how fast a panel's picture follows its slider, in a real JupyterLab",
    "grading": "course grade beside nbgrader's own autograder",
    "notebooks": "how long each notebook takes to run",
}


def overview() -> str:
    width = max(map(len, BENCHMARKS))
    lines = [f"  {name:<{width}}  {line}" for name, line in BENCHMARKS.items()]
    return "\n".join(["python -m benchmarks NAME [--help]", *lines])


def main(argv: Sequence[str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(overview())
        return 0
    name, *options = argv
    if name not in BENCHMARKS:
        print(f"There is no benchmark {name!r}. There are:\n{overview()}", file=sys.stderr)
        return 2
    results = importlib.import_module(f"benchmarks.{name}").main(options)
    print(json.dumps(results), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
