"""Run the fuzzer from a terminal; the package says how."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter, defaultdict

# One thread: the tensors are small. It must be said before PyTorch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.fuzzing.alone import one_by_one
from tests.fuzzing.cases import case
from tests.fuzzing.judging import judge


def one(number: int) -> int:
    """Describe a case and say what differed."""
    chosen = case(number)
    print(chosen.describe())
    verdict = chosen.judge()
    print(f"\n{verdict.how}" + (f": {verdict.fallback}" if verdict.fallback else ""))
    print("\n".join(verdict.found) or "nothing differed")
    return 1 if verdict.found else 0


def many(first: int, cases: int, *, traps_only: bool, alone: bool) -> int:
    """Run cases, print each that failed as it comes, and a table at the end."""
    how: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    failed: defaultdict[str, list[str]] = defaultdict(list)
    began = time.perf_counter()
    for number in range(first, first + cases):
        chosen = case(number)
        if traps_only and chosen.trap is None:
            continue
        verdict = judge(chosen.recipe, one_by_one) if alone else chosen.judge()
        how[verdict.how] += 1
        if verdict.found:
            worst = verdict.found[0].partition(":")[0]
            faults[worst] += 1
            failed[chosen.kind].append(f"{number} ({worst})")
            print(f"{number} {chosen.kind}: {verdict.found[0]}", flush=True)
    seconds = time.perf_counter() - began
    print(f"\n{sum(how.values())} cases in {seconds:.0f} s: {dict(how)}")
    for kind, numbers in sorted(failed.items()):
        print(f"{kind}: {', '.join(numbers)}")
    print(f"{sum(faults.values())} failed: {dict(faults)}")
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("number", type=int, nargs="?", help="one case, described")
    parser.add_argument("--cases", type=int, default=300, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first one's number")
    parser.add_argument("--traps", action="store_true", help="only cases with a trap")
    parser.add_argument(
        "--one-by-one", action="store_true", help="judge single runs in the place of fleets"
    )
    chosen = parser.parse_args(arguments)
    if chosen.number is not None:
        return one(chosen.number)
    return many(chosen.first, chosen.cases, traps_only=chosen.traps, alone=chosen.one_by_one)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
