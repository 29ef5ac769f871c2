"""The made-up sentences: grammar, true probabilities, and what a seed and an author choose."""

import itertools

import pytest
import torch

from course_utils.data import sentences
from course_utils.data.language import (
    CONTEXT,
    NOUNS,
    VERBS,
    WORDS,
    decode,
    next_words,
    truth,
)

PLURALS = {noun + "s" for noun in NOUNS}


def walk(author: int = 0, beginning: str = "") -> dict[str, float]:
    """The probability of every whole sentence that has these words first."""
    found = {}
    for word, share in next_words(beginning, author).items():
        longer = f"{beginning} {word}".strip()
        rest = {longer: 1.0} if word == "." else walk(author, longer)
        found |= {sentence: share * of_rest for sentence, of_rest in rest.items()}
    return found


@pytest.fixture(scope="module")
def about_some_cats() -> dict[str, float]:
    return walk(beginning="some old cats")


def test_the_probabilities_of_all_endings_add_up(about_some_cats) -> None:
    assert sum(about_some_cats.values()) == pytest.approx(1)
    assert min(about_some_cats.values()) > 0
    assert max(len(sentence.split()) for sentence in about_some_cats) == 11


def test_verbs_agree_with_their_subject_across_the_clause(about_some_cats) -> None:
    for sentence in about_some_cats:
        words = sentence.split()
        verbs = [word for word in words if word.removesuffix("s") in VERBS]
        assert len(verbs) == (2 if "that" in words else 1)
        assert all(verb in VERBS for verb in verbs), "cats hear, whatever stands between"
        assert words[-2] in PLURALS | set(NOUNS)
    assert next_words("a cat that hears some dogs").keys() == {verb + "s" for verb in VERBS}


def test_samples_come_with_the_true_probabilities() -> None:
    data = sentences(4000)
    true = truth(data.x_train)
    torch.testing.assert_close(true.sum(1), torch.ones(4000))
    given = true[torch.arange(4000), data.y_train]
    assert (given > 0).all()
    # How often each word comes is what the probabilities say, up to four standard errors.
    counts = torch.nn.functional.one_hot(data.y_train, len(WORDS)).float().sum(0)
    spread = (true * (1 - true)).sum(0).sqrt()
    assert ((counts - true.sum(0)).abs() <= 4 * spread + 1e-3).all()


def test_a_sample_is_a_beginning_and_its_next_word() -> None:
    data = sentences(300)
    assert data.x_train.shape == (300, CONTEXT)
    assert data.num_classes == len(WORDS) == 38
    for row, label in zip(data.x_train, data.y_train, strict=True):
        assert WORDS[label] in next_words(decode(row))
        filled = (row > 0).tolist()
        assert filled == sorted(filled), "nothing stands before a sentence"
        assert filled[-1]


def test_seeds_draw_other_samples_and_prefixes_agree() -> None:
    small, large, other = sentences(20), sentences(50), sentences(20, seed=1)
    assert torch.equal(small.x_train, large.x_train[:20])
    assert torch.equal(small.y_train, large.y_train[:20])
    assert not torch.equal(small.x_train, other.x_train)
    for data in (large, other):
        assert torch.equal(data.x_val, small.x_val)
        assert torch.equal(data.y_val, small.y_val)


def test_held_out_samples_are_each_data_sets_own() -> None:
    changed = sentences(5)
    changed.x_val.zero_()
    assert sentences(5).x_val.any()


def test_authors_share_the_grammar_and_differ_in_taste() -> None:
    here, there = (next_words("the cats", author) for author in (0, 1))
    assert here.keys() == there.keys()
    assert here["that"] == there["that"]
    assert any(abs(here[word] - there[word]) > 0.1 for word in here)
    assert sentences(5, author=1).name != sentences(5).name


@pytest.mark.parametrize(
    ("beginning", "author", "says"),
    [
        ("a cats", 0, ("'cats' cannot stand after 'a'", "'cat'")),
        ("dog", 0, ("'dog' cannot stand at the beginning", "'the'")),
        ("a dog hears the cat . the", 0, ("nothing follows '.'",)),
        ("a zebra", 0, ("'zebra'",)),
    ],
)
def test_what_is_no_beginning_is_refused(beginning, author, says) -> None:
    with pytest.raises(ValueError, match=r"stand|follows") as refused:
        next_words(beginning, author)
    assert all(part in str(refused.value) for part in says)


@pytest.mark.parametrize("settings", [{"n": 0}, {"n": 5, "author": -1}, {"n": 5, "seed": -1}])
def test_impossible_settings_are_refused(settings) -> None:
    with pytest.raises(ValueError, match="got"):
        sentences(**settings)


def test_words_are_as_frequent_as_the_true_probabilities_say() -> None:
    data = sentences(4000)
    after_some = [
        WORDS[label]
        for row, label in zip(data.x_train, data.y_train, strict=True)
        if decode(row) == "some"
    ]
    counted = {word: after_some.count(word) / len(after_some) for word in set(after_some)}
    true = next_words("some")
    for word, share in itertools.islice(sorted(true.items(), key=lambda item: -item[1]), 5):
        margin = 4 * (share * (1 - share) / len(after_some)) ** 0.5
        assert abs(counted.get(word, 0) - share) < margin
