"""A made-up language whose true probabilities are known: "the old cats that hear a dog like it".

A sentence has a subject, sometimes with a relative clause, a verb and an object. Verbs agree with
their subject in number, across the clause. Each noun has verbs that it prefers, and each verb
objects: these *tastes* are what a network has to learn from examples. Texts of another author have
the same grammar and other tastes.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from course_utils.data.argument_checks import check_count, check_seed
from course_utils.data.dataset import Dataset
from course_utils.data.seal import SealedTestSet
from course_utils.data.splits import uniforms

NOUNS = ("cat", "dog", "bird", "horse", "cow", "hen", "goat", "duck")
VERBS = ("hear", "follow", "like", "fear", "meet", "avoid")
ADJECTIVES = ("old", "small", "young", "red")
#: How often each comes, and which forms of a noun may follow.
DETERMINERS = {"a": (0.3, ("",)), "the": (0.4, ("", "s")), "some": (0.3, ("s",))}
#: Word 0 stands in the places before a sentence begins.
WORDS = (
    "", ".", "that", *DETERMINERS, *ADJECTIVES,
    *NOUNS, *(noun + "s" for noun in NOUNS), *VERBS, *(verb + "s" for verb in VERBS),
)  # fmt: skip
#: Words that the next one is predicted from, at most.
CONTEXT = 8
HELD_OUT = 1000

_PLACE = {word: place for place, word in enumerate(WORDS)}
_NOUN_OF = {noun + ending: (noun, ending) for noun in NOUNS for ending in ("", "s")}
_VERB_OF = {verb + ending: verb for verb in VERBS for ending in ("", "s")}
_ADJECTIVE, _CLAUSE = 0.3, 0.4  # how often a subject has one
#: Where sentences are cut: after so many words, each as likely.
_CUTS = (1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 7, 8, 8)
_LONGEST = 11  # words of a sentence, with its full stop
_TASTE = 6.0  # how unequal the tastes are; 0 would make all equal

Chances = dict[str, float]


def sentences(n: int = 1000, seed: int = 0, *, author: int = 0) -> Dataset:
    """Beginnings of sentences, and the word that comes next: text of which the truth is known.

    Each sample comes from a sentence of its own, cut after one to eight words. x is [n, 8],
    the numbers of the words so far (as floats), 0 where the sentence has not begun yet; y is the
    number of the next word, and `WORDS` says what the numbers stand for.

    Args:
        n: training samples.
        seed: which training samples.
        author: whose tastes; the validation and test samples are by the same author.
    """
    n, author = check_count(n, "n"), check_seed(author)
    x_val, y_val = (part.clone() for part in _held_out("val", author))
    name = "sentences" if author == 0 else f"sentences by author {author}"
    test = SealedTestSet(*(part.clone() for part in _held_out("test", author)), name=name)
    x, y = _draw("train", check_seed(seed), n, author)
    return Dataset(name, x, y, x_val, y_val, test, len(WORDS))


def next_words(beginning: str, author: int = 0) -> Chances:
    """The words that may follow the beginning of a sentence, each with its true probability:
    ``next_words("the cats that hear a dog")``.

    Raises:
        ValueError: for words that are not of the language, or in an order that never occurs.
    """
    words: list[str] = []
    for word in beginning.split():
        if word not in _following(words, author):
            likely = ", ".join(repr(known) for known in _following(words, author))
            after = f"after {' '.join(words)!r}" if words else "at the beginning"
            raise ValueError(f"{word!r} cannot stand {after}; one of {likely} can")
        words.append(word)
    return _following(words, author)


def truth(x: Tensor, author: int = 0) -> Tensor:
    """The true probability of every word after each beginning x [n, 8]: [n, words]."""
    rows = [_row(tuple(WORDS[int(place)] for place in row if place), author) for row in x.tolist()]
    return torch.tensor(np.array(rows), dtype=x.dtype, device=x.device)


def decode(row: Tensor) -> str:
    """One row of x as text."""
    return " ".join(WORDS[int(place)] for place in row.tolist() if place)


@cache
def _tastes(author: int) -> tuple[Chances, dict[str, Chances], dict[str, Chances]]:
    """How likely each noun is as a subject, each verb after a subject, each object of a verb."""

    def shares(stream: str, who: int, names: Sequence[str], strength: float) -> Chances:
        drawn = uniforms(f"sentences {stream}", who, len(names))
        weights = np.exp(strength * drawn)
        return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))

    verbs = {noun: shares(f"verbs of {noun}", author, VERBS, _TASTE) for noun in NOUNS}
    objects = {verb: shares(f"objects of {verb}", author, NOUNS, _TASTE) for verb in VERBS}
    return shares("subjects", author, NOUNS, _TASTE / 3), verbs, objects


def _verbs_of(noun: str, verbs: dict[str, Chances]) -> Chances:
    """Verbs after a subject, in the form that agrees with it: "cats hear", "a cat hears"."""
    subject, ending = _NOUN_OF[noun]
    return {verb + ("" if ending else "s"): share for verb, share in verbs[subject].items()}


def _following(beginning: Sequence[str], author: int) -> Chances:
    """`next_words` for a beginning that is cut into its words."""
    if not beginning:
        return {word: share for word, (share, _) in DETERMINERS.items()}
    last, subjects, verbs, objects = beginning[-1], *_tastes(author)
    said = [_VERB_OF[word] for word in beginning if word in _VERB_OF]
    if last in DETERMINERS or last in ADJECTIVES:
        (determiner,) = [word for word in beginning[-2:] if word in DETERMINERS][-1:]
        endings = DETERMINERS[determiner][1]
        liked = objects[said[-1]] if said else subjects
        nouns = {noun + e: liked[noun] / len(endings) for noun in NOUNS for e in endings}
        if said or last in ADJECTIVES:
            return nouns
        adjectives = dict.fromkeys(ADJECTIVES, _ADJECTIVE / len(ADJECTIVES))
        return adjectives | {noun: (1 - _ADJECTIVE) * share for noun, share in nouns.items()}
    if last in _VERB_OF:
        return _following((), author)
    if last == "that":
        return _verbs_of(beginning[-2], verbs)
    if last in _NOUN_OF and not said:
        after = {word: (1 - _CLAUSE) * share for word, share in _verbs_of(last, verbs).items()}
        return {"that": _CLAUSE} | after
    if last in _NOUN_OF and "that" in beginning and len(said) == 1:
        return _verbs_of(beginning[list(beginning).index("that") - 1], verbs)
    if last in _NOUN_OF:
        return {".": 1.0}
    raise ValueError(
        f"nothing follows {last!r} in {' '.join(beginning)!r}; begin a new sentence with ()"
    )


@cache
def _row(beginning: tuple[str, ...], author: int) -> NDArray[np.float64]:
    row = np.zeros(len(WORDS))
    for word, share in _following(beginning, author).items():
        row[_PLACE[word]] = share
    return row


@cache
def _choices(beginning: tuple[str, ...], author: int) -> tuple[list[str], list[float]]:
    chances = _following(beginning, author)
    return list(chances), list(accumulate(chances.values()))


def _draw(stream: str, seed: int, n: int, author: int) -> tuple[Tensor, Tensor]:
    beginnings, following = [], []
    for row in uniforms(f"sentences {stream}", seed, n, _LONGEST + 1).tolist():
        said: tuple[str, ...] = ()
        while said[-1:] != (".",):
            words, up_to = _choices(said, author)
            # The last sum may be a little below 1, and the draw between the two.
            said += (words[min(bisect_right(up_to, row[len(said)]), len(words) - 1)],)
        # Were the place chosen among those of the sentence, its length, which depends on what comes
        # next, would have a say, and the next word would not have its true probability. Only the
        # full stop, which is certain where it comes, cuts the choice short.
        cut = min(_CUTS[int(row[-1] * len(_CUTS))], len(said) - 1)
        beginnings.append([0.0] * (CONTEXT - cut) + [float(_PLACE[w]) for w in said[:cut]])
        following.append(_PLACE[said[cut]])
    return torch.tensor(beginnings), torch.tensor(following)


@cache
def _held_out(stream: str, author: int) -> tuple[Tensor, Tensor]:
    return _draw(stream, 0, HELD_OUT, author)
