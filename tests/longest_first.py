"""The order in which several processes take the files, so that no process ends long after the rest.

A process takes a file as a whole, and the next one when it is through. Whatever is long has to be
begun early then: what is begun last is what the others wait for.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Notebooks, which train with all epochs; then files by how many of their tests are marked as
    slow, and by how many they have. Each file stays together and keeps its order."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)

    def length(path: Path) -> tuple[bool, int, int]:
        slow = sum(item.get_closest_marker("slow") is not None for item in files[path])
        return path.suffix == ".ipynb", slow, len(files[path])

    return [item for path in sorted(files, key=length, reverse=True) for item in files[path]]
