"""Executes notebooks in place and writes them so that the next execution changes little.

Run by `python3 start.py notebooks`, inside `.venv`. What is written holds no timing, no state of
widgets and no paths of this computer; where a widget was shown, its picture stays.
"""

import copy
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

CELL_TIMEOUT_S = 300
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE_INFO = {"name": "python"}
KEPT_CELL_METADATA = ("tags", "nbgrader")


def execute(path: Path) -> float:
    """Execute one notebook from top to bottom and write it back, cleaned; seconds taken.

    PyTorch gets one thread, so that numbers do not depend on how many cores there are. The file is
    left alone if a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors only
        resources={"metadata": {"path": str(path.parent)}},
    )
    # Sums in another order have other last digits, and lessons print some of them.
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    start = time.perf_counter()
    client.execute(env=environment)
    seconds = time.perf_counter() - start
    write(clean(notebook), path)
    return seconds


def write(notebook: NotebookNode, path: Path) -> None:
    """Replace the file at once, so that an interruption leaves the old one or the new one."""
    nbformat.validate(notebook)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    os.replace(partial, path)


def clean(notebook: NotebookNode) -> NotebookNode:
    """A copy without what differs between computers and between runs. Cell ids stay."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata = NotebookNode(kernelspec=KERNELSPEC, language_info=LANGUAGE_INFO)
    for cell in notebook.cells:
        kept = {name: cell.metadata[name] for name in KEPT_CELL_METADATA if name in cell.metadata}
        cell.metadata = NotebookNode(kept)
        if cell.cell_type == "code":
            cell.outputs = clean_outputs(cell.outputs)
    return notebook


def clean_outputs(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """Outputs of one cell: streams joined, widgets replaced by their pictures, errors short."""
    cleaned: list[NotebookNode] = []
    for output in outputs:
        last = cleaned[-1] if cleaned else None
        if output.output_type == "stream":
            # The kernel cuts a stream into pieces by the clock.
            if last is not None and last.output_type == "stream" and last.name == output.name:
                last.text += output.text
            else:
                cleaned.append(output)
        elif output.output_type == "error":
            output.traceback = [f"{output.ename}: {output.evalue}"]
            cleaned.append(output)
        elif keep_picture(output):
            if output.metadata.get("image/png", {}).get("alt"):
                output.data.pop("text/html", None)  # the same picture once more
            cleaned.append(output)
    for output in cleaned:
        if output.output_type == "stream":
            output.text = overwritten(output.text)
    return cleaned


def keep_picture(output: NotebookNode) -> bool:
    """Remove the widget from an output; False if nothing worth keeping is left."""
    if output.data.pop(WIDGET_VIEW, None) is None:
        return True
    output.metadata.pop(WIDGET_VIEW, None)
    # A widget's text is its constructor call; what its picture shows says more.
    output.data.pop("text/plain", None)
    for kind in output.data:
        alt = output.metadata.get(kind, {}).get("alt")
        if alt:
            output.data["text/plain"] = alt
            break
    return bool(output.data)


def overwritten(text: str) -> str:
    """What a terminal shows after carriage returns: the last state of each line."""
    return re.sub(r"[^\n]*\r(?!\n)", "", text.replace("\r\n", "\n"))


def find(names: Sequence[str], folder: Path) -> list[Path]:
    """Notebooks by path, by name or by the beginning of their name; all of the folder for none."""
    if not names:
        return sorted(folder.glob("*.ipynb"))
    found: list[Path] = []
    for name in names:
        path = Path(name)
        matches = [path] if path.suffix == ".ipynb" else sorted(folder.glob(f"{name}*.ipynb"))
        if not matches or not matches[0].is_file():
            there = ", ".join(sorted(item.stem for item in folder.glob("*.ipynb"))) or "none yet"
            raise SystemExit(f"There is no notebook '{name}'. In {folder.name}/: {there}.")
        found += matches
    return found


def main(names: Sequence[str]) -> int:
    """Execute the notebooks named; the number of those that failed."""
    failed = 0
    for path in find(names, Path("notebooks")):
        print(f"{path.stem:<28} ", end="", flush=True)
        try:
            seconds = execute(path)
        except (CellExecutionError, CellTimeoutError) as error:
            failed += 1
            print(f"failed, the file is as it was\n{error}", flush=True)
        else:
            print(f"{seconds:5.1f} s  {path.stat().st_size / 1000:5.0f} kB", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
