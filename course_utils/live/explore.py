"""A panel that computes and draws anew whenever a control moves, for quick computations.

While the pointer or the keyboard is near its controls and the panel rests, it draws the settings
next to the present one ahead, and the browser shows those without asking.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from course_utils.live.ahead import Ahead, Indices
from course_utils.live.controls import Control
from course_utils.live.idle import idle
from course_utils.live.painter import Shown
from course_utils.live.panel import Panel
from course_utils.live.throttle import Throttle
from course_utils.plots.figures import Picture

SHOWN = 0.15  # seconds; the browser shows the answer already, and a drag may go on
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
        self._took = self._computing = 0.0
        self._throttle = Throttle()
        self._ahead = Ahead(self._picture_of, self.controls, self.view, self._fail)
        self.view.ahead = self._ahead.possible
        self.state: Any = None

    def changed(self, name: str) -> None:
        """Compute with the new values as soon as the running computation has been drawn."""
        self._ahead.stop()
        self._worker.submit(self._run)

    def near(self, control: str, held: int) -> None:
        """Draw ahead, now that the pointer or the keyboard has come to a control."""
        self._ahead.near(control, held)
        if not self._worker.busy:
            self._ahead.begin(self._computing, rest=0.0)

    def close(self) -> None:
        """Stop all work and remove the panel from the page."""
        self._ahead.close()
        super().close()

    def discard(self) -> None:
        """Close the panel, once the picture in progress is drawn, and free what it has computed."""
        self._ahead.close(2.0)
        super().discard()

    def _run(self) -> Generator[float, None, None]:
        shown = {name: control.index for name, control in self.controls.items()} in self._ahead
        yield SHOWN if shown else self._throttle.rest()
        if self._took > SLOW:
            self.view.say("computing")
        with idle.asked():
            began = time.perf_counter()
            indices = self.view.begin_answer()
            state = self._compute(**self._settings_at(indices))
            self._computing = time.perf_counter() - began
            # Drawn even if a newer value waits: while a slider is dragged there always is one.
            self._draw(state)
            self.state = state
            self._took = time.perf_counter() - began
        self._throttle.drawn(self._took)
        self._succeed()
        self._rest()
        self._ahead.begin(self._computing)

    def _settings_at(self, indices: Indices) -> dict[str, Any]:
        return {name: c.options[indices[name]] for name, c in self.controls.items()}

    def _picture_of(self, indices: Indices) -> Picture:
        return self._painter.paint(self._compute(**self._settings_at(indices)))


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
            values of `controls`, by name. If it is quick it is also called between two cells for
            settings that are next to the present ones, so that they are shown at once.
        drawing: draws what `compute` returns: a list of parts, or a `plots.PartsBoard` of them.
        controls: by name, each a list of values, a `slider(...)` or a `choice(...)`.
        title: what the panel is about, read out by screen readers.

    Errors in the first state fail the cell; later ones are shown in the panel.
    """
    panel = Explore(compute, drawing, controls=controls, title=title or "Explore")
    panel.start()
    return panel
