"""Find prose that looks alike, by fingerprints of sequences of words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from itertools import combinations

RUN = 5  # words in one fingerprint
ALIKE = 0.35  # the share of common fingerprints from which two answers are worth a look
FEWEST = 12  # answers with fewer fingerprints are too short to compare


def fingerprints(text: str, given: str = "") -> set[int]:
    """Hashes of all sequences of `RUN` words in a text, without those of the text `given`."""
    words = re.findall(r"\w+", text.lower())
    found = {_number(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}
    return found - (fingerprints(given) if given else set())


def alike(answers: Mapping[str, str], given: str = "") -> Iterator[tuple[str, str, float]]:
    """Pairs of students whose answers look alike, with the common share of the shorter one."""
    prints = {name: fingerprints(text, given) for name, text in answers.items()}
    long = {name: found for name, found in prints.items() if len(found) >= FEWEST}
    for one, other in combinations(sorted(long), 2):
        share = len(long[one] & long[other]) / min(len(long[one]), len(long[other]))
        if share >= ALIKE:
            yield one, other, share


def _number(words: list[str]) -> int:
    digest = hashlib.blake2b(" ".join(words).encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
