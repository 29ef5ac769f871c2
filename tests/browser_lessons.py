"""Every lesson in a real JupyterLab: `python -m tests.browser_lessons [NN ...] [--shots FOLDER]`.

Each is run whole in a fresh profile, all its panels are moved by the keyboard, looked at in both
themes and three widths, and judged by axe-core; then the notebook is saved, exported and opened
again. A lesson takes minutes, so that the ordinary tests do this with the panels of one of them.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import browser
from tests import lab_lesson
from tests.lab_lesson import THEMES, WIDTHS
from tests.lab_panels import Seen, open_with_widgets

SHOTS_VARIABLE = "COURSE_SCREENSHOTS"


def findings(
    lab: Any,
    chrome: Any,
    name: str,
    shots: Path | None = None,
    share: float = 1.0,
    *,
    whole: bool = True,
) -> Iterator[str]:
    """What is wrong with lesson `name` in JupyterLab, in words; `shots`: where pictures go."""
    file = lab_lesson.copy_lesson(name, lab.folder, share, whole=whole)
    with lab_lesson.open_page(chrome) as (page, wrong):
        browser.open_notebook(page, lab, file)
        browser.run_all(page, lab_lesson.LONGEST_RUN_S)
        panels = lab_lesson.panels(page)
        for panel in panels:
            yield from (f"{panel.title!r}: {said}" for said in lab_lesson.unmoved(panel))
        for theme in THEMES:
            lab_lesson.use_theme(page, theme)
            yield from views(page, panels, name, theme, shots)
        texts = [panel.text for panel in panels]
        page.wait_for_timeout(1500)  # a panel keeps its copy a second after it came to rest
        browser.command(page, "docmanager:save")
        yield from wrong
    lab.stop_kernels()
    yield from lab_lesson.unexported(lab, chrome, file, len(texts))
    with lab_lesson.open_page(chrome) as (page, wrong):
        open_with_widgets(page, lab, file, len(texts))
        for panel, text in zip(lab_lesson.panels(page), texts, strict=True):
            if panel.text != text:
                yield f"opened again: {panel.title!r} says {panel.text!r} in place of {text!r}"
        if page.get_by_text("Error displaying widget").count():
            yield "opened again: a widget's model is not found"
        # Said on the console before JupyterLab has read the file; what the page shows is judged.
        yield from (said for said in wrong if "widget model not found" not in said)
    lab.stop_kernels()


def views(
    page: Any, panels: Sequence[Seen], name: str, theme: str, shots: Path | None
) -> Iterator[str]:
    """What is wrong with the sight of a lesson in one theme, in all widths."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        page.wait_for_timeout(500)  # JupyterLab lays its cells out anew
        for panel in panels:
            for said in lab_lesson.misplaced(panel, width):
                yield f"{panel.title!r}: {said}"
            if shots is not None:
                words = re.sub(r"\W+", "-", panel.title)[:40].strip("-")
                panel.root.screenshot(path=shots / f"{name[:2]} {words} {theme} {width}.png")
    page.set_viewport_size({"width": WIDTHS[0], "height": 768})
    ours, others = lab_lesson.inaccessible(page)
    yield from (f"{theme}: axe-core: {said}" for said in ours)
    for said in sorted(set(others)):
        print(f"  JupyterLab's own: {said}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Look at the lessons named; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser_lessons", description=__doc__)
    parser.add_argument("numbers", nargs="*", help="of lessons, e.g. 02 (default: all)")
    parser.add_argument(
        "--shots", type=Path, default=os.environ.get(SHOTS_VARIABLE) or None,
        help=f"a folder for a picture of each panel (default: the variable {SHOTS_VARIABLE})",
    )  # fmt: skip
    parser.add_argument(
        "--share", type=float, default=1.0, help="of their epochs, for which panels train"
    )
    chosen = parser.parse_args(arguments)
    names = [path.stem for path in sorted((lab_lesson.ROOT / "notebooks").glob("*.ipynb"))]
    names = [name for name in names if not chosen.numbers or name[:2] in chosen.numbers]
    if not names:
        parser.error(f"there is no lesson {' or '.join(chosen.numbers)}; name one as 02")
    chromium = browser.find_chromium()
    if chromium is None:
        parser.error("there is no Chromium on this computer: install it, or set COURSE_CHROMIUM")
    shots = Path(chosen.shots) if chosen.shots else None
    if shots is not None:
        shots.mkdir(parents=True, exist_ok=True)
    count = 0
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        browser.open_lab(Path(folder)) as lab,
        browser.open_browser(chromium) as chrome,
    ):
        for name in names:
            print(name, flush=True)
            for said in findings(lab, chrome, name, shots, chosen.share):
                count += 1
                print(f"  WRONG: {said}", flush=True)
    print(f"{count} findings in {len(names)} lessons")
    return min(count, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
