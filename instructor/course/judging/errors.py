"""Send errors to the other side, as the name of a built-in class and the message."""

from __future__ import annotations

from typing import Any

from instructor.course.judging.known import ERRORS
from instructor.course.judging.things import Things


class Errors:
    """The part of a peer that writes its errors, and reads the other side's."""

    things: Things
    raised: dict[str, BaseException]

    def told(self, error: BaseException) -> dict[str, Any]:
        key = getattr(error, "foreign", None)
        if key is None:
            key = f"{self.things.side}{len(self.raised)}"
            self.raised[key] = error
        kind = next((k.__name__ for k in type(error).__mro__ if k.__name__ in ERRORS), "Exception")
        if kind == "Exception":
            return {"op": "error", "kind": kind, "text": _words(error, named=True), "key": key}
        return {"op": "error", "kind": kind, "text": _words(error), "key": key}

    def error(self, body: dict[str, Any]) -> BaseException:
        key = str(body.get("key"))
        if key.startswith(self.things.side) and key in self.raised:
            return self.raised[key]  # what was raised here, and has passed through the other side
        kind, text = ERRORS.get(str(body.get("kind")), RuntimeError), str(body.get("text"))[:2000]
        try:
            made = kind(text)
        except TypeError:
            made = RuntimeError(text)
        made.foreign = key  # type: ignore[attr-defined]
        return made


def _words(error: BaseException, *, named: bool = False) -> str:
    try:
        text = str(error)
    except Exception:
        text = "an error without words"
    return f"{type(error).__name__}: {text}"[:2000] if named else text[:2000]
