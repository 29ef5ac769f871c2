"""The panels of all lessons, and beside each the same plot by `interact`: run in a kernel."""

import json
from collections.abc import Callable
from typing import Any

import ipywidgets
import torch
from IPython import get_ipython
from IPython.display import display

from course_utils.budget import set_training_share
from course_utils.data import Dataset, load_dataset
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.live import Explore, Panel, Stream, Sweep
from course_utils.models import MLP
from course_utils.panels import (
    augmentation,
    batchnorm,
    dropout,
    early_stopping,
    overfitting,
    penalties,
    putting_it_together,
    today,
)
from course_utils.plots import PartsBoard
from course_utils.search import Ablation

SHARE = 0.1  # of their epochs, for which panels train here: how they answer is measured


def _build(p: float) -> Run:
    model = MLP((1, 8, 8), (64, 64), 10, dropout=p)
    return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))


def _trained(data: Dataset, *ps: float) -> Fleet:
    return train_fleet(_build, data, values=ps, epochs=5, progress=False)


#: By lesson: what makes each panel, as the lesson's own cell does, from the data.
PANELS: dict[str, dict[str, Callable[[Dataset], Any]]] = {
    "01": {
        "degree": lambda data: overfitting.degree(),
        "memorize": overfitting.memorize,
        "data_and_width": lambda data: overfitting.data_and_width(load_dataset("digits")),
        "double_descent": lambda data: overfitting.double_descent(load_dataset("digits")),
    },
    "02": {
        "lambda_sweep": penalties.lambda_sweep,
        "geometry": lambda data: penalties.geometry(),
        "boundary": lambda data: penalties.boundary(),
    },
    "03": {
        "mask": dropout.mask,
        "p_sweep": dropout.p_sweep,
        "uncertainty": lambda data: dropout.uncertainty(data, _trained(data, 0, 0.1, 0.3, 0.5)),
    },
    "04": {
        "activations": lambda data: batchnorm.activations(data, torch.nn.BatchNorm1d),
        "batch_size": lambda data: batchnorm.batch_size(data, torch.nn.BatchNorm1d),
        "learning_rate": lambda data: batchnorm.learning_rate(data, torch.nn.BatchNorm1d),
    },
    "05": {
        "gallery": lambda data: augmentation.gallery(
            data, {"plain": _trained(data, 0), "with dropout": _trained(data, 0.3)}
        ),
        "strength": augmentation.strength,
        "flips": augmentation.flips,
    },
    "06": {
        "patience": early_stopping.patience,
        "which_metric": early_stopping.which_metric,
        "path": lambda data: early_stopping.path(),
    },
    "07": {
        "mixer": lambda data: putting_it_together.mixer(
            Ablation(lambda mix: _build(mix.get("dropout", 0)), data), {"dropout": 0.3}
        ),
        "search": putting_it_together.search,
    },
    "08": {
        "memory": lambda data: today.memory(),
        "passes": lambda data: today.passes(),
        "averaging": lambda data: today.averaging(),
        "members": lambda data: today.members(),
        "pretraining": lambda data: today.pretraining(),
    },
}


def make(lesson: str, name: str) -> tuple[Panel, str]:
    """One of the panels, shown in the calling cell, and a control of it; prints both as JSON.

    It is the control that turns the pages, else the first slider, else the first row of buttons.
    """
    data = load_dataset("digits", n_train=500, label_noise=0.2)
    with set_training_share(SHARE):
        panel: Panel = PANELS[lesson][name](data)
    sliders = [name for name, c in panel.controls.items() if c.kind == "slider"]
    moved = panel._pages or next(iter([*sliders, *panel.controls]))
    control = panel.controls[moved]
    said = {
        "title": panel.view.title, "kind": type(panel).__name__.lower(), "name": moved,
        "control": control.kind, "options": len(control.options), "index": control.index,
    }  # fmt: skip
    print(json.dumps(said))
    return panel, moved


def states(panel: Panel, name: str) -> Callable[[int], Any]:
    """What `panel` draws when its control `name` stands at an index, found as it finds it."""
    if isinstance(panel, Sweep):
        result, settings = panel.result, panel.settings
        return lambda index: panel._at(result, index, settings)
    if isinstance(panel, Explore):
        compute, settings, options = panel._compute, panel.settings, panel.controls[name].options
        return lambda index: compute(**{**settings, name: options[index]})
    if isinstance(panel, Stream):
        steps = panel._states
        return lambda index: next(steps)
    raise TypeError(f"a panel must be a Sweep, an Explore or a Stream, got {type(panel).__name__}")


def interact_with(panel: Panel, name: str) -> None:
    """The plot of `panel` as `interact` shows it: a new figure at each step of control `name`.

    Each step of a training is taken by moving the slider. The panel itself is of no use any more.
    Prints, as JSON, where the slider stands.
    """
    control = panel.controls[name]
    state, board = states(panel, name), panel._painter.drawing
    panel.close()
    panel.wait()
    if not isinstance(board, PartsBoard):
        raise TypeError(f"a panel must show a PartsBoard, got {type(board).__name__}")
    width, height = board.figure.get_size_inches()
    place: Any = board.axes[0].get_subplotspec()
    grid = place.get_gridspec()
    get_ipython().run_line_magic("matplotlib", "inline")  # how a figure is shown

    def draw(index: int) -> None:
        new = PartsBoard(
            board._places, rows=grid.nrows, widths=grid.get_width_ratios(), width=width,
            height=height,
        )  # fmt: skip
        new.update(state(index))
        display(new.figure)

    print(json.dumps({"index": control.index}))
    options = [(label, index) for index, label in enumerate(control.labels)]
    slider = ipywidgets.SelectionSlider(options=options, value=control.index, description=name)
    ipywidgets.interact(draw, index=slider)
