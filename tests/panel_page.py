"""A panel on a plain page, with a made-up model in the kernel's place."""

from course_utils.live.view import View
from tests.widget_page import WidgetPage, picture

CONTROLS = [
    {"name": "p", "label": "p", "kind": "slider", "labels": ["0", "0.5", "1"], "pages": True},
    {"name": "noise", "label": "label noise", "kind": "choice", "labels": ["0%", "20%"],
     "pages": False},
]  # fmt: skip
BUTTONS = [{"name": name, "label": name.title(), "pressed": False} for name in ("play", "reset")]
STOPPED = "The kernel has stopped. Run this cell again."


def page(shade, text="", **indices):
    return {"png": picture(shade), "text": text or f"gray {shade}", "indices": indices}


def sweep(**more):
    """The traits of a panel whose slider turns three pages."""
    return {
        "title": "A sweep", "controls": CONTROLS, "indices": {"p": 0, "noise": 0},
        "pages": [page(40 * (1 + i), p=0, noise=0) for i in range(3)], "newest": {},
        "buttons": [], "status": "", "progress": -1, "asked": 0, "heard": 0, "error": "",
        "trace": "", "frozen": False, "uid": "one", **more,
    }  # fmt: skip


def stream(**more):
    """The traits of a panel that asks the kernel for each picture."""
    controls = [{**CONTROLS[0], "pages": False}]
    pages = [page(40, p=0)]
    return sweep(controls=controls, indices={"p": 0}, pages=pages, buttons=BUTTONS, **more)


class Panel(WidgetPage):
    """A panel on a plain page, as a user meets it."""

    def __init__(self, page):
        super().__init__(page, View._esm, View._css)

    def begin(self, state):
        super().begin(state)
        self.page.wait_for_function("document.querySelector('.live-text p')?.textContent")

    @property
    def text(self):
        return self.page.locator(".live-text p").first.inner_text()

    @property
    def doing(self):
        return self.page.locator(".live-doing").inner_text()

    @property
    def faded(self):
        return bool(self.page.locator(".live-old").count())

    @property
    def height(self):
        return self.page.locator(".live-panel").bounding_box()["height"]

    @property
    def slider(self):
        return self.page.locator(".live-slider input").first

    @property
    def shade(self):
        return self.page.evaluate(
            "document.querySelector('canvas').getContext('2d').getImageData(5, 5, 1, 1).data[0]"
        )

    def wait_faded(self):
        self.wait("document.querySelector('.live-old')")

    def wait(self, condition):
        self.page.wait_for_function(condition)


def wait_shade(panel, shade):
    panel.wait(
        "document.querySelector('canvas').getContext('2d').getImageData(5, 5, 1, 1).data[0] "
        f"=== {shade}"
    )
