"""Pages that the kernel has drawn ahead, in the browser."""

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.panel_page import CONTROLS, page, sweep, wait_shade
from tests.widget_page import picture

pytestmark = pytest.mark.browser


def explore(**more):
    """The traits of a panel that computes what is asked for, and draws ahead."""
    controls = [{**control, "pages": False} for control in CONTROLS]
    return sweep(**{"controls": controls, "pages": [page(40, p=0, noise=0)], "ahead": True, **more})


def send(panel, shade, **indices):
    """Send a page drawn ahead, and give the browser the time to decode it."""
    panel.receive({"type": "ahead", "indices": indices, "text": f"gray {shade}"}, picture(shade))
    panel.page.wait_for_timeout(300)


def test_the_kernel_is_told_which_control_somebody_is_near(panel):
    panel.begin(explore())
    panel.slider.focus()
    near = {"type": "near", "name": "p", "held": 0}
    assert panel.told == [near]
    send(panel, 80, p=1, noise=0)
    panel.slider.hover()
    assert panel.told == [near]
    panel.page.get_by_role("radio").first.focus()
    assert panel.told == [near, {"type": "near", "name": "noise", "held": 1}]


@pytest.mark.parametrize("more", [{"ahead": False}, {"frozen": True}])
def test_a_panel_that_draws_nothing_ahead_is_not_told(panel, more):
    panel.begin(explore(**more))
    panel.slider.hover()
    panel.slider.focus()
    assert panel.told == []


def test_a_page_drawn_ahead_is_shown_without_the_kernel(panel):
    panel.begin(explore())
    send(panel, 80, p=1, noise=0)
    panel.slider.focus()
    panel.slider.press("ArrowRight")
    assert (panel.text, panel.shade, panel.faded) == ("gray 80", 80, False)
    assert panel.told[-1] == {
        "indices": {"p": 1, "noise": 0},
        "asked": 1,
    }  # it is told all the same


def test_a_late_answer_does_not_replace_it_and_its_own_does(panel):
    panel.begin(explore())
    send(panel, 80, p=1, noise=0)
    panel.slider.press("ArrowRight")
    panel.push(newest={**page(90, p=0, noise=0), "run": 0, "index": 0, "asked": 0})
    panel.page.wait_for_timeout(200)
    assert (panel.text, panel.shade) == ("gray 80", 80)
    panel.push(newest={**page(81, p=1, noise=0), "run": 0, "index": 0, "asked": 1})
    wait_shade(panel, 81)
    panel.slider.press("ArrowRight")  # to what is not drawn yet
    panel.push(newest={**page(120, p=2, noise=0), "run": 0, "index": 0, "asked": 2})
    wait_shade(panel, 120)
    assert panel.text == "gray 120"


def test_what_a_cell_may_have_changed_is_not_shown(panel):
    panel.begin(explore())
    send(panel, 80, p=1, noise=0)
    send(panel, 120, p=2, noise=0)
    panel.receive({"type": "forget", "kept": [{"noise": 0, "p": 2}]})
    panel.slider.press("ArrowRight")
    panel.wait_faded()
    assert panel.shade == 40
    panel.slider.press("ArrowRight")
    assert (panel.shade, panel.faded) == (120, False)
    panel.receive({"type": "forget", "kept": []})
    panel.slider.press("ArrowLeft")
    panel.wait_faded()
    assert panel.shade == 120


def test_no_page_drawn_ahead_is_kept_in_the_notebook(panel):
    panel.begin(explore())
    send(panel, 80, p=1, noise=0)
    panel.slider.press("ArrowRight")
    panel.wait("Object.values(model.notebook.widgets ?? {}).length")
    (kept,) = panel.page.evaluate("Object.values(model.notebook.widgets)")
    state = kept["state"]["one"]["state"]
    assert state["pages"] == [{"text": "gray 80"}]
    assert state["newest"] == {}


@pytest.mark.parametrize("kept", [[], [{"p": 2, "noise": 0}]], ids=["all", "what does not fit"])
def test_a_page_that_is_dropped_before_it_is_decoded_is_not_shown(panel, kept):
    panel.begin(explore())
    ahead = {"type": "ahead", "indices": {"p": 1, "noise": 0}, "text": "old"}
    panel.page.evaluate(
        """([ahead, png, kept]) => {
            model.trigger("msg:custom", ahead, [bytes({ png }).png]);
            model.trigger("msg:custom", { type: "forget", kept }, []);
        }""",
        [ahead, picture(80), kept],
    )
    panel.page.wait_for_timeout(300)
    panel.slider.press("ArrowRight")
    panel.wait_faded()
    assert panel.shade == 40


def test_all_views_of_a_panel_show_it(panel):
    panel.begin(explore())
    panel.page.evaluate("show()")
    send(panel, 80, p=1, noise=0)
    panel.page.locator(".live-slider input").nth(1).press("ArrowRight")
    assert panel.page.locator(".live-text p:first-child").all_inner_texts() == ["gray 80"] * 2
    panel.page.evaluate("views[0].remove(); views[0].el.remove()")
    send(panel, 120, p=2, noise=0)
    panel.slider.press("ArrowRight")
    assert (panel.text, panel.shade) == ("gray 120", 120)
