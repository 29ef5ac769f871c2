"""A lesson in a real JupyterLab, looked at and moved as a student with a keyboard would."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from axe_playwright_python.sync_playwright import Axe

from tests.lab_panels import Seen
from tests.needed_cells import needed_cells

ROOT = Path(__file__).resolve().parents[1]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTHS = (1366, 1024, 390)
TALLEST = 600  # pixels of a panel at the first width: it is to be seen as a whole
LONGEST_RUN_S = 900  # of a whole lesson, on a busy computer
PATIENCE_MS = 120_000

#: What a course shows. The rest of the page is JupyterLab's own.
OURS = ".live-panel, .predict, .jp-RenderedMarkdown, .jp-OutputArea-output"


def copy_lesson(name: str, folder: Path, share: float, *, whole: bool = True) -> str:
    """A copy of lesson `name` in `folder`, whose panels train `share` of their epochs; not `whole`:
    without the code that no panel needs."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    if not whole:
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        opening = [i for i, cell in enumerate(code) if cell.id.startswith("panel-")]
        needed = [code[i] for i in needed_cells([cell.source for cell in code], [], opening)]
        notebook.cells = [c for c in notebook.cells if c.cell_type != "code" or c in needed]
    if share < 1:
        first = f"from course_utils.budget import set_training_share\nset_training_share({share});"
        notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    for figure in (ROOT / "notebooks/figures").iterdir():
        (folder / "figures").mkdir(exist_ok=True)
        (folder / "figures" / figure.name).write_bytes(figure.read_bytes())
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return f"{name}.ipynb"


@contextmanager
def open_page(chrome: Any) -> Iterator[tuple[Any, list[str]]]:
    """A page of a fresh profile, and what goes wrong in it from now on."""
    wrong: list[str] = []
    context = chrome.new_context(viewport={"width": WIDTHS[0], "height": 768})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: wrong.append(f"a script failed: {error}"))
    page.on("console", lambda said: said.type == "error" and wrong.append(f"console: {said.text}"))
    yield page, wrong
    context.close()


def use_theme(page: Any, theme: str) -> None:
    """Change JupyterLab's colors to "light" or "dark"."""
    change = "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })"
    page.evaluate(change, THEMES[theme])
    page.wait_for_function(
        "(light) => document.body.dataset.jpThemeLight === light",
        arg="true" if theme == "light" else "false",
    )


def panels(page: Any) -> list[Seen]:
    """The lesson's panels, from the first to the last."""
    shown = page.locator(".live-panel").all()
    return [Seen(page, str(panel.get_attribute("aria-label"))) for panel in shown]


def unmoved(panel: Seen) -> Iterator[str]:
    """Move every control by the keyboard alone; yields what changes nothing, in words."""
    root = panel.root
    root.scroll_into_view_if_needed()
    panel.wait_rest()
    buttons = root.locator(".live-buttons button").count() > 0
    for control in root.locator(".live-slider input, .live-choice input:checked").all():
        name, slider = control.get_attribute("data-key"), control.get_attribute("type") == "range"
        options = int(control.get_attribute("max") or 0) + 1 if slider else 2
        last = slider and control.input_value() == str(options - 1)
        control.focus()
        # A neighbor may well give the same picture, and one of all options must give another. What
        # is trained step by step may only say that the new setting waits for Step.
        away, back = ("ArrowLeft", "ArrowRight") if last else ("ArrowRight", "ArrowLeft")
        count = 0
        while count < options - 1:
            count += 1
            if panel.press_until_new(away, words=buttons):
                break
        else:
            if options > 1:
                yield f"{name} changes nothing"
        for _ in range(count):
            panel.page.keyboard.press(back)
        panel.wait_rest()
    if buttons:
        for name in ("Step", "Play"):
            root.get_by_role("button", name=name, exact=True).focus()
            if not panel.press_until_new("Space"):
                yield f"{name} changes nothing"
        panel.page.keyboard.press("Space")
        panel.wait_doing("^paused")
    elif root.locator(".live-play").count():
        root.locator(".live-slider input").first.press("Home")
        root.locator(".live-play").focus()
        if not panel.press_until_new("Enter"):
            yield "the play button turns no page"
        panel.page.keyboard.press("Enter")
    yield from unreached(panel)


def unreached(panel: Seen) -> Iterator[str]:
    """Which control the Tab key does not reach, and whether it leaves the panel behind them."""
    controls = panel.root.locator("[data-key]:not([disabled])")
    controls.first.focus()
    found = set()
    for _ in range(controls.count() + 2):
        focused = panel.root.locator(":focus")
        if not focused.count():
            break
        found.add(focused.get_attribute("data-key"))
        panel.page.keyboard.press("Tab")
    else:
        yield "the Tab key does not leave the panel"
    # Of a choice one option is reached, and the arrow keys go to the others.
    stops = panel.root.locator("[data-key]:not([disabled]):not([type=radio]:not(:checked))")
    for stop in stops.all():
        if (name := stop.get_attribute("data-key")) not in found:
            yield f"the Tab key does not reach {name}"


def misplaced(panel: Seen, width: int) -> Iterator[str]:
    """What of a panel cannot be seen in a window of that width."""
    panel.root.scroll_into_view_if_needed()
    box, canvas = panel.root.bounding_box(), panel.root.locator("canvas").bounding_box()
    if box is None or canvas is None or min(canvas["width"], canvas["height"]) < 100:
        yield f"{width} wide: no picture is visible"
        return
    if width == WIDTHS[0] and box["height"] > TALLEST:
        yield f"{width} wide: {box['height']:.0f} pixels tall, over {TALLEST}"
    if box["x"] < 0 or box["x"] + box["width"] > width:
        yield f"{width} wide: it goes beyond the window"
    cut = panel.root.evaluate(
        """(root) => {
            const edge = Math.min(innerWidth, root.getBoundingClientRect().right) + 1;
            return [...root.querySelectorAll(".live-controls *, .live-text p:not(.live-ghost)")]
                .filter((part) => part.getBoundingClientRect().right > edge)
                .map((part) => part.className || part.tagName);
        }"""
    )
    if cut:
        yield f"{width} wide: cut off: {', '.join(cut)}"
    if not panel.root.locator("canvas").get_attribute("aria-label"):
        yield "the picture has no words for those who cannot see it"


def inaccessible(page: Any) -> tuple[list[str], list[str]]:
    """Serious and critical findings of axe-core: those in what the course shows, and the others."""
    found = Axe().run(page, options={"preload": False}).response["violations"]
    ours, others = [], []
    for rule in found:
        if rule["impact"] not in ("serious", "critical"):
            continue
        for node in rule["nodes"]:
            where = node["target"][-1]
            said = f"{rule['id']}: {node['html'][:120]}"
            inside = page.evaluate(
                "([where, ours]) => !!document.querySelector(where)?.closest(ours)", [where, OURS]
            )
            (ours if inside else others).append(said)
    return ours, others


def unexported(
    lab: Any, chrome: Any, file: str, panels: int, *, cells: str = "[id^='cell-id=panel-']"
) -> Iterator[str]:
    """What is missing from the HTML that JupyterLab makes of a saved notebook, when offline."""
    html = lab.read("GET", f"nbconvert/html/{file}")
    context = chrome.new_context(offline=True)
    page = context.new_page()
    page.set_content(html, wait_until="load")
    pictures = page.locator(".jp-OutputArea-output img")
    shown = pictures.evaluate_all(
        "(all) => all.filter((img) => img.alt && img.naturalWidth > 300).length"
    )
    if shown < pictures.count():
        yield f"exported as HTML: {pictures.count() - shown} pictures are missing or have no words"
    kept = page.locator(f"{cells} .jp-OutputArea-output img").count()
    if kept != panels:
        yield f"exported as HTML: there are pictures of {kept} of {panels} panels"
    context.close()
