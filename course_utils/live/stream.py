"""A panel that shows a training while it runs, with play, pause, step, reset and live settings."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from course_utils.live.controls import Control
from course_utils.live.painter import Shown
from course_utils.live.panel import Panel
from course_utils.live.throttle import Throttle
from course_utils.live.training_lock import (
    acquire_training_lock,
    limited_threads,
    release_training_lock,
)


class Live:
    """The values of a panel's controls, by name: ``live.lam``.

    They change only between two steps, so that a whole step and its picture use the same values.
    """

    def __init__(self, controls: Mapping[str, Control]) -> None:
        self._controls = dict(controls)
        self._tensors: dict[str, Tensor] = {}
        self.follow()

    def follow(self) -> None:
        """Take over the present values of the controls."""
        self._values = {name: control.value for name, control in self._controls.items()}
        for name, tensor in self._tensors.items():
            tensor.fill_(self._values[name])

    def tensor(self, name: str) -> Tensor:
        """The value of a control as a tensor [] that follows the control from step to step.

        Meant for the penalty of a fleet: the fleet records the penalty's operations once and then
        repeats them in every step, so that a plain number would stay as it was when recorded.
        """
        return self._tensors.setdefault(name, torch.tensor(float(getattr(self, name))))

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_values", {})
        if name.startswith("_") or name not in values:
            raise AttributeError(f"there is no control {name!r}; there are: {', '.join(values)}")
        return values[name]


Restart = Sequence[str] | Callable[[str, Live], bool]


class Stream(Panel):
    """The panel that `stream` makes.

    Attributes:
        state: what `train` yielded last.
        steps: how many steps it has trained.
        playing: whether it trains until it is paused.
    """

    def __init__(
        self,
        train: Callable[[Live], Iterable[Any]],
        drawing: Shown,
        *,
        controls: Mapping[str, Control | Sequence[Any]],
        restart: Restart,
        first: int,
        steps_per_second: float,
        title: str,
    ) -> None:
        super().__init__(drawing, controls, title=title)
        self.live = Live(self.controls)
        self.state: Any = None
        self.steps = 0
        self.playing = False
        self._train = train
        self._restart = restart
        self._period = 1 / steps_per_second
        self._states: Iterator[Any] = iter(())
        self._restarting = True  # whether to begin anew before the next step
        self._steps_to_do = first  # even while it is not playing
        self._throttle = Throttle()
        self._undrawn = False  # whether `state` is newer than the picture
        self._show_buttons()

    def play(self) -> None:
        """Train until `pause` is called or `train` ends."""
        self.playing = True
        self._go()

    def pause(self) -> None:
        """Stop after the step that runs now."""
        self.playing, self._steps_to_do = False, 0
        self._go()

    def step(self, count: int = 1) -> None:
        """Train `count` more steps."""
        self._steps_to_do += count
        self._go()

    def reset(self) -> None:
        """Begin anew with the present settings; if it was playing, it plays on."""
        self._restarting, self._steps_to_do = True, 0
        self._go()

    def changed(self, name: str) -> None:
        """Begin the training anew if `restart` says so; else the next step reads the new value."""
        restart = self._restart
        if restart(name, Live(self.controls)) if callable(restart) else name in restart:
            self.reset()
        else:
            self._tell()

    def pressed(self, name: str) -> None:
        """Play or pause, step or reset; pause when the last view of the panel has gone."""
        if name == "play":
            (self.pause if self.playing else self.play)()
        elif name == "step":
            self.step()
        elif name == "reset":
            self.reset()
        elif name == "hidden":  # the last view has gone
            self.pause()

    def _go(self) -> None:
        self._show_buttons()
        self._worker.submit(self._run)

    def _run(self) -> Generator[float, None, None]:
        with limited_threads():
            try:
                if self._restarting:
                    yield from self._begin()
                while self.playing or self._steps_to_do > 0:
                    began = time.perf_counter()
                    yield from self._one_step()
                    yield from self._rest_until(began + self._period)
            except (Exception, KeyboardInterrupt):
                self.playing, self._steps_to_do, self._restarting = False, 0, True
                self._show_buttons()
                raise
            finally:
                self._draw_newest()
        if self._in_cell:
            self._keep_in_cell()
        self._tell()

    def _begin(self) -> Generator[float, None, None]:
        close = getattr(self._states, "close", None)
        if close is not None:
            close()
        self.live = Live(self.controls)
        self._states = iter(self._train(self.live))
        self._restarting, self.steps, self.state = False, -1, None
        self._steps_to_do += 1  # the state before the first step
        yield from self._one_step()
        self._draw_newest()
        self._succeed()

    def _one_step(self) -> Generator[float, None, None]:
        yield from acquire_training_lock()
        self.view.begin_answer()
        try:
            self.live.follow()
            state = next(self._states, None)
        finally:
            release_training_lock()
        self._steps_to_do = max(0, self._steps_to_do - 1)
        if state is None:
            self.playing, self._steps_to_do = False, 0
            self._show_buttons()
            return
        self.state, self.steps, self._undrawn = state, self.steps + 1, True
        if self._throttle.due():
            self._draw_newest()

    def _rest_until(self, end: float) -> Generator[float, None, None]:
        """Rest between two steps, but draw the newest state as soon as a draw is due."""
        if self._undrawn and time.perf_counter() + self._throttle.rest() < end:
            yield self._throttle.rest()
            self._draw_newest()
        yield max(0.0, end - time.perf_counter())

    def _draw_newest(self) -> None:
        if self._undrawn:
            self._undrawn = False
            began = time.perf_counter()
            self._draw(self.state)
            self._tell()
            self._throttle.drawn(time.perf_counter() - began)

    def _tell(self) -> None:
        # A control may move on another thread while the worker says what it has done. Whichever of
        # the two comes last then says it of the controls as they stand.
        with self.view.lock:
            self.view.say(self._doing())

    def _doing(self) -> str:
        step = f"step {max(self.steps, 0)}"
        if self.playing or self._steps_to_do:
            return f"training: {step}"
        pending = "" if self.view.answered else "; your change takes effect at the next step"
        return f"paused: {step}{pending}"

    def _show_buttons(self) -> None:
        self.view.buttons = [
            {"name": "play", "label": "Pause" if self.playing else "Play", "pressed": self.playing},
            {"name": "step", "label": "Step", "pressed": False},
            {"name": "reset", "label": "Reset", "pressed": False},
        ]


def stream(
    train: Callable[[Live], Iterable[Any]],
    drawing: Shown,
    *,
    controls: Mapping[str, Control | Sequence[Any]],
    restart: Restart = (),
    first: int = 60,
    steps_per_second: float = 50.0,
    title: str = "",
) -> Stream:
    """Show a training while it runs, with buttons to play, pause, step and reset.

    Args:
        train: ``train(live)`` -> states, the first before any training, e.g. a generator that
            yields after each epoch. ``live.lam`` is the value of control "lam" in that step, so a
            change takes effect at the next one. If the picture shows a setting, yield it as part
            of the state: ``yield fleet, live.lam``.
        drawing: draws a state: a list of parts, or a `plots.PartsBoard` of them.
        controls: by name, each a list of values, a `slider(...)` or a `choice(...)`.
        restart: names of the controls that begin the training anew, or a function
            ``restart(name, live) -> bool`` that decides it whenever control `name` moves.
        first: how many steps the cell itself trains, so that a saved notebook shows them.
        steps_per_second: an upper limit on the speed.
        title: what the panel is about, read out by screen readers.

    Errors in the first steps fail the cell; later ones are shown in the panel.
    """
    panel = Stream(
        train, drawing, controls=controls, restart=restart, first=first,
        steps_per_second=steps_per_second, title=title or "Training",
    )  # fmt: skip
    panel.start()
    return panel
