"""Panels made of parts: what a learner writes, what trains again, what is drawn and said."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from course_utils import live, panels, plots
from course_utils.panels import penalties

WAIT = 60.0

pytestmark = pytest.mark.usefixtures("closing")


class Dot(plots.Part):
    """A dot at the slider's value, in words of its own."""

    def draw(self, ax: Any, at: live.At) -> None:
        ax.set(xlim=(0, 3), ylim=(0, 3))
        self.dot = self.line("o")

    def update(self, at: live.At) -> None:
        self.dot.set_data([at.value], [at.result])

    def say(self, at: live.At) -> str:
        return f"{at.value} of {at.settings.get('unit', 'nothing')}, run {at.result}"


class Counted:
    """A training that counts how often it has run, and with which settings."""

    def __init__(self) -> None:
        self.runs: list[Any] = []

    def __call__(self, **settings: Any) -> Iterator[int]:
        self.runs.append(settings)
        yield len(self.runs)
        yield len(self.runs)


def test_what_only_chooses_what_is_shown_trains_nothing() -> None:
    train = Counted()
    controls = {"noise": [0.0, 0.2], "unit": live.choice(["apples", "pears"], trains=False)}
    panel = live.sweep(train, [Dot()], name="p", values=[1, 2], controls=controls)
    assert panel.text == "1 of apples, run 1"
    panel.controls["unit"].value = "pears"
    panel.wait(WAIT)
    assert panel.text == "1 of pears, run 1"
    panel.controls["p"].value = 2
    assert panel.text == "2 of pears, run 1"  # every page shows it
    panel.controls["noise"].value = 0.2
    panel.wait(WAIT)
    assert panel.text == "2 of pears, run 2"
    panel.controls["unit"].value = "apples"
    panel.controls["noise"].value = 0.0  # trained before, and drawn before as well
    panel.wait(WAIT)
    assert panel.text == "2 of apples, run 1"
    assert train.runs == [{"noise": 0.0}, {"noise": 0.2}]
    assert panel.result == 1


def test_a_training_goes_on_while_what_is_shown_changes() -> None:
    train = Counted()
    steps: list[int] = []

    def slowly(noise: float) -> Iterator[int]:
        if panel is not None:
            yield from train(noise=noise)
            panel.controls["unit"].value = "pears"
            yield 7
            steps.append(panel.view.newest["indices"]["unit"])
            yield 7
        yield 7

    panel = None
    controls = {"noise": [0.0, 0.2], "unit": live.choice(["apples", "pears"], trains=False)}
    panel = live.sweep(slowly, [Dot()], name="p", values=[1, 2], controls=controls)
    panel.controls["noise"].value = 0.2
    panel.wait(WAIT)
    assert train.runs == [{"noise": 0.2}]  # it was not begun anew
    assert steps == [1]  # and its picture showed the change, pears, while it trained
    assert panel.text == "1 of pears, run 7"


def test_parts_share_an_axes_and_their_sentences_follow_the_boards() -> None:
    board = plots.PartsBoard([[Dot(), Dot()], Dot()], say=lambda at: f"p = {at.value}")
    picture = board.picture(live.At(2, 0, 1, [1, 2], {}))
    assert picture.alt == "p = 1; 1 of nothing, run 2; 1 of nothing, run 2; 1 of nothing, run 2"
    assert len(board.figure.axes) == 2
    assert len(board.artists) == 3 + 2  # and of each axes the marks for what is off its scale


def test_a_part_draws_from_back_to_front_and_asks_for_a_new_background() -> None:
    class Layered(plots.Part):
        def draw(self, ax: Any, state: Any) -> None:
            self.curve_ = self.curve("--", color="black", label="a")
            self.mark = self.line("o", zorder=5)
            self.guide_ = self.guide()

        def update(self, state: float) -> None:
            self.curve_.show([0, 1], [[state, state], [1, 2]])
            if state > 0.5:
                self.ax.set_ylim(0, 10)
                self.redraw_background()

    part = Layered()
    board = plots.PartsBoard([part])
    board.update(0.0)
    assert part.artists == [part.curve_.band, part.curve_.line, part.guide_, part.mark]
    assert board.background == 0
    board.update(1.0)
    assert board.background == 1
    assert part.curve_.line.get_ydata().tolist() == [1.0, 1.5]


def test_axes_that_follow_the_state_are_drawn_again_only_when_they_change() -> None:
    class Grown(plots.Part):
        grid = False

        def draw(self, ax: Any, state: float) -> None:
            self.dot = self.line("o")

        def update(self, state: float) -> None:
            self.set_axes(xlim=(0, state), xlabel=f"up to {state:.0f}")

    part = Grown()
    board = plots.PartsBoard([part])
    backgrounds = []
    for state in (1.0, 1.0, 2.0, 1.0):
        board.update(state)
        backgrounds.append(board.background)
        assert part.ax.get_xlim() == (0, state)
        assert part.ax.get_xlabel() == f"up to {state:.0f}"
    assert backgrounds == [1, 1, 2, 3]
    assert not any(line.get_visible() for line in part.ax.get_xgridlines())
    assert not part.ax.spines["top"].get_visible()


def test_images_of_a_state_are_a_part() -> None:
    part = plots.Images(lambda state: np.full((1, 3, 2, 2), state), title="what it sees")
    board = plots.PartsBoard([part])
    board.update(0.25)
    (image,) = part.ax.get_images()
    assert image.get_array().tolist() == [[0.25, 0.25], [0.25, 0.25]]
    board.update(0.5)
    assert image.get_array().tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert part.ax.get_title() == "what it sees"


def points_of(part: Any, name: str) -> list[list[float]]:
    line = next(line for line in part.ax.get_lines() if line.get_label() == name)
    return [list(map(float, axis)) for axis in line.get_data()]


def test_named_scores_stand_against_the_values_and_what_is_missing_is_not_drawn() -> None:
    part = panels.AgainstValues(
        lambda at: at.result, {"with": (0, "-"), "without": (1, "--")}, (0, 1), "accuracy",
        describe=lambda at: f"value {at.value}",
    )  # fmt: skip
    board = plots.PartsBoard([part])
    both = {"with": np.array([[0.4, 0.6], [0.8, 0.8]]), "without": np.array([[0.1], [np.nan]])}
    picture = board.picture(live.At(both, 1, 3, [1, 3], {}, "width"))
    assert picture.alt == "value 3"
    assert points_of(part, "with") == [[1, 3], [0.5, 0.8]]
    assert points_of(part, "without") == [[1, 3], [0.1, pytest.approx(np.nan, nan_ok=True)]]
    board.update(live.At({"with": both["with"]}, 0, 1, [1, 3], {}, "width"))
    assert points_of(part, "without") == [[], []]
    assert part.ax.get_xlabel() == "width"


def test_named_scores_over_a_training_skip_what_was_not_scored() -> None:
    part = panels.OverTraining(
        lambda at: {"loss": np.array([[3.0], [np.nan], [2.0]])}, {"loss": (0, "-")}, (0, 4), "loss",
        floor=(1.0, "the lowest"), places=lambda at: [0, 10, 20], xlabel=lambda at: at.name,
    )  # fmt: skip
    plots.PartsBoard([part]).update(live.At(None, 0, 1, [1, 3], {}, "step"))
    assert points_of(part, "loss") == [[0, 20], [3, 2]]
    assert part.ax.get_xlim() == (0, 20)
    assert part.ax.get_xlabel() == "step"
    legend = [text.get_text() for text in part.ax.get_legend().get_texts()]
    assert legend == ["loss", "the lowest"]


def test_a_part_without_its_methods_is_named() -> None:
    with pytest.raises(NotImplementedError, match=r"Part must define draw\(ax, state\)"):
        plots.PartsBoard([plots.Part()]).update(0)


def test_a_tensor_of_a_stream_follows_its_control_between_steps() -> None:
    seen: list[tuple[float, float]] = []

    def train(now: live.Live) -> Iterator[float]:
        strength = now.tensor("strength")
        while True:
            before = float(strength), now.strength
            panel_control.value = 3 - panel_control.value  # moved while the step goes on
            assert (float(strength), now.strength) == before
            seen.append(before)
            yield now.strength

    class Level(plots.Part):
        def draw(self, ax: Any, state: float) -> None:
            self.dot = self.line("o")

        def update(self, state: float) -> None:
            self.dot.set_data([0], [state])

    panel_control = live.slider([1, 2])
    panel = live.stream(train, [Level()], controls={"strength": panel_control}, first=0)
    panel.step(3)
    panel.wait(WAIT)
    assert seen == [(1.0, 1), (2.0, 2), (1.0, 1), (2.0, 2)]
    assert panel.state == 2


def test_the_boundary_says_what_the_last_step_was_trained_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(penalties.decision_boundary, "FIRST", 3)
    panel = penalties.boundary()
    panel.controls["λ"].value = 3e-2
    assert panel.text.startswith("epoch 3, L2 with λ = 0:")  # nothing has been trained with it yet
    panel.step()
    panel.wait(WAIT)
    assert panel.text.startswith("epoch 4, L2 with λ = 0.03:")
    assert (panel.state.penalty, panel.state.strength) == ("L2", 3e-2)
    assert np.isfinite(panel.state.fleet.val_acc[0, :, 4]).all()
