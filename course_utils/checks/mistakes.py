"""Mistakes that checks recognize: each has an id, and the words that a learner reads.

A check module lists its own in a class ``Mistake(Mistakes)``; the name of a member is its id, its
value the words, and nobody types either a second time. What is asked of a known wrong answer, for
example in the instructor's banks, is asked by id.
"""

from __future__ import annotations

from enum import StrEnum, unique


class Told(str):
    """A text that knows which mistake it names, by `id`."""

    id: str

    def __new__(cls, text: str, mistake: str) -> Told:
        told = super().__new__(cls, text)
        told.id = mistake
        return told


class Mistakes(StrEnum):
    """Mistakes by name. A member is the text of its words, and can stand wherever a hint can."""

    @property
    def id(self) -> str:
        """The name, in small letters."""
        return self.name.lower()

    def given(self, **values: object) -> Told:
        """The words with `values` in their places, ``"{pixels} never comes"``."""
        return Told(self.format(**values), self.id)


@unique
class Common(Mistakes):
    """What goes wrong in any task."""

    RETURNS_NOTHING = "the function gives nothing back; is there a `return` on every path?"
    NOT_A_TENSOR = "a tensor was asked for"
    PYTHON_NUMBER = "this is a Python number, which no gradient can pass; keep it a tensor"
    WRONG_SHAPE = "the shape is not the one asked for; look at where you sum, index or stack"
    NOT_A_PAIR = "end with `return {names}`"
    NOT_YES_OR_NO = (
        "return True or False, on every path: a count is neither, nor is None; a comparison of "
        "tensors gives an answer for each entry, torch.equal, `.any()` or `bool(...)` a single one"
    )
    GRADIENT_CUT = "`.item()`, `.detach()` and `torch.tensor(...)` cut the gradient off"
    INPUT_CHANGED = (
        "`*=`, `+=`, `.sort()` and names ending in _ write into what was passed in; make a copy"
    )
    LIBRARY_USED = "the library's version does the whole task; here you write what it does"
    RAISED = "do the shapes and types of these values fit what that line does with them?"
    NOT_CONTIGUOUS = (
        "`.view` needs numbers that lie in memory one after the other, which those of a transposed "
        "tensor do not; `.reshape` takes any tensor, and so do `.flatten` and indexing"
    )
    SINGLE_PRECISION = (
        "only about seven digits are right, those of float32; compute in the dtype of what is "
        "passed in, and make new tensors in it too: torch.zeros_like(x), x.new_zeros(n)"
    )
    EARLIER_CHANGED = (
        "a later call has changed what an earlier one returned; make everything anew in each call, "
        "and keep nothing outside of the function or in a default argument"
    )
    UNKNOWN_NAME = (
        "this name means nothing there; is it misspelled, or defined in no cell that ran?"
    )
    DIVISION_BY_ZERO = "what is 0 here? Say what the result is then, before you divide"

    @classmethod
    def of_error(cls, error: Exception) -> Common:
        """What an error in the learner's lines hints at."""
        if isinstance(error, NameError):
            return cls.UNKNOWN_NAME
        if "view size is not compatible" in str(error):  # PyTorch's words
            return cls.NOT_CONTIGUOUS
        return cls.DIVISION_BY_ZERO if isinstance(error, ZeroDivisionError) else cls.RAISED
