"""Five techniques on one board, and what each is worth there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from course_utils.evidence import Difference
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.plots import COLORS, Board, Curves, format_value, said_accuracy, tidy
from course_utils.plots.style import FONT_SIZE, NEUTRAL
from course_utils.search import (
    EARLY_STOPPING,
    TECHNIQUES,
    Key,
    Mix,
    Record,
    Trials,
    all_but_one,
    alone,
    trained_as,
)

STRENGTHS: dict[str, tuple[float, ...]] = {
    "L2": (0, 1e-3, 3e-3),
    "dropout": (0, 0.15, 0.3),
    "augmentation": (0, 0.5, 1),
    EARLY_STOPPING: (0, 3, 10, 20),
}
BUDGET = "epochs"
NOISES = (0.0, 0.2)
REACH = 20  # points, to either side of 0


@dataclass(frozen=True, eq=False)
class Mixed:
    """A mix, with the records that grow while it trains."""

    trials: Trials
    mix: dict[str, float]
    growing: dict[Key, Record] | None


def mixer(trials: Trials, start: Mix) -> Sweep:
    """The panel: switch each technique on and off, set its strength, and see what it is worth.

    Args:
        trials: what was trained already is not trained again; what is new is kept in it.
        start: the mix shown first.

    The budget is the slider that needs no training, because every shorter training is the beginning
    of the long one; nor does early stopping, which only reads. All other controls train what is
    missing for the comparisons, in the background.
    """
    others = {n: replace(trials, label_noise=n, _known={}) for n in NOISES}
    by_noise = others | {trials.label_noise: trials}

    def train(noise: float, **strengths: float) -> Iterator[Mixed]:
        mix = {name: by for name, by in strengths.items() if by}
        own = by_noise[noise]
        for growing in own.iter_train([{}, mix, *alone(mix).values(), *all_but_one(mix).values()]):
            yield Mixed(own, mix, growing)
        yield Mixed(own, mix, None)

    controls: dict[str, Any] = {}
    images = len(trials.data.input_shape) == 3  # points cannot be turned or shifted
    for name in (name for name in TECHNIQUES if images or name != "augmentation"):
        if name in STRENGTHS:
            by = start.get(name, 0)
            controls[name] = choice(_with(STRENGTHS[name], by), start=by, say=_strength)
        else:
            controls[name] = choice((False, True), start=name in start)
    controls["noise"] = choice(
        sorted(by_noise), label="label noise", start=trials.label_noise, say=lambda n: f"{n:.0%}"
    )
    return sweep(
        train,
        MixBoard(trials),
        name=BUDGET,
        values=slider(trials.ends, label="budget, in epochs", start=trials.ends[-1]),
        controls=controls,
        epochs=trials.epochs,
        title="Five techniques, and what each is worth alone, in company, and with time",
    )


def said_mix(mix: Mix) -> str:
    """A mix in words, e.g. "L2 0.003 + batch norm + early stopping (patience 10)"."""
    said = []
    for name in TECHNIQUES:
        if name in mix:
            by = format_value(mix[name])
            said.append(
                {"batch norm": name, EARLY_STOPPING: f"{name} (patience {by})"}.get(
                    name, f"{name} {by}"
                )
            )
    return " + ".join(said) or "nothing"


class Worth:
    """What each technique is worth: alone over nothing, and in the mix over the mix without it."""

    def __init__(self, ax: Axes) -> None:
        tidy(ax)
        rows = [*TECHNIQUES, "the whole mix"]
        self._rows = {name: len(rows) - 1 - i for i, name in enumerate(rows)}
        ax.set(xlim=(-REACH, REACH), ylim=(-0.6, len(rows) - 0.4))
        ax.set_yticks(list(self._rows.values()), rows, fontsize=FONT_SIZE)
        ax.set_xlabel("gain in accuracy, points", fontsize=FONT_SIZE)
        ax.axvline(0, color=NEUTRAL, linewidth=1)
        ax.axhline(0.5, color=NEUTRAL, linewidth=0.6)
        self._marks, self._lines = {}, {}
        styles = {"alone": ("o", "white", 0.17), "in this mix": ("s", COLORS[0], -0.17)}
        for kind, (shape, fill, shift) in styles.items():
            for name, row in self._rows.items():
                height = row if name == "the whole mix" else row + shift
                (line,) = ax.plot([], [], "-", color=COLORS[0], linewidth=2)
                (mark,) = ax.plot(
                    [], [], shape, color=COLORS[0], markersize=7, markerfacecolor=fill
                )
                self._lines[kind, name], self._marks[kind, name] = (line, height), (mark, height)
            ax.plot([], [], shape, color=COLORS[0], markerfacecolor=fill, label=f"{kind}")
        ax.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, fontsize=FONT_SIZE - 1,
            frameon=False, borderpad=0.2,
        )  # fmt: skip

    @property
    def artists(self) -> list[Artist]:
        """Intervals, then marks."""
        return [part for parts in (self._lines, self._marks) for part, _ in parts.values()]

    def update(self, found: dict[tuple[str, str], Difference]) -> None:
        """Show the gains by (kind, technique); what is not in it is not drawn."""
        for key, (line, height) in self._lines.items():
            mark, _ = self._marks[key]
            if key in found:
                low, mean, high = 100 * np.clip(
                    [found[key].low, found[key].mean, found[key].high], -REACH / 100, REACH / 100
                )
                line.set_data([low, high], [height, height])
                mark.set_data([mean], [height])
            else:
                line.set_data([], [])
                mark.set_data([], [])


class End:
    """A line where the budget ends."""

    def __init__(self, ax: Axes) -> None:
        self._line = ax.axvline(0, color=NEUTRAL, linewidth=1.4, alpha=0.7)

    @property
    def artists(self) -> list[Artist]:
        """The line."""
        return [self._line]

    def update(self, epochs: int) -> None:
        """Move it to `epochs`."""
        self._line.set_xdata([epochs, epochs])


class MixBoard(Board):
    """What each technique is worth, and the curves of the mix beside those without any."""

    def __init__(self, trials: Trials) -> None:
        super().__init__(columns=2, width=9.4, height=3.8, widths=[1.15, 1.0])
        self.worth = self.add(Worth(self.axes[0]))
        chance = 1 / (trials.data.num_classes or 1)
        self.curves = [
            self.add(
                Curves(
                    self.axes[1], trials.epochs, ylim=(chance, 1.02), quantity="accuracy",
                    color=color, label=label,
                )
            )
            for color, label in ((NEUTRAL, "nothing"), (COLORS[0], "mix"))
        ]  # fmt: skip
        self.end = self.add(End(self.axes[1]))
        self.axes[1].legend(
            loc="lower right", ncols=1, fontsize=FONT_SIZE - 1, frameon=False, handlelength=2.4
        )

    def update(self, at: At) -> None:
        """Show the gains once all is trained, and the curves as they grow."""
        mixed: Mixed = at.result
        trials = mixed.trials.within(at.value)
        self.worth.update({} if mixed.growing else worth(trials, mixed.mix))
        self.end.update(at.value)
        for curves, one in zip(self.curves, ({}, mixed.mix), strict=True):
            record, epoch = _seen(mixed, one), None
            if one and EARLY_STOPPING in one and not mixed.growing:
                epoch = round(float(trials.chosen_epochs(one).mean()))
            curves.update(record.train_acc, record.watched_acc, epoch)

    def describe(self, at: At) -> str:
        """The mix, its accuracy and gain, and each technique's worth alone and in it."""
        mixed: Mixed = at.result
        mix, trials = mixed.mix, mixed.trials.within(at.value)
        if mixed.growing:
            return f"{said_mix(mix)}: training what is missing for the comparisons"
        text = f"{at.value} epochs, {said_mix(mix)}: accuracy {said_accuracy(trials.accuracy(mix))}"
        if not mix:
            return f"{text}, {trials.seeds} seeds"
        found = worth(trials, mix)
        parts = [
            f"{name} {found['in this mix', name].points()} (alone {found['alone', name].points()})"
            for name in TECHNIQUES
            if name in mix
        ]
        gain = found["in this mix", "the whole mix"]
        over = "early stopping alone" if len(mix) > len(baseline(mix)) > 0 else "nothing"
        return (
            f"{text}, {gain.points()} over {over}, {gain.n} paired seeds; over the mix without "
            f"it: {'; '.join(parts)}"
        )


def worth(trials: Trials, mix: Mix) -> dict[tuple[str, str], Difference]:
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


def _seen(mixed: Mixed, mix: Mix) -> Record:
    """The record of a mix, as far as it was trained."""
    growing = (mixed.growing or {}).get(trained_as(mix))
    return growing if growing is not None else mixed.trials.record(mix)


def _with(options: tuple[float, ...], value: float) -> list[float]:
    return sorted({*options, value})


def _strength(value: float) -> str:
    return format_value(value) if value else "off"
