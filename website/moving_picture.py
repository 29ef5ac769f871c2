"""The README's pictures of a panel, taken from its page: one that moves, and one that stands still.

python3 start.py site 02                              first, the page
.venv/bin/python -m website.moving_picture            then, its pictures
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.browser import find_chromium, open_browser
from course_utils.plots.figures import with_few_colors
from website.execute import ROOT

PAGE = ROOT / "build" / "site" / "02_l1_l2.html"
PANEL = '[data-panel="02_l1_l2/panel-lambda"]'
FOLDER = ROOT / "notebooks" / "figures"
WIDTH, HEIGHT = 1280, 900  # of the window
STILL = 4  # the slider's place in the picture that stands still: λ = 0.003, the best
TURN_MS, REST_MS = 700, 2500  # how long a frame stays, and the last one
TIMES = 4  # it moves; then it rests, for what moves for ever is hard to read beside


def frames(page: Path) -> Iterator[bytes]:
    """The panel at each value of its slider, from the first to the last, as PNG."""
    chromium = find_chromium()
    if chromium is None:
        raise FileNotFoundError("there is no Chromium on this computer; COURSE_CHROMIUM names one")
    with open_browser(chromium) as browser:
        tab = browser.new_context(
            offline=True, color_scheme="light", viewport={"width": WIDTH, "height": HEIGHT}
        ).new_page()
        tab.goto(page.as_uri())
        panel = tab.locator(PANEL)
        panel.scroll_into_view_if_needed()
        panel.locator("canvas[aria-label]").wait_for()
        slider = panel.locator(".live-slider input").first
        slider.press("Home")
        for value in range(int(str(slider.get_attribute("max"))) + 1):
            if value:
                slider.press("ArrowRight")
            slider.evaluate("(slider) => slider.blur()")  # no ring around it in the picture
            yield panel.locator(".live-panel").screenshot()


def write_moving(pictures: list[bytes], path: Path) -> None:
    """Write `pictures` as one that moves, as WebP without loss."""
    first, *others = (with_few_colors(picture).convert("RGB") for picture in pictures)
    buffer = io.BytesIO()
    first.save(
        buffer, "WEBP", save_all=True, append_images=others, lossless=True, method=6, loop=TIMES,
        duration=[TURN_MS] * len(others) + [REST_MS],
    )  # fmt: skip
    path.write_bytes(buffer.getvalue())


def main() -> int:
    """Take the pictures; the exit code."""
    if not PAGE.is_file():
        print(f"There is no {PAGE}. Build it first: python3 start.py site 02", file=sys.stderr)
        return 1
    taken = list(frames(PAGE))
    write_moving(taken, FOLDER / "lambda_panel.webp")
    with_few_colors(taken[STILL]).save(FOLDER / "lambda_panel.png", optimize=True)
    print(f"Written: lambda_panel.webp, {len(taken)} frames, and lambda_panel.png, in {FOLDER}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
