"""Lesson 07's ablation: five techniques, and what each is worth."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from course_utils import search
from course_utils.live import At, Control, Sweep, choice, slider, sweep
from course_utils.panels import noise_choice
from course_utils.plots import Curves, Part, PartsBoard, accuracy_text, format_value
from course_utils.plots.style import COLORS, FONT_SIZE, NEUTRAL, legend_above

STRENGTHS: dict[str, tuple[float, ...]] = {
    "L2": (0, 1e-3, 3e-3),
    "dropout": (0, 0.15, 0.3),
    "augmentation": (0, 0.5, 1),
    search.EARLY_STOPPING: (0, 3, 10, 20),
}
REACH = 20  # points, to either side of 0


@dataclass(frozen=True, eq=False)
class Mixed:
    """The ablation at one label noise, with the curves that grow while a mix trains."""

    trials: search.Ablation
    growing: dict[search.Key, search.TrainingCurves] | None

    def seen(self, mix: search.Mix) -> search.TrainingCurves:
        """The curves of `mix`, as far as it was trained."""
        growing = (self.growing or {}).get(search.training_key(mix))
        return growing if growing is not None else self.trials.curves(mix)


def mixer(trials: search.Ablation, start: search.Mix) -> Sweep:
    """The panel: switch each technique on and off, set its strength, and see what it is worth.

    Args:
        trials: what was trained already is not trained again; what is new is kept in it.
        start: the mix shown first.

    The budget is the slider that needs no training, because every shorter training is the beginning
    of the long one; nor does early stopping, which only reads. All other controls train what is
    missing for the comparisons, in the background.
    """
    noises = sorted({0.0, 0.2, trials.label_noise})
    by_noise = {n: trials.relabeled(n) for n in noises}
    by_noise[trials.label_noise] = trials

    def train(noise: float, **strengths: float) -> Iterator[Mixed]:
        own, mix = by_noise[noise], {name: by for name, by in strengths.items() if by}
        for growing in own.iter_train(
            [{}, mix, *search.alone(mix).values(), *search.all_but_one(mix).values()]
        ):
            yield Mixed(own, growing)
        yield Mixed(own, None)

    return sweep(
        train,
        PartsBoard([_Worth(), _Accuracy()], width=9.4, height=3.8, widths=[1.15, 1.0], say=_say),
        name="epochs",
        values=slider(trials.ends, label="budget, in epochs", start=trials.ends[-1]),
        controls={**_switches(trials, start), "noise": noise_choice(noises, trials.label_noise)},
        epochs=trials.epochs,
        title="Five techniques, and what each is worth alone, in company, and with time",
    )


def _switches(trials: search.Ablation, start: search.Mix) -> dict[str, Control]:
    """Buttons for each technique, beginning with its strength in `start`."""
    switches = {}
    for name in search.TECHNIQUES:
        if name == "augmentation" and len(trials.data.input_shape) != 3:
            continue  # points cannot be turned or shifted
        by = start.get(name, 0)
        strengths = sorted({*STRENGTHS[name], by}) if name in STRENGTHS else (False, True)
        switches[name] = choice(
            strengths, start=by if name in STRENGTHS else name in start,
            say=lambda v: format_value(v) if v else "off", trains=name != search.EARLY_STOPPING,
        )  # fmt: skip
    return switches


def mix_text(mix: search.Mix) -> str:
    """A mix in words, e.g. "L2 0.003 + batch norm + early stopping (patience 10)"."""
    forms = {"batch norm": "batch norm", "early stopping": "early stopping (patience {})"}
    parts = [
        forms.get(name, f"{name} {{}}").format(format_value(mix[name]))
        for name in search.TECHNIQUES
        if name in mix
    ]
    return " + ".join(parts) or "nothing"


def _mix(at: At) -> dict[str, float]:
    return {name: at.settings[name] for name in search.TECHNIQUES if at.settings.get(name)}


class _Worth(Part):
    """What each technique is worth: alone over nothing, and in the mix over the mix without it."""

    def draw(self, ax: Axes, at: At) -> None:
        rows = [*search.TECHNIQUES, search.WHOLE][::-1]
        ax.set(xlim=(-REACH, REACH), xlabel="gain in accuracy, points")
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.set_yticks(range(len(rows)), rows, fontsize=FONT_SIZE)
        ax.axvline(0, color=NEUTRAL, linewidth=1)
        ax.axhline(0.5, color=NEUTRAL, linewidth=0.6)
        self._marks: dict[tuple[str, str], Any] = {}
        styles = {"alone": ("o", "white", 0.17), "in this mix": ("s", COLORS[0], -0.17)}
        for kind, (shape, fill, shift) in styles.items():
            look: dict[str, Any] = {"color": COLORS[0], "markerfacecolor": fill}
            for row, name in enumerate(rows):
                interval = self.line(color=COLORS[0], linewidth=2, zorder=1.9)
                mark = self.line(shape, markersize=7, **look)
                self._marks[kind, name] = row + shift * (name != search.WHOLE), interval, mark
            ax.plot([], [], shape, label=kind, **look)
        legend_above(ax)

    def update(self, at: At) -> None:
        """Show the gains once all is trained; what is not in the mix is not drawn."""
        mixed: Mixed = at.result
        found = {} if mixed.growing else mixed.trials.within(at.value).worth(_mix(at))
        for key, (height, interval, mark) in self._marks.items():
            gain = [found[key].low, found[key].mean, found[key].high] if key in found else []
            low_mean_high = np.clip(100 * np.array(gain), -REACH, REACH)
            interval.set_data(low_mean_high[::2], [height] * len(gain[::2]))
            mark.set_data(low_mean_high[1:2], [height] * len(gain[1:2]))


class _Accuracy(Part):
    """The curves of the mix beside those without any technique, and where the budget ends."""

    def draw(self, ax: Axes, at: At) -> None:
        trials: search.Ablation = at.result.trials
        ylim = 1 / trials.data.num_outputs, 1.02
        look: dict[str, Any] = {"ylim": ylim, "quantity": "accuracy"}
        self._curves = [
            self.add(Curves(ax, trials.epochs, color=color, label=label, **look))
            for color, label in ((NEUTRAL, "nothing"), (COLORS[0], "mix"))
        ]
        self._end = self.moves(ax.axvline(0, color=NEUTRAL, linewidth=1.4, alpha=0.7))
        ax.legend(loc="lower right", fontsize=FONT_SIZE - 1, frameon=False, handlelength=2.4)

    def update(self, at: At) -> None:
        """Show the curves as they grow."""
        mixed, mix, epoch = at.result, _mix(at), None
        self._end.set_xdata([at.value, at.value])
        if search.EARLY_STOPPING in mix and not mixed.growing:
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
    found = trials.worth(mix)
    points = {key: gain.points().removesuffix(" points") for key, gain in found.items()}
    parts = [f"{name} {points['in this mix', name]} ({points['alone', name]})" for name in mix]
    gain = found["in this mix", search.WHOLE]
    over = "early stopping alone" if len(mix) > len(search.baseline(mix)) > 0 else "nothing"
    return (
        f"{text}, {gain.points()} over {over}, {gain.n} paired seeds; points over the mix without "
        f"it (alone): {', '.join(parts)}"
    )
