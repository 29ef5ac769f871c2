"""Prose that looks alike: fingerprints of runs of words, compared on this machine alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from itertools import combinations

RUN = 5  # words of one fingerprint
ALIKE = 0.35  # share of fingerprints in common that is worth a look
FEWEST = 12  # fingerprints of an answer that says enough to compare


def fingerprints(text: str, given: str = "") -> set[int]:
    """The runs of `RUN` words in a text, as numbers; without those of the task's own text."""
    words = re.findall(r"\w+", text.lower())
    found = {_number(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}
    return found - (fingerprints(given) if given else set())


def alike(answers: Mapping[str, str], given: str = "") -> Iterator[tuple[str, str, float]]:
    """Pairs of students whose answers share much, with the share of the shorter one."""
    prints = {name: fingerprints(text, given) for name, text in answers.items()}
    long = {name: found for name, found in prints.items() if len(found) >= FEWEST}
    for one, other in combinations(sorted(long), 2):
        share = len(long[one] & long[other]) / min(len(long[one]), len(long[other]))
        if share >= ALIKE:
            yield one, other, share


def _number(words: list[str]) -> int:
    digest = hashlib.blake2b(" ".join(words).encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
