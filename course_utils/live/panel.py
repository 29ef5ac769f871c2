"""The base class of the live panels: controls, a picture with a line of text, a worker, errors."""

import re
import traceback
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from course_utils.live.controls import Control, make_controls
from course_utils.live.display import Output
from course_utils.live.painter import Painter, Shown
from course_utils.live.view import View
from course_utils.live.worker import Worker
from course_utils.plots.figures import Picture
from course_utils.plots.value_axis import format_value
from course_utils.tracebacks import shortened

# The attributes that hold what a panel has trained or computed, or a training that is paused.
TRAINED = ("result", "first_result", "state", "_kept", "_results", "_states")

_panels: "weakref.WeakSet[Panel]" = weakref.WeakSet()


def open_panels() -> "list[Panel]":
    """The panels of this process that have not been closed, in no particular order."""
    return list(_panels)


class Panel:
    """A picture that follows its controls. Made by `sweep`, `explore` or `stream`.

    Attributes:
        controls: the controls by name; set `.value` of one and the panel follows, browser or not.
        error: what the last run raised, or None. It is shown in the panel, and `wait` raises it.
    """

    def __init__(
        self,
        drawing: Shown,
        controls: Mapping[str, Control | Sequence[Any]],
        *,
        pages: str | None = None,
        title: str = "",
    ) -> None:
        self.controls = make_controls(controls)
        self.error: BaseException | None = None
        self._pages = pages
        self._in_cell = False
        self._painter = Painter(drawing)
        self._worker = Worker(self._fail)
        self._picture = Picture(b"", "")
        count = len(self.controls[pages].options) if pages else 1
        self._pictures: list[Picture | None] = [None] * count
        self.view = View(
            title=title,
            controls=[c.spec(name, pages=name == pages) for name, c in self.controls.items()],
            indices={name: c.index for name, c in self.controls.items()},
            pages=[None] * count,
        )
        self._output = Output(self.view, self._snapshot, self.discard)
        self.view.observe(self._follow_view, "indices")
        self.view.on_msg(self._receive)
        for name, control in self.controls.items():
            control.observe(partial(self._follow_control, name), "index")
        _panels.add(self)

    @property
    def image(self) -> bytes:
        """The picture that the controls ask for now, as PNG bytes (the newest one drawn)."""
        return (self._pictures[self._page] or self._picture).png

    @property
    def text(self) -> str:
        """The line under the picture, which describes it in words."""
        return (self._pictures[self._page] or self._picture).alt

    @property
    def status(self) -> str:
        """What the panel is doing now; empty when it rests."""
        return str(self.view.status)

    @property
    def settings(self) -> dict[str, Any]:
        """The values of the controls by name, except the slider that only turns pages."""
        return {name: c.value for name, c in self.controls.items() if name != self._pages}

    def start(self) -> None:
        """Do the first run in the calling cell, so that the notebook keeps its last picture.

        The panel is shown as soon as there is a picture. An error in this run or its drawing fails
        the cell as any error does; once the panel is on the page, it shows the error as well.
        """
        self._in_cell = True
        self._output.replace()
        try:
            with closing(self._run()) as steps:
                for _ in steps:
                    if self._picture.png:
                        self._output.show_once()
        except KeyboardInterrupt as interrupt:
            self.error = interrupt
            where = re.sub("^(training|paused): ", "at ", self.status)
            stopped = " ".join(filter(None, ("stopped", where))) + "; run the cell again"
            self.stopped("the training was stopped")
            self.view.say(stopped)
            raise KeyboardInterrupt(stopped) from None
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._in_cell = False

    def wait(self, timeout: float | None = 60.0) -> None:
        """Block until the panel has drawn what its controls ask for.

        Raises the error of the run, if there was one, or TimeoutError after `timeout` seconds.
        """
        if not self._worker.wait(timeout):
            raise TimeoutError(
                f"the panel was not done after {timeout:g} s (its status: {self.status!r}); "
                "pass a longer timeout, or pause it"
            )
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Stop all work and remove the panel from the page."""
        self._worker.cancel()
        self.view.layout.close()
        self.view.close()
        _panels.discard(self)

    def discard(self) -> None:
        """Close a panel whose cell has been run again, and free what it has trained.

        IPython keeps the value of each cell for ever, so without this every run would cost memory.
        """
        self.close()
        self._worker.wait(2.0)
        self._picture = Picture(self.image, self.text)
        self._pictures[:] = [None] * len(self._pictures)
        self._painter.release()
        self.view.forget_pages()
        for name in TRAINED:
            vars(self).pop(name, None)

    def __getattr__(self, name: str) -> Any:
        if name in TRAINED:
            raise AttributeError(
                f"this panel has no {name} any more, because its cell has been run again; "
                "use the panel of the new run"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def changed(self, name: str) -> None:
        """Called when control `name` has a new value."""

    def pressed(self, name: str) -> None:
        """Called when button `name` was pressed."""

    def near(self, control: str, held: int) -> None:
        """Called when the pointer or the keyboard comes to a control; see `Ahead.near`."""

    def stopped(self, why: str) -> None:
        """Called when a run was interrupted or has failed; `why` says which, in words."""

    def _run(self) -> Generator[float, None, None]:
        """The panel's job for the `Worker`, which brings the picture in line with the controls."""
        raise NotImplementedError(f"{type(self).__name__} must define _run")

    def _ipython_display_(self) -> None:
        self._output.show_as_value()

    @property
    def _page(self) -> int:
        return self.controls[self._pages].index if self._pages else 0

    def _snapshot(self) -> tuple[Picture, str]:
        settings = [f"{c.label}: {format_value(c.value)}" for c in self.controls.values()]
        return Picture(self.image, self.text), " · ".join(settings)

    def _draw(self, state: Any, page: int = 0, *, said: str = "") -> None:
        """Draw `state` and show it as page `page`, with `said` in place of its own text."""
        picture = self._painter.paint(state)
        if said:
            picture = replace(picture, alt=said)
        self._put(page, picture)

    def _put(self, page: int, picture: Picture) -> None:
        """Show `picture` as page `page`."""
        self._pictures[page] = picture
        if page == self._page:
            self._picture = picture
        self.view.push_page(page, picture)

    def _rest(self) -> None:
        """Say that the picture is final, and keep it in the running cell."""
        if self._in_cell:
            self._keep_in_cell()
        self.view.say()

    def _keep_in_cell(self) -> None:
        """Let the notebook keep the present pages and the picture on show."""
        self.view.keep_pages()
        self._output.show()

    def _fail(self, error: BaseException) -> None:
        self.error = error
        self.stopped("the training was stopped by an error")
        self.view.say()
        message = "".join(traceback.format_exception_only(error)).strip()
        where = shortened(error.__traceback__) or error.__traceback__
        self.view.report(message, "".join(traceback.format_tb(where)))

    def _succeed(self) -> None:
        self.error = None
        self.view.report("")

    def _follow_control(self, name: str, change: Any) -> None:
        self.view.indices = {**self.view.indices, name: change.new}
        self.changed(name)

    def _follow_view(self, change: Any) -> None:
        for name, index in change.new.items():
            if name in self.controls:
                self.controls[name].index = index

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        if content.get("type") == "press":
            self.pressed(str(content.get("name")))
        elif content.get("type") == "near":
            self.near(str(content.get("name")), int(content.get("held")))
