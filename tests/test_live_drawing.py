"""What a panel stands on: its controls, the painter of its frames, its share of the time."""

import io

import numpy as np
import pytest
from PIL import Image

from course_utils import live
from course_utils.live.throttle import Throttle
from tests.small_panels import Bar


def test_a_control_takes_its_options_and_nothing_else():
    control = live.slider([0.0, 0.1, 0.3], label="p", start=0.1)
    assert (control.value, control.index, control.labels) == (0.1, 1, ["0", "0.1", "0.3"])
    control.value = 0.1 + 0.2  # 0.30000000000000004
    assert (control.value, control.index) == (0.3, 2)
    control.index = 0
    assert control.value == 0.0
    with pytest.raises(ValueError, match=r"p must be one of 0, 0.1, 0.3, got 0.7"):
        control.value = 0.7
    with pytest.raises(ValueError, match="from 0 to 2, got 3"):
        control.index = 3
    assert control.value == 0.0
    with pytest.raises(ValueError, match=r"p must be one of .* got 9"):
        live.slider([1, 2], label="p", start=9)
    with pytest.raises(ValueError, match="at least one option"):
        live.slider([], label="p")


@pytest.mark.parametrize(("near", "start"), [(0.5, 0.5), (0.21, 0.2), (9, 0.7), (-1, 0.0)])
def test_a_control_begins_at_the_option_nearest_to_a_number(near, start):
    for make in (live.slider, live.choice):
        control = make([0.0, 0.2, 0.5, 0.7], near=near)
        assert control.value == start
        assert control.options[control.index] == start
    with pytest.raises(ValueError, match=r"p begins at start=0.2 or near=0.5, got both; leave one"):
        live.slider([0.2, 0.5], label="p", start=0.2, near=0.5)


def test_numbers_make_a_slider_and_names_a_choice(closing):
    panel = live.explore(
        lambda a, b, c: 0.5, Bar(), controls={"a": [1, 2], "b": ["L1", "L2"], "c": [False, True]}
    )
    kinds = {name: control.kind for name, control in panel.controls.items()}
    assert kinds == {"a": "slider", "b": "choice", "c": "choice"}
    assert panel.controls["c"].labels == ["off", "on"]


def test_a_blitted_frame_is_the_picture_that_a_full_draw_gives():
    painter, board = live.Painter(Bar()), Bar()
    for state in (0.2, 0.9, 0.2):
        frame = np.asarray(Image.open(io.BytesIO(painter.paint(state).png))).astype(int)
        board.update(state)
        board.figure.canvas.draw()
        full = np.asarray(board.figure.canvas.buffer_rgba())[..., :3].astype(int)
        # Lines may lie over the axis instead of under it; nothing else differs.
        assert (np.abs(frame - full).max(axis=2) > 8).mean() < 0.005


def test_a_frame_leaves_no_trace_in_the_next():
    painter = live.Painter(Bar())
    first = painter.paint(0.2).png
    assert painter.paint(0.9).png != first
    assert painter.paint(0.2).png == first


def test_a_board_that_changes_a_title_gets_a_new_background():
    class Titled(Bar):
        def update(self, state):
            super().update(0.5)
            self.axes[0].set_title(str(state))
            self.redraw_background()

    painter = live.Painter(Titled())
    assert painter.paint(1).png != painter.paint(2).png


def test_drawing_takes_no_more_than_its_share():
    now = [0.0]
    throttle = Throttle(0.1, clock=lambda: now[0])
    assert throttle.due()
    throttle.drawn(0.02)  # a tenth of 0.2 s
    now[0] = 0.17
    assert not throttle.due()
    now[0] = 0.19
    assert throttle.due()
    throttle.drawn(1.0)  # the first draw is slow; curves must not stand still for ten seconds
    now[0] += 0.31
    assert throttle.due()
    quick = Throttle(clock=lambda: now[0])
    quick.drawn(0.001)
    now[0] += 0.03
    assert not quick.due()  # 25 a second at most
    now[0] += 0.01
    assert quick.due()
