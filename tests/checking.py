"""What the tests of the checks share: a right answer passes, a wrong one is named."""

import pytest

from course_utils.checks import CheckFailed


def passes(check, *answers):
    for answer in answers:
        result = check(answer)
        assert f"✓ {check.__name__}: {len(result.properties)} properties hold" == repr(result)
        assert len(set(result.properties)) == len(result.properties) >= 4


def named(check, answer, hint):
    """`answer` is rejected, and its mistake is told."""
    with pytest.raises(CheckFailed) as caught:
        check(answer)
    message = str(caught.value)
    assert hint in message, message
    for part in (f"{check.__name__}: ", "  on: ", "  expected: ", "  got: ", "  hint: "):
        assert part in message


def cases(**answers):
    return pytest.mark.parametrize(("answer", "hint"), answers.values(), ids=answers.keys())
