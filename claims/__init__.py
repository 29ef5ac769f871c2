"""The claims of the lessons, measured on digits and, where its files can be had, on MNIST; those of
lesson 08 on made-up sentences by two authors.

``python3 start.py claims`` prints every claim with its paired difference and interval, at each
ending of the training: after the lesson's budget, after four times that, and early-stopped.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Iterator, Sequence

from benchmarks.measure import say, table
from claims.claim import IMAGES, TEXTS, Claim
from course_utils.comparison import ENDINGS
from course_utils.data import Dataset, DownloadError, load_dataset, sentences
from course_utils.evidence import Difference

#: Few samples, as in the lessons: with many, most techniques change little.
N_TRAIN = 500
#: As many as there are digits to validate on, nearly.
N_SCORED = 500
DATASETS = IMAGES + TEXTS


def all_claims() -> list[Claim]:
    """The claims of every lesson, in the order of the lessons."""
    names = sorted(
        m.name for m in pkgutil.iter_modules(__path__) if m.name not in ("claim", "__main__")
    )
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    claims = [claim for module in modules for claim in module.CLAIMS]
    return sorted(claims, key=lambda claim: claim.lesson)


def few_samples(name: str) -> Dataset:
    """The data set as the panels use it: N_TRAIN training samples, few to score."""
    data = sentences(author=TEXTS.index(name)) if name in TEXTS else load_dataset(name)
    return data.subset(N_TRAIN).limit_validation(N_SCORED)


def available_datasets() -> Iterator[Dataset]:
    """The data sets that can be had here, with few samples."""
    for name in DATASETS:
        try:
            yield few_samples(name)
        except DownloadError:
            say(f"{name} is left out: its files are not here and could not be fetched")


def main(argv: Sequence[str]) -> dict[str, int]:
    """Print the table of claims; how many there are, and how many hold at each ending."""
    parser = argparse.ArgumentParser("python3 start.py claims", description=__doc__)
    parser.add_argument("lessons", nargs="*", type=int, help="lesson numbers; all for none")
    args = parser.parse_args(argv)
    rows = []
    held = dict.fromkeys(ENDINGS, 0)
    for data in available_datasets():
        for claim in all_claims():
            asked = not args.lessons or claim.lesson in args.lessons
            if not asked or data.name not in claim.datasets:
                continue
            found = {ending: claim.compare(data, ending) for ending in claim.endings}
            holds = {ending: claim.holds(difference) for ending, difference in found.items()}
            for ending in ENDINGS:
                # A condition that its sentence names stands for the endings that it leaves out.
                held[ending] += holds.get(ending, all(holds.values()))
            cells = [_cell(found[e], holds[e]) if e in found else "" for e in ENDINGS]
            rows.append([f"{claim.lesson:02}", claim.technique, data.name, *cells, claim.sentence])
            say(" | ".join(filter(None, rows[-1][:-1])))  # the table itself takes many minutes
    endings = ("at the budget", "at four times that", "early-stopped")
    table(("", "technique", "data", *endings, "claim"), rows)
    keys = ("held", "held_long", "held_early_stopped")
    return {"claims": len(rows)} | dict(zip(keys, held.values(), strict=True))


def _cell(difference: Difference, holds: bool) -> str:
    said = f"{difference.mean:+.4f} ± {difference.half_width:.4f}"
    return said if holds else f"DOES NOT HOLD {said}"
