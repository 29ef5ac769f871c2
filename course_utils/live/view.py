"""The panel's view in the browser: controls, a picture, a line of text, progress, an error.

Pictures travel as PNG in `pages`. A slider marked with `pages` turns them in the browser alone,
so it answers while the kernel is busy, and after the kernel has gone.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import anywidget
import traitlets

from course_utils.live.scripts import WEB, bundle
from course_utils.plots.figures import Picture


class View(anywidget.AnyWidget):
    """The panel's widget (see web/view.js). It knows nothing about training or plots."""

    _esm = bundle("view.js")
    _css = (WEB / "view.css").read_text(encoding="utf-8")

    title = traitlets.Unicode("").tag(sync=True)
    controls: Any = traitlets.List().tag(sync=True)  # of Control.spec
    # The chosen option of each control, by name. Not echoed: the browser that moved a slider
    # already has its position.
    indices = traitlets.Dict().tag(sync=True, echo_update=False)
    # Each is None or {"png": bytes, "text": str, "indices": the `indices` that it was drawn for,
    # "asked": the count of requests when it was begun}.
    pages: Any = traitlets.List().tag(sync=True)
    newest = traitlets.Dict().tag(sync=True)  # the page pushed last, with its run and its index
    buttons: Any = traitlets.List().tag(sync=True)  # of {"name", "label", "pressed"}
    status = traitlets.Unicode("").tag(sync=True)
    progress = traitlets.Float(-1.0).tag(sync=True)  # 0 to 1; below 0 there is nothing to show
    # The browser counts its requests in `asked`; the kernel copies the count to `heard` when it
    # has received them.
    asked = traitlets.Int(0).tag(sync=True, echo_update=False)
    heard = traitlets.Int(0).tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    trace = traitlets.Unicode("").tag(sync=True)
    ahead = traitlets.Bool(False).tag(sync=True)  # whether pages may be drawn ahead
    frozen = traitlets.Bool(False).tag(sync=True)  # true in the copy a notebook keeps
    uid = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        # Messages from the browser and pictures from a worker come on different threads.
        self.lock = threading.RLock()
        # When the newest value was sent, and the thread that took it; by browser and trait.
        self._taken: dict[tuple[Any, str], tuple[datetime, int]] = {}
        super().__init__(**traits)
        self._run = 0
        self._answered: dict[str, int] = {}  # the `indices` that pictures are now drawn for
        self._asked = 0  # how many requests had come when they were read
        self.uid = self.model_id or ""

    def _handle_msg(self, msg: Any) -> None:
        with self.lock:
            self._forget_overtaken(msg)
            super()._handle_msg(msg)

    def _forget_overtaken(self, msg: Any) -> None:
        """Remove from a message what a later one of the same browser has set already.

        While a cell runs, ipykernel may handle messages on two threads, and so in another order
        than they were sent in; a slider would go back to where it was on its way. On one thread
        they are in order, and a clock that was put back does no harm.
        """
        header, data = msg.get("header", {}), msg["content"]["data"]
        sent, here = header.get("date"), threading.get_ident()
        if data.get("method") != "update" or not isinstance(sent, datetime):
            return
        for name in list(data["state"]):
            key = header.get("session"), name  # another browser's clock may be wrong
            newest, there = self._taken.get(key, (sent, here))
            if there != here and sent < newest:
                del data["state"][name]
            else:
                self._taken[key] = sent, here

    @traitlets.observe("asked")
    def _hear(self, change: Any) -> None:
        self.heard = change.new

    def begin_answer(self) -> dict[str, int]:
        """Mark the pictures drawn from now on as answers to the present position of the controls.

        Until the first such picture arrives, the browser fades the old one. Returns the position.
        """
        with self.lock:
            self._answered, self._asked = dict(self.indices), self.asked
            return dict(self._answered)

    @property
    def answered(self) -> bool:
        """Whether the newest picture answers the controls as they stand now."""
        return self.indices == self._answered

    def forget_pages(self) -> None:
        """Drop all pages, because they belong to earlier settings; the picture on show stays."""
        with self.lock:
            self._run += 1
            self.pages[:] = [None] * len(self.pages)
            # Sent to the browser too, which drops its pages. Without this, publishing the same
            # pages again would not count as a change there, and they would stay dropped.
            self.send_state("pages")

    def push_page(self, index: int, picture: Picture) -> None:
        """Send one new page to the browser, without sending the others again."""
        with self.lock:
            page = self._page(picture)
            self.pages[index] = page  # changed in place, and so not sent
            self.newest = {**page, "index": index, "run": self._run}

    def publish_pages(self, pictures: Sequence[Picture]) -> None:
        """Replace all pages by the final ones, in the widget's state as well."""
        with self.lock:
            self.pages[:] = [self._page(picture) for picture in pictures]
            self.keep_pages()

    def keep_pages(self) -> None:
        """Send all present pages, so that those pushed one by one become part of the state."""
        with self.lock:
            self.send_state("pages")

    def _page(self, picture: Picture) -> dict[str, Any]:
        return {
            "png": picture.png, "text": picture.alt, "indices": self._answered,
            "asked": self._asked,
        }  # fmt: skip

    def push_ahead(self, indices: dict[str, int], picture: Picture) -> None:
        """Send a page that the browser shows, without asking, once the controls stand so.

        It is no part of the widget's state, which a notebook may keep.
        """
        content = {"type": "ahead", "indices": indices, "text": picture.alt}
        with self.lock:
            self.send(content, [picture.png])

    def forget_ahead(self, kept: Sequence[dict[str, int]] = ()) -> None:
        """Let the browser drop the pages that were drawn ahead, except those of `kept` settings."""
        with self.lock:
            self.send({"type": "forget", "kept": list(kept)})

    def say(self, status: str = "", progress: float = -1.0) -> None:
        """Show a status, and a bar at `progress` in [0, 1]; no bar if `progress` is below 0."""
        with self.lock, self.hold_sync():
            self.status = status
            self.progress = progress

    def report(self, error: str, trace: str = "") -> None:
        """Show an error and its traceback under the picture; an empty `error` removes it."""
        with self.lock, self.hold_sync():
            self.error = error
            self.trace = trace
