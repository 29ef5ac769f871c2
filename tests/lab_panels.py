"""Small panels in a real JupyterLab, and how a user meets them."""

from playwright.sync_api import TimeoutError

from benchmarks import browser
from benchmarks.frames import WATCH

TRIES = 6  # to open a saved notebook, on a busy computer

BOARD = """
import time
import numpy as np
from course_utils import live, plots

class Level(plots.Board):
    def __init__(self):
        super().__init__(width=5, height=2.4)
        self.curves = self.add(plots.Curves(self.axes[0], 20, ylim=(0, 1)))

    def update(self, state):
        level, grown = self.read(state)
        curve = np.where(np.arange(21) <= grown, level, np.nan)
        self.curves.update(curve, curve / 2)

    def describe(self, state):
        return "level {:.2f}, epoch {}".format(*self.read(state))

    @staticmethod
    def read(state):
        if isinstance(state, live.At):
            return 0.2 + 0.1 * state.index + state.settings["noise"], state.result
        return state, 20
"""

SWEEP = """
def train(noise):
    for epoch in range(21):
        yield epoch
        time.sleep(0.2)

sweep = live.sweep(train, Level(), name="p", values=[0.0, 0.1, 0.2, 0.3, 0.4],
                   controls={"noise": [0.0, 0.2]}, epochs=20)
"""

EXPLORE = """
def compute(level, half):
    if level == 0.9:
        raise ArithmeticError("the level is too high")
    return level / 2 if half else level

levels = [0.3, 0.5, 0.7, 0.9]
explore = live.explore(compute, Level(), controls={"level": levels, "half": [False, True]})
"""

STREAM = """
def train(now):
    level = 0.0
    while True:
        yield level
        level = (level + now.rate) % 1

stream = live.stream(train, Level(), controls={"rate": [0.0, 0.01, 0.02]}, first=3)
"""

BUSY = """
from pathlib import Path
while not Path("go on").exists():
    time.sleep(0.05)
"""

SLIDER = ".live-slider input"


class Seen:
    """One panel on a page, as a user meets it."""

    def __init__(self, page, title):
        self.page = page
        self.title = title
        self._css = f'.live-panel[aria-label="{title}"]'
        self.root = page.locator(self._css)

    def watch(self):
        """Look at the picture's pixels in every frame from now on."""
        self.page.evaluate(WATCH, f"{self._css} .live-picture")

    def press(self, key):
        """Press a key and wait until the picture's pixels change."""
        self.page.wait_for_function("watch.seen")  # else there is nothing to tell a change from
        self.page.evaluate("watch.changes.length = 0")
        self.page.keyboard.press(key)
        self.page.wait_for_function("watch.changes.length > 0")

    @property
    def text(self):
        # Not the inner text: far below the window JupyterLab lays nothing out.
        return self.root.locator(".live-text p").first.text_content()

    @property
    def doing(self):
        return self.root.locator(".live-doing").inner_text()

    @property
    def faded(self):
        return "live-old" in self.root.get_attribute("class")

    @property
    def picture(self):
        """All its pixels, as a text."""
        canvas = self.root.locator("canvas")
        canvas.wait_for()
        return canvas.evaluate("(canvas) => canvas.toDataURL()")

    def press_until_new(self, key, *, words=False, longest_ms=8000):
        """Press a key: whether the picture changes, or at least what the panel says it does.

        A panel that is still at work after `longest_ms` is waited for.
        """
        picture, doing = self.picture, self.doing if words else None
        self.page.keyboard.press(key)
        try:
            self.page.wait_for_function(
                """([css, picture, doing]) => {
                    const root = document.querySelector(css);
                    return root.querySelector("canvas").toDataURL() !== picture ||
                        (doing !== null && root.querySelector(".live-doing").innerText !== doing);
                }""",
                arg=[self._css, picture, doing],
                timeout=longest_ms,
                polling=50,
            )
        except TimeoutError:
            self.wait_rest()
            return self.picture != picture
        return True

    def wait_rest(self, longest_ms=600_000):
        """Wait until the panel has nothing left to do."""
        self.page.wait_for_function(
            """(css) => {
                const root = document.querySelector(css);
                return /^(paused.*)?$/.test(root.querySelector(".live-doing").innerText.trim()) &&
                    !root.classList.contains("live-old");
            }""",
            arg=self._css,
            timeout=longest_ms,
            polling=100,
        )

    def wait_text(self, pattern):
        self._wait("live-text p", pattern)

    def wait_doing(self, pattern):
        self._wait("live-doing", pattern)

    def _wait(self, part, pattern):
        self.page.wait_for_function(
            "([css, pattern]) => RegExp(pattern).test(document.querySelector(css)?.textContent)",
            arg=[f"{self._css} .{part}", pattern],
        )


def open_with_widgets(page, lab, name, count):
    """Open a notebook whose `count` panels are in its file, and look at each of them.

    JupyterLab's widget manager reads the notebook's widgets after the kernel's. If the kernel says
    in between that it is connected, as it may on a busy computer, the manager takes the kernel's
    for all and says "model not found" of the others, for good; opened once more, it finds them.
    """
    for _ in range(TRIES):
        browser.open_notebook(page, lab, name)
        # What is far below the window is not drawn until somebody scrolls there.
        shown = page.wait_for_function(
            """(count) => {
                const cells = [...document.querySelectorAll(".jp-Cell")];
                window.looked = ((window.looked ?? -1) + 1) % cells.length;
                cells[window.looked].scrollIntoView();
                const notebook = document.querySelector(".jp-Notebook");
                if (notebook.textContent.includes("Error displaying widget")) return "an error";
                const shown = document.querySelectorAll(".live-panel canvas[aria-label]");
                return shown.length === count && "the panels";
            }""",
            arg=count,
            polling=100,
            timeout=60_000,
        ).json_value()
        if shown == "the panels":
            return
    raise AssertionError(f"opened {TRIES} times, a widget's model was never found")
