"""A lesson's still figures in a real JupyterLab: as light or as dark as the theme."""

import io

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from PIL import Image

from benchmarks import browser
from tests.lab_lesson import use_theme
from tests.lab_panels import BOARD, STREAM
from tests.widget_page import new_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIGURE = """
from course_utils.plots import new_figure, show
figure, axes = new_figure()
show(figure, "nothing but axes")
"""


def test_a_still_figure_follows_the_theme(lab, chrome):
    browser.write_notebook(lab.folder / "theme.ipynb", [BOARD, FIGURE, STREAM])
    with new_page(chrome) as page:
        browser.open_notebook(page, lab, "theme.ipynb")
        browser.run_all(page)
        figure = page.get_by_alt_text("nothing but axes")
        for theme, light in (("light", True), ("dark", False), ("light", True)):
            use_theme(page, theme)
            pixels = Image.open(io.BytesIO(figure.screenshot())).convert("L")
            assert (pixels.getpixel((5, 5)) > 200) is light
