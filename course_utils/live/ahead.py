"""Draw the states next to the one on show while a panel rests, so that the browser has them."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from itertools import islice

from course_utils.live.controls import Control
from course_utils.live.idle import idle
from course_utils.live.undisturbed import logger
from course_utils.live.view import View
from course_utils.live.worker import Worker
from course_utils.plots.figures import Picture

LONGEST = 0.1  # seconds; what is asked for, or a cell, may have to wait so long
BUSY = 10  # times as long a state may take on a busy computer, or if it waits for something
REST = 0.1  # seconds after an answer, before which a drag would go on
AROUND = 20  # states that are drawn ahead of one
MOST = 2 * AROUND  # that the browser keeps

Indices = dict[str, int]
Key = frozenset[tuple[str, int]]


class Ahead:
    """The pictures that a panel has drawn ahead, which its browser shows without asking.

    `draw(indices)` computes a state and paints it; `failed` is told of errors in sending it.
    """

    def __init__(
        self,
        draw: Callable[[Indices], Picture],
        controls: Mapping[str, Control],
        view: View,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._draw, self._controls, self._view = draw, controls, view
        self._worker = Worker(failed)
        # The rest is changed with the view's lock held, in which messages come and go.
        self._sent: set[Key] = set()
        self._near = ""  # the control that the pointer or the keyboard came to last
        self._age = 0  # raised when pictures that are being drawn become untrue
        self._closed = False
        self.possible = idle.watch_cells(self)  # or it could be done beside a running cell

    def __contains__(self, indices: Indices) -> bool:
        return frozenset(indices.items()) in self._sent

    def near(self, control: str, held: int) -> None:
        """The pointer or the keyboard has come to a control, in a browser that holds so many."""
        with self._view.lock:
            if held == 0:
                self._sent.clear()
            self._near = control

    def begin(self, computing: float, *, rest: float = REST) -> None:
        """Draw what is next to the present settings, if somebody is near, until `stop`.

        `computing`: the seconds that the state on show took; nothing slow is computed ahead.
        """
        with self._view.lock:
            if self._near and computing <= LONGEST and not self._closed:
                self._worker.submit(lambda: self._run(rest))

    def stop(self) -> None:
        """Draw no more for now."""
        self._worker.cancel()

    def close(self, timeout: float | None = None) -> None:
        """Draw no more at all; with a timeout, wait until the picture in progress is drawn."""
        with self._view.lock:
            self._closed = True
            self._age += 1
            self._worker.cancel()
        if timeout is not None:
            self._worker.wait(timeout)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until all is drawn. False if `timeout` seconds did not suffice."""
        return self._worker.wait(timeout)

    def forget(self) -> None:
        """Stop, and drop all pictures: a cell may change what a computation depends on."""
        with self._view.lock:
            self._worker.cancel()
            self._age += 1
            if self._sent:
                self._sent.clear()
                self._view.forget_ahead()

    def _run(self, rest: float) -> Generator[float, None, None]:
        yield rest
        for indices in self._wanted():
            # A busy computer makes no state slow, so the thread's own time counts first.
            began, worked = time.perf_counter(), time.thread_time()
            with idle.spare() as allowed:
                if not allowed or self._closed:
                    return
                self._send(indices)
            worked, took = time.thread_time() - worked, time.perf_counter() - began
            if worked > LONGEST or took > BUSY * LONGEST:
                return
            yield 0.0

    def _wanted(self) -> list[Indices]:
        """The settings to draw now; the browser drops others if it would hold too many."""
        here = {name: control.index for name, control in self._controls.items()}
        # The present one too, for the way back.
        around = [here, *islice(neighbors(here, self._controls, self._near), AROUND)]
        with self._view.lock:
            wanted = [indices for indices in around if indices not in self]
            if len(self._sent) + len(wanted) > MOST:
                kept = [indices for indices in around if indices in self]
                self._sent = {frozenset(indices.items()) for indices in kept}
                self._view.forget_ahead(kept)
        return wanted

    def _send(self, indices: Indices) -> None:
        age = self._age
        try:
            picture = self._draw(indices)
        except (Exception, SystemExit):
            # Whoever asks for this setting gets the error, so it is not shown.
            logger.info("settings %s cannot be drawn ahead", indices, exc_info=True)
            return
        with self._view.lock:
            if age == self._age:
                self._view.push_ahead(indices, picture)
                self._sent.add(frozenset(indices.items()))


def neighbors(here: Indices, controls: Mapping[str, Control], first: str) -> Iterator[Indices]:
    """Settings in which one control stands elsewhere: those of `first`, then the others, from
    near to far."""
    places = [
        (name != first, abs(index - here[name]), name, index)
        for name, control in controls.items()
        for index in range(len(control.options))
        if index != here[name]
    ]
    for _, _, name, index in sorted(places):
        yield {**here, name: index}
