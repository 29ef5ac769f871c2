"""`start.py notebooks`: executed in place, and written so that the next time changes little."""

from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.tooling.notebooks import (
    KERNELSPEC,
    WIDGET_VIEW,
    clean,
    clean_outputs,
    execute,
    find,
    main,
    overwritten,
)

SHOW_BOTH = """\
from IPython.display import display
display({"image/png": "iVBORw0KGgo=", "text/html": '<img alt="two curves" src="data:...">',
         "text/plain": "Box(...)", %r: {"model_id": "1"}},
        metadata={"image/png": {"alt": "two curves"}}, raw=True)"""


def save(path: Path, *sources: str, **metadata: object) -> Path:
    cells = [new_markdown_cell("# Title", id="title")]
    cells += [new_code_cell(source, id=f"step-{i}") for i, source in enumerate(sources, 1)]
    notebook = new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, path)
    return path


def stream(text: str, name: str = "stdout") -> NotebookNode:
    return new_output("stream", name=name, text=text)


@pytest.mark.slow
def test_a_second_execution_changes_no_byte(tmp_path: Path) -> None:
    path = save(
        tmp_path / "01_lesson.ipynb",
        "import os\nprint(1, flush=True)\nprint(2)",
        SHOW_BOTH % WIDGET_VIEW,
        "os.path.exists('01_lesson.ipynb')",
        widgets={"state": 1},
        kernelspec={"name": "python3", "display_name": "mine", "language": "python"},
    )
    execute(path)
    first = path.read_bytes()
    execute(path)
    assert path.read_bytes() == first

    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in notebook.cells] == ["title", "step-1", "step-2", "step-3"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert [cell.metadata for cell in code] == [{}, {}, {}]
    assert notebook.metadata == {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    assert code[0].outputs == [stream("1\n2\n")]
    assert code[1].outputs[0].data == {"image/png": "iVBORw0KGgo=", "text/plain": "two curves"}
    assert code[2].outputs[0].data == {"text/plain": "True"}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_numbers_do_not_depend_on_how_many_cores_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    path = save(tmp_path / "01_lesson.ipynb", "import torch\nprint(torch.get_num_threads())")
    execute(path)
    assert nbformat.read(path, as_version=4).cells[1].outputs[0].text == "1\n"


@pytest.mark.slow
def test_a_failing_cell_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notebooks").mkdir()
    path = save(tmp_path / "notebooks" / "01_lesson.ipynb", "print(1)", "1 / 0")
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    assert main(["01"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert path.read_bytes() == before
    with pytest.raises(CellExecutionError):
        execute(path)


def test_cleaning_keeps_tags_and_ids_and_leaves_the_original() -> None:
    cell = new_code_cell("1 / 0", id="a-mistake", metadata={"tags": ["raises-exception"]})
    cell.metadata["execution"] = {"iopub.status.busy": "2026"}
    cell.outputs = [
        new_output(
            "error", ename="ZeroDivisionError", evalue="division", traceback=["/home/ann/x.py"]
        )
    ]
    notebook = new_notebook(cells=[cell])
    cleaned = clean(notebook).cells[0]
    assert cleaned.id == "a-mistake"
    assert cleaned.metadata == {"tags": ["raises-exception"]}
    assert cleaned.outputs[0].traceback == ["ZeroDivisionError: division"]
    assert "execution" in cell.metadata


def test_a_widget_without_a_picture_leaves_nothing() -> None:
    widget = new_output("display_data", {WIDGET_VIEW: {}, "text/plain": "IntSlider(value=3)"})
    assert clean_outputs([widget]) == []


def test_a_figure_keeps_its_own_text() -> None:
    figure = new_output("display_data", {"image/png": "x", "text/plain": "<Figure>"})
    assert clean_outputs([figure]) == [figure]


def test_pieces_of_a_stream_are_joined_but_not_with_the_other_stream() -> None:
    pieces = [stream("a"), stream("b\n"), stream("!", "stderr"), stream("c")]
    assert [item.text for item in clean_outputs(pieces)] == ["ab\n", "!", "c"]


@pytest.mark.parametrize(
    ("printed", "left"),
    [
        ("10%\r50%\rdone\n", "done\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("kept\n1\r2", "kept\n2"),
        ("plain\n", "plain\n"),
    ],
)
def test_carriage_returns_leave_the_last_state(printed: str, left: str) -> None:
    assert overwritten(printed) == left


def test_notebooks_are_found_by_number_name_and_path(tmp_path: Path) -> None:
    paths = [save(tmp_path / name) for name in ("01_overfitting.ipynb", "02_l1_l2.ipynb")]
    assert find([], tmp_path) == paths
    assert find(["02"], tmp_path) == paths[1:]
    assert find(["01_overfitting"], tmp_path) == paths[:1]
    assert find([str(paths[1])], tmp_path) == paths[1:]
    with pytest.raises(SystemExit, match=r"no notebook '09'.*01_overfitting, 02_l1_l2"):
        find(["09"], tmp_path)
    with pytest.raises(SystemExit, match="no notebook"):
        find(["notebooks/no.ipynb"], tmp_path)
