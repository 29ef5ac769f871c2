"""The instructor's guide to an exercise: what a person wrote, and the tables of its tasks."""

from __future__ import annotations

from instructor.content import Exercise


def guide(exercise: Exercise) -> str:
    """The text of ``solutions/guides/NAME.md``."""
    return (exercise.folder / "guide.md").read_text(encoding="utf-8")
