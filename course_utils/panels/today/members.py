"""Lesson 08's panel for doubt: an ensemble against MC dropout, measured against the truth."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from course_utils.budget import budgeted
from course_utils.data.language import WORDS
from course_utils.experiments.ensembles import METHODS, Asked, ask_together
from course_utils.experiments.next_words import scored_beginnings, truth_of
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.panels import AgainstValues
from course_utils.plots import Array, Part, PartsBoard, change_text, number_text
from course_utils.plots.style import FONT_SIZE, NEUTRAL, color, legend_above, marker

BEGINNINGS, APART = 6, 3  # among which a slider chooses, and rows from one to the next
WORDS_SHOWN = 8
MOST = 4  # networks in the largest ensemble, and passes of a network with dropout
EPOCHS = (6, 14)  # after which the networks are asked
#: A method has one color and one marker in all three pictures.
LOOKS = {method: (color(i), marker(i)) for i, method in enumerate(METHODS)}


def members() -> Sweep:
    """The slider is how many answers are averaged: networks of an ensemble, or passes of one.

    The panel's `result` is an `Asked`.
    """
    ends = sorted({budgeted(count) for count in EPOCHS})

    def train() -> Iterator[Asked]:
        return ask_together(members=MOST, passes=MOST, epochs=ends)

    parts = [
        _Answer(),
        _Reliability(),
        AgainstValues(
            _excess, {method: (i, "-") for i, method in enumerate(METHODS)}, (0.2, 1.0),
            "nats above the truth",
        ),
    ]  # fmt: skip
    return sweep(
        train,
        PartsBoard(parts, width=9.8, height=3.3, widths=[1.25, 1.0, 1.0], say=_say),
        name="members",
        values=slider(range(1, MOST + 1), label="answers averaged", start=MOST),
        controls={
            "method": choice(METHODS, trains=False),
            "epochs": choice(ends, start=ends[-1], label="trained for (epochs)", trains=False),
            "beginning": slider(range(1, BEGINNINGS + 1), trains=False),
        },
        epochs=max(ends),
        title="An ensemble, and one network asked with dropout left on",
    )


def _asked(at: At) -> Asked | None:
    """The state, once it holds what is to be shown."""
    return at.result if at.settings["epochs"] in at.result.answers else None


def _excess(at: At) -> dict[str, Array]:
    epochs = at.settings["epochs"]
    if _asked(at) is None:
        return {}
    return {
        method: np.array([at.result.excess(epochs, method, count) for count in at.values])
        for method in METHODS
    }


def _chosen(at: At) -> int:
    """The row of the beginning: one of the longest after which several words are likely."""
    x = scored_beginnings()
    open_ended = (truth_of().max(1).values < 0.7).numpy()
    longest = np.argsort(-(x > 0).sum(1).numpy(), kind="stable")
    return int(longest[open_ended[longest]][APART * (at.settings["beginning"] - 1)])


class _Answer(Part):
    """The true probabilities of the next word (bars), each answer (dots) and their mean."""

    def draw(self, ax: Axes, at: At) -> None:
        ax.set(xlim=(-0.6, WORDS_SHOWN - 0.4))
        ax.set(ylim=(0, 1.02), ylabel="probability of the next word (seed 0)")
        self._bars = [
            self.moves(bar)
            for bar in ax.bar(range(WORDS_SHOWN), [0] * WORDS_SHOWN, color="#cccccc", label="truth")
        ]
        ax.plot([], [], "o", color=NEUTRAL, markersize=4, label="each answer")  # of any method
        self._dots = self.line("o", markersize=4.5, alpha=0.7)
        self._mean = self.line(
            "_", color="black", markersize=13, markeredgewidth=2, label="mean answer"
        )
        legend_above(ax)
        self._at: int | None = None

    def update(self, at: At) -> None:
        row = _chosen(at)
        truth = truth_of()[row].numpy()
        shown = np.argsort(-truth, kind="stable")[:WORDS_SHOWN]
        if row != self._at:
            self._at = row
            said = " ".join(WORDS[int(i)] for i in scored_beginnings()[row] if i)
            self.ax.set_xlabel(f"{said} ...")
            self.ax.set_xticks(
                range(WORDS_SHOWN), [WORDS[i] for i in shown], rotation=45, ha="right",
                fontsize=FONT_SIZE - 1,
            )  # fmt: skip
            self.redraw_background()
        for bar, place in zip(self._bars, shown, strict=True):
            bar.set_height(truth[place])
        state = _asked(at)
        if state is None:
            self._dots.set_data([], [])
            self._mean.set_data([], [])
            return
        method = at.settings["method"]
        answers = state.answers[at.settings["epochs"]][method]
        given = answers[: at.value, 0, row][:, shown.copy()].numpy()
        places = np.arange(WORDS_SHOWN)
        self._dots.set_data(np.tile(places, len(given)), given.ravel())
        self._dots.set_color(LOOKS[method][0])
        self._dots.set_marker(LOOKS[method][1])
        self._mean.set_data(places, given.mean(0))


class _Reliability(Part):
    """How likely the likeliest word truly is, against how sure the answer was."""

    def draw(self, ax: Axes, at: At) -> None:
        ax.set(xlim=(0, 1), ylim=(0, 1))
        ax.plot([0, 1], [0, 1], ":", color=NEUTRAL, linewidth=1.4, label="perfectly calibrated")
        ax.set(xlabel="confidence in the likeliest word", ylabel="its true probability")
        self._curves = {
            method: self.curve(color=shade, marker=mark, markersize=5, linewidth=1.7)
            for method, (shade, mark) in LOOKS.items()
        }
        legend_above(ax)

    def update(self, at: At) -> None:
        state, chosen = _asked(at), at.settings["method"]
        for method, curve in self._curves.items():
            if state is None or method != chosen:
                curve.show([], [])
                continue
            said, true, _ = state.calibration(at.settings["epochs"], chosen, at.value)
            full = np.isfinite(true).all(1)  # bins that every seed has samples in
            curve.show(said[full].mean(1), true[full])


def _say(at: At) -> str:
    state, epochs, method = _asked(at), at.settings["epochs"], at.settings["method"]
    if state is None:
        return f"training for {epochs} epochs"
    one = at.value == 1
    what = {
        "ensemble": "one network" if one else f"the mean of {at.value} networks",
        "MC dropout": f"{'one pass' if one else f'the mean of {at.value} passes'} of one network "
        "with dropout on",
    }.get(method, "that network with dropout off, which has one answer")
    scores = state.excess(epochs, method, at.value)
    error = state.calibration(epochs, method, at.value)[2]
    said = (
        f"{epochs} epochs, {what}: {number_text(scores)} nats above the "
        f"truth, calibration error {number_text(100 * error, 1)} points"
    )
    rivals = {"ensemble": ["ensemble"], "MC dropout": ["MC dropout", "dropout off"]}
    names = {"ensemble": "one network", "MC dropout": "one pass", "dropout off": "dropout off"}
    changes = [
        f"{change_text(scores, state.excess(epochs, rival, 1), 3)} against {names[rival]}"
        for rival in rivals.get(method, [])
        if at.value > 1 or rival != method
    ]
    if changes:
        said += f"; {', '.join(changes)} (nats)"
    return f"{said}; {state.seeds} paired seeds"
