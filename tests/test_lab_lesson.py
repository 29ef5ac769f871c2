"""The panels of a lesson in a real JupyterLab (`python -m tests.browser_lessons` takes all)."""

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests import browser_lessons

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHARE = 0.15  # of their epochs: enough for each control to change its picture


def test_a_lesson_answers_is_seen_and_is_kept(lab, chrome):
    found = browser_lessons.findings(lab, chrome, "06_early_stopping", share=SHARE, whole=False)
    assert list(found) == []


def test_an_unknown_lesson_is_named(capsys):
    with pytest.raises(SystemExit):
        browser_lessons.main(["09"])
    assert "there is no lesson 09" in capsys.readouterr().err
