"""Move every control of a panel through its range without a browser, as the tests do."""

from course_utils.live.panel import Panel
from course_utils.live.stream import Stream


def move_every_control(panel: Panel, *, most: int = 6, timeout: float = 60.0) -> dict[str, int]:
    """Set each control to up to `most` of its options, the first and the last among them, and back.

    A stream trains two steps at each option. Returns how many different pairs of picture and text
    each control gave, by name. Raises what the panel raises, and AssertionError if the picture or
    the text is empty.
    """
    seen: dict[str, int] = {}
    for name, control in panel.controls.items():
        before = control.index
        last = len(control.options) - 1
        places = sorted({round(i * last / max(most - 1, 1)) for i in range(most)})
        shown = set()
        for place in places:
            control.index = place
            if isinstance(panel, Stream):
                panel.step(2)
            panel.wait(timeout)
            if not panel.image or not panel.text:
                raise AssertionError(
                    f"{name} = {control.labels[place]}: there is no picture or text"
                )
            shown.add((panel.image, panel.text))
        seen[name] = len(shown)
        control.index = before
        panel.wait(timeout)
    return seen
