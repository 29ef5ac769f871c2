"""Small panels for tests without a browser: a drawing, and a training that can be held back."""

import threading
from dataclasses import dataclass, field

import numpy as np

from course_utils import live, plots

WAIT = 20.0  # seconds after which a test that hangs fails


class Bar(plots.Board):
    """A curve and a text: enough to see a state."""

    def __init__(self):
        super().__init__(width=3, height=2)
        self.curves = self.add(plots.Curves(self.axes[0], 3, ylim=(0, 1)))
        self.note = self.add(plots.Text(self.axes[0]))

    def update(self, state):
        level = float(state)
        self.curves.update(np.full((2, 4), level), np.full((2, 4), level / 2))
        self.note.update(f"{level:.2f}")

    def describe(self, state):
        return f"level {float(state):.2f}"


class AtBar(Bar):
    """The same, for the states of a sweep: value + noise, growing with the epoch."""

    def update(self, at):
        super().update(self.level(at))

    def describe(self, at):
        return f"p = {at.value}, noise = {at.settings.get('noise')}, epoch {at.result['epoch']}"

    @staticmethod
    def level(at):
        grown = at.result["epoch"] / 3
        return grown * (0.2 + 0.5 * at.value + 0.3 * at.settings.get("noise", 0))


@dataclass
class Trainer:
    """A training whose steps a test can hold back, and which counts what happened to it."""

    runs: list = field(default_factory=list)  # the settings of each run
    ended: list = field(default_factory=list)  # (noise, "done" or "cancelled")
    gates: dict = field(default_factory=dict)  # by noise: the run waits here after epoch 0
    reached: dict = field(default_factory=dict)  # by noise: set when the run waits
    fail_at: dict = field(default_factory=dict)  # by noise: what to raise

    def __call__(self, noise=0.0):
        self.runs.append(noise)
        how = "cancelled"
        try:
            for epoch in range(4):
                yield {"epoch": epoch, "noise": noise}
                if noise in self.fail_at:
                    raise self.fail_at[noise]
                if noise in self.gates:
                    self.reached[noise].set()
                    assert self.gates[noise].wait(WAIT)
            how = "done"
        finally:
            self.ended.append((noise, how))

    def hold(self, noise):
        self.gates[noise], self.reached[noise] = threading.Event(), threading.Event()


def make_sweep(trainer, **more):
    return live.sweep(
        trainer, AtBar(), name="p", values=[0.0, 0.5, 1.0],
        controls={"noise": [0.0, 0.2, 0.4]}, epochs=3, **more,
    )  # fmt: skip


def counting(settings):
    level = 0.0
    while True:
        yield level
        level += settings.rate


def make_stream(train=counting, **more):
    more = {"first": 3, "steps_per_second": 1000.0, **more}
    return live.stream(train, Bar(), controls={"rate": [0.01, 0.02, 0.05]}, **more)
