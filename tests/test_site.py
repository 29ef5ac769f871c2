"""The static site: what is drawn ahead, and how notebooks become pages."""

import base64
import io
import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from course_utils.live import explore, stream, sweep
from course_utils.plots.figures import encode_png
from tests.site_example import Number, count_up, example_pages
from website import markup
from website.ahead import drawn, places
from website.building import HEAVIEST, Address, SiteError, build
from website.execute import ROOT, Executed
from website.page import lesson_page

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


# --- drawn ahead


def test_controls_go_everywhere_if_that_is_not_too_much() -> None:
    assert len(places({"a": 3, "b": 4}, {"a": 1, "b": 2}, most=12)) == 12


def test_otherwise_one_control_moves_at_a_time() -> None:
    found = places({"a": 3, "b": 4}, {"a": 1, "b": 2}, most=11)
    assert found[0] == {"a": 1, "b": 2}
    assert len(found) == 1 + 2 + 3
    assert all(at["a"] == 1 or at["b"] == 2 for at in found)


def test_every_page_of_a_sweep_is_drawn_for_every_setting() -> None:
    panel = sweep(
        lambda factor: iter([factor]), [Number()], name="p", values=[1, 2, 3],
        controls={"factor": [10, 20]},
    )  # fmt: skip
    found = drawn(panel)
    panel.close()
    said = {(s["indices"]["p"], s["indices"]["factor"]): s["text"] for s in found["states"]}
    assert said == {(p, f): f"shows {(p + 1) * (f + 1) * 10}" for p in range(3) for f in range(2)}
    assert found["indices"] == {"p": 0, "factor": 0}
    assert (panel.controls["p"].index, panel.controls["factor"].index) == (0, 0)


def test_what_is_computed_anew_is_drawn_for_each_setting() -> None:
    panel = explore(lambda a, b: a + b, [Number()], controls={"a": [1, 2], "b": [10, 20]})
    states = drawn(panel)["states"]
    panel.close()
    assert [state["text"] for state in states] == [f"shows {n}" for n in (11, 21, 12, 22)]


def test_a_training_becomes_frames_up_to_where_the_lesson_left_it() -> None:
    panel = stream(count_up, [Number()], controls={"lam": [1]}, first=7, steps_per_second=1e6)
    found = drawn(panel)
    panel.close()
    assert found["plays"]
    assert [state["text"] for state in found["states"]] == [f"shows {n}" for n in range(8)]


def test_a_drawn_picture_has_few_colors_and_is_smaller_for_it() -> None:
    panel = explore(lambda a: a, [Number()], controls={"a": [1, 2]})
    (state, *_) = drawn(panel)["states"]
    webp = base64.b64decode(state["png"])
    picture = Image.open(io.BytesIO(webp))
    assert picture.size == Image.open(io.BytesIO(panel.image)).size
    assert len(picture.getcolors(maxcolors=256)) <= 256
    assert len(webp) < len(panel.image)
    panel.close()


# --- from notebook to page


def notebook(*cells: nbformat.NotebookNode) -> Executed:
    return Executed(nbformat.v4.new_notebook(cells=list(cells)), {}, {})


def test_formulas_need_no_script() -> None:
    html = markup.text(r"If $w_i < 0$ then" "\n\n" r"$$\sum_i |w_i| \le 1$$")
    assert html.count("<math") == 2
    assert "$" not in html


def test_what_may_be_wider_than_a_phone_can_be_moved_with_the_keyboard() -> None:
    png = encode_png(np.zeros((30, 90, 3), dtype=np.uint8))
    cell = nbformat.v4.new_code_cell("show(figure)")
    solution = "<details><summary>Show solution</summary><pre>x = 1</pre></details>"
    for data in (
        {"image/png": base64.b64encode(png).decode(), "text/plain": "two curves"},
        {"text/html": "<table><tr><td>0.5</td></tr></table>"},
        {"text/html": solution},
    ):
        cell.outputs.append(nbformat.v4.new_output("display_data", data=data))
    text = nbformat.v4.new_markdown_cell("```python\nx = 1\n```\n\n    y = 2\n")
    html = "".join(lesson_page("one", notebook(cell, text)).cells)
    assert html.count("<pre") == html.count('<pre tabindex="0"') == 4  # with the cell's own code
    assert '<div class="wide" tabindex="0"><table>' in html
    assert '<div class="wide" tabindex="0"><img' in html
    assert 'width="90" height="30" style="--width: 90px" alt="two curves"' in html


def test_printed_columns_stay_columns_and_sentences_wrap() -> None:
    assert 'class="printed columned"' in markup.printed("L2    +1.0 points\nL1     0.0 points")
    assert 'class="printed"' in markup.printed("The loss rises.\n  It is 0.5 now, and no more.")


def test_an_answer_is_folded() -> None:
    ask = nbformat.v4.new_code_cell('guess = predict("Rises?", ["yes", "no"])')
    tell = nbformat.v4.new_code_cell("guess.reveal(measured)")
    tell.outputs = [nbformat.v4.new_output("stream", text="As measured: no\n")]
    ask.id, tell.id = "ask", "tell"
    html = lesson_page("one", notebook(ask, tell)).cells[-1]
    assert '<details class="answer" data-of="ask">' in html
    assert html.index("<summary>") < html.index("As measured: no") < html.index("</details>")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_becomes_a_light_page_whose_links_lead_somewhere(
    path: Path, tmp_path: Path
) -> None:
    page = lesson_page(path.stem, Executed(nbformat.read(path, as_version=4), {}, {}))
    build([page], [path], tmp_path / "site", Address())
    html = (tmp_path / "site" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert len(html.encode()) < HEAVIEST
    assert page.title
    assert page.question
    assert all(alt for alt in _attributes(html, "alt"))
    for link in _attributes(html, "href") + _attributes(html, "src"):
        if not link.startswith(("http", "#", "data:")):
            assert (tmp_path / "site" / link.partition("#")[0]).is_file(), link
    assert "$" not in markup.plain("".join(cell for cell in page.cells if 'class="text"' in cell))


def test_nothing_of_the_instructors_part_is_in_the_site(tmp_path: Path) -> None:
    pages, paths = example_pages(tmp_path)
    build(pages, paths, tmp_path / "site", Address())
    for path in (tmp_path / "site" / "downloads").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert "BEGIN SOLUTION" not in text
        assert "BEGIN HIDDEN TESTS" not in text


def _attributes(html: str, name: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split(f' {name}="')[1:]]


# --- what goes wrong


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    path = tmp_path / "one.ipynb"
    found = notebook(nbformat.v4.new_markdown_cell("# One\n\n[there](../solutions/secret.md)"))
    nbformat.write(found.notebook, path)
    with pytest.raises(SiteError, match=r"links to '\.\./solutions/secret\.md'"):
        build([lesson_page("one", found)], [path], tmp_path / "site", Address())


def test_a_failed_build_leaves_the_old_site(tmp_path: Path) -> None:
    pages, paths = example_pages(tmp_path)
    build(pages, paths, tmp_path / "site", Address())
    before = (tmp_path / "site" / "index.html").read_bytes()
    pages[0].cells.append("x" * HEAVIEST)
    with pytest.raises(SiteError, match=r"one\.html is 3,\d{3},\d{3} bytes"):
        build(pages, paths, tmp_path / "site", Address())
    assert (tmp_path / "site" / "index.html").read_bytes() == before


def test_lessons_are_opened_where_the_repository_is() -> None:
    address = Address("https://github.com/some-one/a.course", "v2")
    found = dict(address.links("notebooks/02_l1_l2.ipynb"))
    assert found == {
        "Binder": "https://mybinder.org/v2/gh/some-one/a.course/v2?labpath=notebooks/02_l1_l2.ipynb",
        "Colab": "https://colab.research.google.com/github/some-one/a.course/blob/v2/"
        "notebooks/02_l1_l2.ipynb",
    }
    assert Address().links("notebooks/02_l1_l2.ipynb") == []


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SiteError, match=r"such as https://github\.com/OWNER/NAME, got 'here'"):
        Address("here")


def test_the_words_to_search_are_those_of_the_pages(tmp_path: Path) -> None:
    pages, paths = example_pages(tmp_path)
    build(pages, paths, tmp_path / "site", Address())
    script = (tmp_path / "site" / "sections.js").read_text(encoding="utf-8")
    sections = json.loads(script.removeprefix("window.courseSections = ").rstrip(";\n"))
    assert [section["title"] for section in sections] == ["One", "A zebra"]
