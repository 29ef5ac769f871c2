"""Controls of a panel: one value out of several, chosen with a slider or with a row of buttons."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import traitlets

from course_utils.plots.value_axis import format_value


class Control(traitlets.HasTraits):
    """One value out of `options`. Set `.value` (or `.index`) and the panel follows.

    The panel's view draws the control, but it works without a browser too. In a `sweep`,
    ``trains=False`` means that the control only chooses what is shown of the trained models.
    """

    value = traitlets.Any()
    index = traitlets.Int()

    def __init__(
        self,
        options: Sequence[Any],
        *,
        label: str = "",
        start: Any = None,
        near: float | None = None,
        kind: Literal["slider", "choice"] = "slider",
        say: Callable[[Any], str] = format_value,
        trains: bool = True,
    ) -> None:
        if len(options) == 0:
            raise ValueError(
                f"control {label!r} must have at least one option, got none; pass e.g. [0, 0.1]"
            )
        super().__init__()
        self.options = tuple(options)
        self.label = label
        self.kind = kind
        self.trains = trains
        self.labels = [say(option) for option in self.options]
        self.index = 0 if start is None else self._find(start)
        if near is not None:
            if start is not None:
                raise ValueError(
                    f"{label or 'a control'} begins at start={start!r} or near={near}, got both; "
                    "leave one of them out"
                )
            self.index = min(range(len(options)), key=lambda i: abs(options[i] - near))
        self.value = self.options[self.index]

    def _find(self, value: Any) -> int:
        for index, option in enumerate(self.options):
            if _same(option, value):
                return index
        raise ValueError(
            f"{self.label or 'value'} must be one of {', '.join(self.labels)}, got {value!r}"
        )

    @traitlets.validate("value")
    def _check_value(self, proposal: Any) -> Any:
        return self.options[self._find(proposal.value)]

    @traitlets.validate("index")
    def _check_index(self, proposal: Any) -> int:
        if not 0 <= proposal.value < len(self.options):
            raise ValueError(
                f"index of {self.label or 'a control'} must be from 0 to "
                f"{len(self.options) - 1}, got {proposal.value}"
            )
        return int(proposal.value)

    @traitlets.observe("value")
    def _follow_value(self, change: Any) -> None:
        self.index = self._find(change.new)

    @traitlets.observe("index")
    def _follow_index(self, change: Any) -> None:
        self.value = self.options[change.new]

    def spec(self, name: str, *, pages: bool) -> dict[str, Any]:
        """What the view needs to draw the control; `pages`: whether it turns the panel's pages."""
        return {
            "name": name,
            "label": self.label or name,
            "kind": self.kind,
            "labels": self.labels,
            "pages": pages,
        }


def slider(
    options: Sequence[Any],
    *,
    label: str = "",
    start: Any = None,
    near: float | None = None,
    say: Callable[[Any], str] = format_value,
    trains: bool = True,
) -> Control:
    """A slider over `options`, in the order given.

    Args:
        options: the values to choose from, at least one.
        label: the name on the screen; by default the name of the control in the panel.
        start: the option chosen at first; by default the first one.
        near: instead of `start`, a number: the option nearest to it is chosen at first.
        say: ``say(option)`` -> the text beside the slider.
        trains: False if it only chooses what is shown, so that a `sweep` need not train again.

    Raises:
        ValueError: there are no options, `start` is not one of them, or `near` is given besides.
    """
    return Control(
        options, label=label, start=start, near=near, kind="slider", say=say, trains=trains
    )


def choice(
    options: Sequence[Any],
    *,
    label: str = "",
    start: Any = None,
    near: float | None = None,
    say: Callable[[Any], str] = format_value,
    trains: bool = True,
) -> Control:
    """A row of buttons, one for each option, of which one is pressed; arguments as in `slider`."""
    return Control(
        options, label=label, start=start, near=near, kind="choice", say=say, trains=trains
    )


def make_controls(given: Mapping[str, Control | Sequence[Any]]) -> dict[str, Control]:
    """Controls by name; a plain list becomes a slider if it holds only numbers, else a choice."""
    made: dict[str, Control] = {}
    for name, control in given.items():
        if not isinstance(control, Control):
            numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in control)
            control = (slider if numbers else choice)(list(control))
        control.label = control.label or name
        made[name] = control
    return made


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=0.0)
    return bool(a == b)
