"""The claims of the lessons, measured on digits and, where its files can be had, on MNIST.

``python -m benchmarks claims`` prints every claim with its paired difference and interval.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Iterator, Sequence

from benchmarks.claims.claim import Claim
from benchmarks.measure import say, table
from course_utils.data import Dataset, DownloadError, load_dataset

#: Few samples, as in the lessons: with many, most techniques change little.
N_TRAIN = 500
DATASETS = ("digits", "mnist")


def all_claims() -> list[Claim]:
    """The claims of every lesson, in the order of the lessons."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("lesson_"))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return [claim for module in modules for claim in module.CLAIMS]


def few_samples(name: str) -> Dataset:
    """The data set as the panels use it: N_TRAIN training samples, few to score."""
    return load_dataset(name, n_train=N_TRAIN).scored_on()


def available_datasets() -> Iterator[Dataset]:
    """The data sets that can be had here, with few samples."""
    for name in DATASETS:
        try:
            yield few_samples(name)
        except DownloadError:
            say(f"{name} is left out: its files are not here and could not be fetched")


def main(argv: Sequence[str]) -> dict[str, int]:
    parser = argparse.ArgumentParser("python -m benchmarks claims", description=__doc__)
    parser.add_argument("lessons", nargs="*", type=int, help="lesson numbers; all for none")
    args = parser.parse_args(argv)
    rows = []
    held = 0
    for data in available_datasets():
        for claim in all_claims():
            if args.lessons and claim.lesson not in args.lessons:
                continue
            difference = claim.compare(data)
            holds = claim.holds(difference)
            held += holds
            interval = f"[{difference.low:+.4f}, {difference.high:+.4f}]"
            verdict = "holds" if holds else "DOES NOT HOLD"
            rows.append(
                [
                    f"{claim.lesson:02}",
                    claim.technique,
                    data.name,
                    f"{difference.mean:+.4f}",
                    interval,
                    verdict,
                    claim.sentence,
                ]
            )
    table(("", "technique", "data", "difference", "95 % interval", "", "claim"), rows)
    return {"claims": len(rows), "held": held}
