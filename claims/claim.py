"""What a lesson claims, as something that can be measured on any data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from course_utils.comparison import ENDINGS, Ending
from course_utils.data import Dataset
from course_utils.evidence import Difference

#: "higher" and "lower": the whole interval is on that side of 0. "not higher" and "not lower": it
#: is not, which is what a lesson may say of a technique that shows no help, or no harm.
Expectation = Literal["higher", "lower", "not higher", "not lower"]

#: The data sets of most lessons.
IMAGES = ("digits", "mnist")
#: Those of lesson 08: texts by two authors, who prefer other words.
TEXTS = ("sentences", "sentences by author 1")

#: For claims about a fixed number of epochs, or about no training at all.
ONCE: tuple[Ending, ...] = ("budget",)
#: For claims about what happens to whoever trains on and does not stop early.
UNSTOPPED: tuple[Ending, ...] = ("budget", "long")


@dataclass(frozen=True)
class Claim:
    """One sentence of a lesson with the measurement that carries it."""

    lesson: int
    technique: str
    #: The sentence as the lesson says it.
    sentence: str
    #: Measures the paired difference on data like those of the lesson, at one ending of the
    #: training: ``compare(clean data, ending)``.
    compare: Callable[[Dataset, Ending], Difference]
    expect: Expectation
    #: Where the training may end. Fewer than all: the sentence names its condition.
    endings: tuple[Ending, ...] = ENDINGS
    #: The names of the data sets that it is measured on.
    datasets: tuple[str, ...] = IMAGES

    def holds(self, difference: Difference) -> bool:
        """Whether the measured interval says what the sentence says."""
        return {
            "higher": difference.low > 0,
            "lower": difference.high < 0,
            "not higher": difference.low <= 0,
            "not lower": difference.high >= 0,
        }[self.expect]


def author_of(data: Dataset) -> int:
    """Whose text one of `TEXTS` is. Claims about text ask nothing else of the data: each seed draws
    its own."""
    return TEXTS.index(data.name)
