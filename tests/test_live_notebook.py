"""A panel in its notebook, without a browser: messages, cells run again, what the file keeps."""

import io
import json
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from course_utils import live
from course_utils.live import display as display_module
from course_utils.live.display import with_caption
from tests.small_panels import WAIT, Bar, make_stream, make_sweep


def test_messages_of_the_browser_do_what_its_controls_say(trainer, closing):
    sweep, stream = make_sweep(trainer), make_stream()
    sweep.view.set_state({"indices": {"p": 2, "noise": 1}})
    sweep.wait(WAIT)
    assert sweep.text == "p = 1.0, noise = 0.2, epoch 3"
    assert sweep.controls["noise"].value == 0.2
    press = stream.view._handle_custom_msg
    press({"type": "press", "name": "step"}, [])
    stream.wait(WAIT)
    assert stream.steps == 4
    press({"type": "press", "name": "play"}, [])
    assert stream.playing
    press({"type": "press", "name": "hidden"}, [])  # the last view has gone
    stream.wait(WAIT)
    assert not stream.playing
    press({"type": "press", "name": "reset"}, [])
    stream.wait(WAIT)
    assert stream.steps == 0


def test_values_may_be_set_from_another_thread(trainer, closing):
    panel = make_sweep(trainer)

    def elsewhere():
        panel.controls["noise"].value = 0.4
        panel.controls["p"].value = 1.0

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(WAIT)
    panel.wait(WAIT)
    assert panel.text == "p = 1.0, noise = 0.4, epoch 3"
    assert panel.view.indices == {"p": 2, "noise": 2}


def test_drive_moves_every_control_and_gives_all_back(trainer, closing):
    panel = make_sweep(trainer)
    assert live.move_every_control(panel, timeout=WAIT) == {"p": 3, "noise": 3}
    assert panel.text == "p = 0.0, noise = 0.0, epoch 3"
    assert live.move_every_control(make_stream(), timeout=WAIT)["rate"] == 3
    still = live.explore(lambda level: 0.5, Bar(), controls={"level": [1, 2]})
    assert live.move_every_control(still, timeout=WAIT) == {"level": 1}
    trainer.fail_at[0.2] = ArithmeticError("diverged")
    with pytest.raises(ArithmeticError, match="diverged"):
        live.move_every_control(make_sweep(trainer), timeout=WAIT)


def test_closed_panels_are_gone(trainer):
    panel = make_sweep(trainer)
    assert panel in live.open_panels()
    panel.close()
    assert panel not in live.open_panels()


class Shell:
    """A notebook's IPython, of which a test says which cell runs."""

    def __init__(self):
        self.kernel = self
        self.execution_count = 0
        self.cell = ""

    def get_parent(self):
        return {"metadata": {"cellId": self.cell} if self.cell else {}}

    def run(self, cell, code):
        self.cell, self.execution_count = cell, self.execution_count + 1
        return code()


@pytest.fixture
def shell(monkeypatch):
    made = Shell()
    handle = SimpleNamespace(update=lambda *_, **__: None)
    monkeypatch.setattr(display_module, "get_ipython", lambda: made)
    monkeypatch.setattr(display_module, "display", lambda *_, **__: handle)
    return made


def test_a_cell_run_again_lets_go_of_its_panel_before(trainer, closing, shell):
    old = shell.run("a", lambda: make_sweep(trainer))
    other = shell.run("b", lambda: make_stream())
    image = old.image
    new = shell.run("a", lambda: make_sweep(trainer))
    assert set(live.open_panels()) == {new, other}
    assert old.view.comm is None
    assert (old.image, old.text) == (image, "p = 0.0, noise = 0.0, epoch 3")
    assert old.view.pages == [None] * 3
    with pytest.raises(AttributeError, match="no result any more, because its cell has been run"):
        old.result  # noqa: B018
    assert new.result == {"epoch": 3, "noise": 0.0}
    shell.run("b", lambda: make_stream())
    assert other not in live.open_panels()
    with pytest.raises(AttributeError, match="'Stream' object has no attribute 'wrong'"):
        other.wrong  # noqa: B018


def test_a_panel_that_another_cell_shows_lives_on(trainer, closing, shell):
    panel = shell.run("a", lambda: make_sweep(trainer))
    shell.run("b", panel._ipython_display_)
    shell.run("a", lambda: make_sweep(trainer))
    assert panel in live.open_panels()
    shell.run("b", lambda: make_sweep(trainer))
    assert panel not in live.open_panels()


def test_panels_of_one_run_of_a_cell_live_side_by_side(trainer, closing, shell):
    both = shell.run("a", lambda: [make_sweep(trainer), make_sweep(trainer)])
    assert set(live.open_panels()) == set(both)
    shell.cell = ""  # a front end that does not name its cells
    for _ in range(2):
        shell.run("", lambda: make_sweep(trainer))
    assert len(live.open_panels()) == 4


def test_the_picture_left_behind_names_settings_and_text():
    picture = live.Painter(Bar()).paint(0.5)
    plain = Image.open(io.BytesIO(picture.png))
    captioned = Image.open(io.BytesIO(with_caption(picture, "p: 0.3 · noise: $0")))
    assert captioned.width == plain.width
    assert captioned.height > plain.height + 30
    assert np.asarray(captioned)[plain.height :].min() < 100  # there is something written


CELLS = [
    """
import numpy as np
from course_utils import live, plots

class Level(plots.Board):
    def __init__(self):
        super().__init__(width=3, height=2)
        self.curves = self.add(plots.Curves(self.axes[0], 3, ylim=(0, 1)))

    def update(self, at):
        level = at.value * at.result / 3 if isinstance(at, live.At) else at
        self.curves.update(np.full(4, level), np.full(4, level / 2))

    def describe(self, at):
        return f"epoch {at.result}" if isinstance(at, live.At) else f"level {at:.1f}"
""",
    """
sweep = live.sweep(lambda noise: range(4), Level(), name="p", values=[0.5, 1.0],
                   controls={"noise": [0.0, 0.2]}, epochs=3)
sweep
""",
    """live.explore(lambda level: level, Level(), controls={"level": [0.2, 0.4]})""",
    """
stream = live.stream(lambda now: (now.rate * i for i in range(100)), Level(),
                     controls={"rate": [0.1, 0.2]}, first=4)
""",
    """sweep""",
]


@pytest.mark.slow
def test_a_notebook_without_a_browser_keeps_finished_pictures(tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter

    monkeypatch.setenv("PYTHONPATH", str(Path(live.__file__).parents[2]))
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}},
        kernel_name="python3", store_widget_state=False,
    ).execute()  # fmt: skip
    texts = []
    for cell in notebook.cells[1:]:
        assert [output.output_type for output in cell.outputs] == ["display_data"], cell.outputs
        (output,) = cell.outputs
        assert "application/vnd.jupyter.widget-view+json" in output.data
        assert output.metadata["image/png"]["alt"]
        texts.append(output.data["text/plain"])
    assert texts == [
        "p: 0.5 · noise: 0\nepoch 3",
        "level: 0.2\nlevel 0.2",
        "rate: 0.1\nlevel 0.4",
        "p: 0.5 · noise: 0\nepoch 3",
    ]
    assert len(json.dumps(notebook)) < 200_000
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    assert 'alt="epoch 3 (p: 0.5 · noise: 0)"' in page
    assert "No description has been provided" not in page
