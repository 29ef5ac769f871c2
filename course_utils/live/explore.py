"""A panel that computes and draws anew whenever a control moves, for quick computations."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from course_utils.live.controls import Control
from course_utils.live.painter import Shown
from course_utils.live.panel import Panel
from course_utils.live.throttle import Throttle

SLOW = 0.3  # seconds; a computation that takes longer shows "computing" as its status


class Explore(Panel):
    """The panel that `explore` makes. `state` is what was computed last."""

    def __init__(
        self,
        compute: Callable[..., Any],
        drawing: Shown,
        *,
        controls: Mapping[str, Control | Sequence[Any]],
        title: str,
    ) -> None:
        super().__init__(drawing, controls, title=title)
        self._compute = compute
        self._took = 0.0
        self._throttle = Throttle()
        self.state: Any = None

    def changed(self, name: str) -> None:
        """Compute with the new values as soon as the running computation has been drawn."""
        self._worker.submit(self._run)

    def _run(self) -> Generator[float, None, None]:
        yield self._throttle.rest()
        if self._took > SLOW:
            self.view.say("computing")
        began = time.perf_counter()
        self.view.begin_answer()
        state = self._compute(**self.settings)
        # Drawn even if a newer value waits: while a slider is dragged there always is one.
        self._draw(state)
        self.state = state
        self._took = time.perf_counter() - began
        self._throttle.drawn(self._took)
        self._succeed()
        self._rest()


def explore(
    compute: Callable[..., Any],
    drawing: Shown,
    *,
    controls: Mapping[str, Control | Sequence[Any]],
    title: str = "",
) -> Explore:
    """Compute and draw anew whenever a control moves; the newest values win.

    Args:
        compute: ``compute(**settings)`` -> state, in well under a second; the settings are the
            values of `controls`, by name.
        drawing: draws what `compute` returns: a list of parts, or a `plots.PartsBoard` of them.
        controls: by name, each a list of values, a `slider(...)` or a `choice(...)`.
        title: what the panel is about, read out by screen readers.

    Errors in the first state fail the cell; later ones are shown in the panel.
    """
    panel = Explore(compute, drawing, controls=controls, title=title or "Explore")
    panel.start()
    return panel
