"""Lesson 07's ablation: five techniques, and what each is worth."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from course_utils.evidence import Difference
from course_utils.live import At, Control, Sweep, choice, slider, sweep
from course_utils.panels.controls import noise_choice
from course_utils.plots import (
    COLORS,
    Curves,
    Part,
    PartsBoard,
    accuracy_text,
    format_value,
    tidy,
)
from course_utils.plots.style import FONT_SIZE, NEUTRAL
from course_utils.search import (
    EARLY_STOPPING,
    TECHNIQUES,
    Ablation,
    Key,
    Mix,
    TrainingCurves,
    all_but_one,
    alone,
    training_key,
)

STRENGTHS: dict[str, tuple[float, ...]] = {
    "L2": (0, 1e-3, 3e-3),
    "dropout": (0, 0.15, 0.3),
    "augmentation": (0, 0.5, 1),
    EARLY_STOPPING: (0, 3, 10, 20),
}
WHOLE = "the whole mix"
REACH = 20  # points, to either side of 0


@dataclass(frozen=True, eq=False)
class Mixed:
    """The ablation at one label noise, with the curves that grow while a mix trains."""

    trials: Ablation
    growing: dict[Key, TrainingCurves] | None

    def seen(self, mix: Mix) -> TrainingCurves:
        """The curves of `mix`, as far as it was trained."""
        growing = (self.growing or {}).get(training_key(mix))
        return growing if growing is not None else self.trials.curves(mix)


def mixer(trials: Ablation, start: Mix) -> Sweep:
    """The panel: switch each technique on and off, set its strength, and see what it is worth.

    Args:
        trials: what was trained already is not trained again; what is new is kept in it.
        start: the mix shown first.

    The budget is the slider that needs no training, because every shorter training is the beginning
    of the long one; nor does early stopping, which only reads. All other controls train what is
    missing for the comparisons, in the background.
    """
    noises = sorted({0.0, 0.2, trials.label_noise})
    by_noise = {n: replace(trials, label_noise=n, _known={}) for n in noises}
    by_noise[trials.label_noise] = trials

    def train(noise: float, **strengths: float) -> Iterator[Mixed]:
        own, mix = by_noise[noise], {name: by for name, by in strengths.items() if by}
        for growing in own.iter_train([{}, mix, *alone(mix).values(), *all_but_one(mix).values()]):
            yield Mixed(own, growing)
        yield Mixed(own, None)

    images = len(trials.data.input_shape) == 3  # points cannot be turned or shifted
    controls = {
        name: _switch(name, start) for name in TECHNIQUES if images or name != "augmentation"
    }
    return sweep(
        train,
        PartsBoard([_Worth(), _Accuracy()], width=9.4, height=3.8, widths=[1.15, 1.0], say=_say),
        name="epochs",
        values=slider(trials.ends, label="budget, in epochs", start=trials.ends[-1]),
        controls={**controls, "noise": noise_choice(noises, trials.label_noise)},
        epochs=trials.epochs,
        title="Five techniques, and what each is worth alone, in company, and with time",
    )


def _switch(name: str, start: Mix) -> Control:
    """Buttons for a technique, beginning with its strength in `start`."""
    if name not in STRENGTHS:
        return choice((False, True), start=name in start)
    by, trains = start.get(name, 0), name != EARLY_STOPPING
    strengths = sorted({*STRENGTHS[name], by})
    return choice(strengths, start=by, say=lambda v: format_value(v) if v else "off", trains=trains)


def mix_text(mix: Mix) -> str:
    """A mix in words, e.g. "L2 0.003 + batch norm + early stopping (patience 10)"."""
    parts = []
    for name in TECHNIQUES:
        if name in mix:
            by = format_value(mix[name])
            parts.append(
                {"batch norm": name, EARLY_STOPPING: f"{name} (patience {by})"}.get(
                    name, f"{name} {by}"
                )
            )
    return " + ".join(parts) or "nothing"


def _mix(at: At) -> dict[str, float]:
    return {name: at.settings[name] for name in TECHNIQUES if at.settings.get(name)}


class _Worth(Part):
    """What each technique is worth: alone over nothing, and in the mix over the mix without it."""

    def draw(self, ax: Axes, at: At) -> None:
        tidy(ax)
        rows = [*TECHNIQUES, WHOLE][::-1]
        ax.set(xlim=(-REACH, REACH), ylim=(-0.6, len(rows) - 0.4))
        ax.set_yticks(range(len(rows)), rows, fontsize=FONT_SIZE)
        ax.set_xlabel("gain in accuracy, points")
        ax.axvline(0, color=NEUTRAL, linewidth=1)
        ax.axhline(0.5, color=NEUTRAL, linewidth=0.6)
        self._marks: dict[tuple[str, str], Any] = {}
        styles = {"alone": ("o", "white", 0.17), "in this mix": ("s", COLORS[0], -0.17)}
        for kind, (shape, fill, shift) in styles.items():
            look: dict[str, Any] = {"color": COLORS[0], "markerfacecolor": fill}
            for row, name in enumerate(rows):
                interval = self.line(color=COLORS[0], linewidth=2, zorder=1.9)
                mark = self.line(shape, markersize=7, **look)
                self._marks[kind, name] = row + shift * (name != WHOLE), interval, mark
            ax.plot([], [], shape, label=kind, **look)
        ax.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, fontsize=FONT_SIZE - 1,
            frameon=False, borderpad=0.2,
        )  # fmt: skip

    def update(self, at: At) -> None:
        """Show the gains once all is trained; what is not in the mix is not drawn."""
        mixed: Mixed = at.result
        found = {} if mixed.growing else worth(mixed.trials.within(at.value), _mix(at))
        for key, (height, interval, mark) in self._marks.items():
            gain = [found[key].low, found[key].mean, found[key].high] if key in found else []
            low_mean_high = np.clip(100 * np.array(gain), -REACH, REACH)
            interval.set_data(low_mean_high[::2], [height] * len(gain[::2]))
            mark.set_data(low_mean_high[1:2], [height] * len(gain[1:2]))


class _Accuracy(Part):
    """The curves of the mix beside those without any technique, and where the budget ends."""

    def draw(self, ax: Axes, at: At) -> None:
        trials: Ablation = at.result.trials
        ylim = 1 / trials.data.num_outputs, 1.02
        look: dict[str, Any] = {"ylim": ylim, "quantity": "accuracy"}
        self._curves = [
            self.add(Curves(ax, trials.epochs, color=color, label=label, **look))
            for color, label in ((NEUTRAL, "nothing"), (COLORS[0], "mix"))
        ]
        self._end = self.moves(ax.axvline(0, color=NEUTRAL, linewidth=1.4, alpha=0.7))
        ax.legend(
            loc="lower right", ncols=1, fontsize=FONT_SIZE - 1, frameon=False, handlelength=2.4
        )

    def update(self, at: At) -> None:
        """Show the curves as they grow."""
        mixed, mix, epoch = at.result, _mix(at), None
        self._end.set_xdata([at.value, at.value])
        if EARLY_STOPPING in mix and not mixed.growing:
            epoch = round(float(mixed.trials.within(at.value).chosen_epochs(mix).mean()))
        for curves, one, best in zip(self._curves, ({}, mix), (None, epoch), strict=True):
            record = mixed.seen(one)
            curves.update(record.train_acc, record.watched_acc, best)


def _say(at: At) -> str:
    """The mix, its accuracy and gain, and each technique's worth alone and in it."""
    mix, trials = _mix(at), at.result.trials.within(at.value)
    if at.result.growing:
        return f"{mix_text(mix)}: training what is missing for the comparisons"
    text = f"{at.value} epochs, {mix_text(mix)}: accuracy {accuracy_text(trials.accuracy(mix))}"
    if not mix:
        return f"{text}, {trials.seeds} seeds"
    found = worth(trials, mix)
    points = {key: gain.points().removesuffix(" points") for key, gain in found.items()}
    parts = [f"{name} {points['in this mix', name]} ({points['alone', name]})" for name in mix]
    gain = found["in this mix", WHOLE]
    over = "early stopping alone" if len(mix) > len(baseline(mix)) > 0 else "nothing"
    return (
        f"{text}, {gain.points()} over {over}, {gain.n} paired seeds; points over the mix without "
        f"it (alone): {', '.join(parts)}"
    )


def worth(trials: Ablation, mix: Mix) -> dict[tuple[str, str], Difference]:
    """The gains that the panel shows, by (kind, technique).

    Where the mix is stopped in time, so is what it is compared with: a technique alone is then
    worth what it adds to early stopping.
    """
    stop, found = baseline(mix), {}
    for name, rest in all_but_one(mix).items():
        found["in this mix", name] = trials.gain(mix, rest)
        by_itself = {name: mix[name]} | stop
        found["alone", name] = trials.gain(by_itself, {} if name in stop else stop)
    if mix:
        found["in this mix", "the whole mix"] = trials.gain(mix, {} if mix == stop else stop)
    return found


def baseline(mix: Mix) -> dict[str, float]:
    """What `mix` as a whole is compared with: nothing, or early stopping if it is in the mix."""
    return {name: by for name, by in mix.items() if name == EARLY_STOPPING}
