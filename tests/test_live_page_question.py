"""A question and its guess, in a plain page with a made-up model."""

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from course_utils.live.predict import Question
from tests.panel_page import STOPPED
from tests.widget_page import WidgetPage, new_page

pytestmark = pytest.mark.browser


ASKED = {"question": "The loss ...", "options": ["rises", "falls"], "chosen": -1,
         "drawn": False, "frozen": False, "uid": "q"}  # fmt: skip


@pytest.fixture
def question(chrome):
    with new_page(chrome) as page:
        yield WidgetPage(page, Question._esm, Question._css)


def test_a_guess_is_sent_and_kept(question):
    question.begin(ASKED)
    note = question.page.locator(".predict p")
    assert note.inner_text() == "Choose before you read on."
    question.page.get_by_role("radio", name="falls").check()
    assert note.inner_text() == "Saved. Click the next cell and run it."
    assert question.told == [{"drawn": True}, {"chosen": 1}]
    question.page.wait_for_function(
        "Object.values(Object.values(model.notebook.widgets ?? {})[0]?.state ?? {})"
        ".some((one) => one.state.chosen === 1 && one.state.frozen)"
    )


def test_a_question_that_was_kept_waits_for_its_cell(question):
    question.begin({**ASKED, "chosen": 0, "frozen": True})
    assert question.page.get_by_role("radio", name="rises").is_checked()
    assert question.page.get_by_role("radio", name="falls").is_disabled()
    assert question.page.locator(".predict p").inner_text() == "Run this cell to choose again."


def test_a_question_notices_that_its_kernel_has_stopped(question):
    question.begin(ASKED)
    question.say("statusChanged", "restarting")
    assert question.page.locator(".predict p").inner_text() == STOPPED
    assert question.page.get_by_role("radio", name="falls").is_disabled()
