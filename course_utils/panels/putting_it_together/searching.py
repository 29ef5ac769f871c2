"""Lesson 07's panel about searches: random or grid, how many settings, and what score is
reported."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from course_utils.data import Dataset
from course_utils.evidence import signed
from course_utils.experiments import searched_lattice
from course_utils.experiments.searched_lattice import BOX, BUDGETS, PER_AXIS, RandomSettings
from course_utils.live import Explore, choice, explore, slider
from course_utils.plots import COLORS, FONT_SIZE, NEUTRAL, Part, PartsBoard, format_value
from course_utils.plots.style import BAND_ALPHA
from course_utils.search import random_settings as library_random

SHOWN = 10
STYLES = {"random": (COLORS[0], "o"), "grid": (COLORS[1], "^")}
LIGHT = 0.46  # the gray from which on black is easier to read than white


@dataclass(frozen=True, eq=False)
class Found:
    """The searches of every kind, and one of them: number `number` of kind `how`."""

    lattice: searched_lattice.Lattice
    by_kind: dict[str, searched_lattice.Searches]
    how: str
    place: int  # of its budget in `BUDGETS`
    size: int
    number: int
    tried: list[dict[str, float]]
    winner: int  # of `tried`


def search(data: Dataset, random_settings: RandomSettings = library_random) -> Explore:
    """The panel: search λ and p at random or on a grid, and report the best score.

    Args:
        data: 49 networks are trained on it, once, with 20% label noise. For each search its
            validation set is divided anew: some samples choose, the others are fresh.
        random_settings: ``random_settings(box, budget, seed)``, the learner's own.
    """
    lattice = searched_lattice.train_lattice(data)
    sizes = [size for size in searched_lattice.SIZES if size <= lattice.correct.shape[1] // 2]

    def compute(how: str, budget: int, size: int, number: int) -> Found:
        by_kind = {
            kind: searched_lattice.run_searches(lattice, kind, size, random_settings)
            for kind in STYLES
        }
        searches, place = by_kind[how], BUDGETS.index(budget)
        tried, winner = searches.tried[place][number - 1], int(searches.winner[place, number - 1])
        return Found(lattice, by_kind, how, place, size, number, tried, winner)

    return explore(
        compute,
        PartsBoard([_Box(), _BestOfMany()], width=9.4, height=3.9, widths=[1.0, 1.1], say=_say),
        controls={
            "how": choice(list(STYLES), label="search"),
            "budget": slider(BUDGETS, label="settings tried", start=16),
            "size": slider(sizes, label="samples that choose", start=sizes[min(1, len(sizes) - 1)]),
            "number": slider(range(1, SHOWN + 1), label="search again"),
        },
        title="Random or grid, and what the best of many scores is worth",
    )


class _Box(Part):
    """The box from above: the score of each trained setting, and the settings that one search
    tried."""

    grid = False

    def draw(self, ax: Axes, found: Found) -> None:
        scores = 100 * found.lattice.correct.mean(1).reshape(PER_AXIS, PER_AXIS).T
        shades = ax.imshow(
            scores, origin="lower", extent=(0, 1, 0, 1), cmap="Greys_r", aspect="auto",
            vmin=max(scores.max() - 25, scores.min()), vmax=scores.max() + 6,
        )  # fmt: skip
        for column, row in np.ndindex(scores.T.shape):
            value = scores[row, column]
            ax.text(
                (column + 0.5) / PER_AXIS, (row + 0.5) / PER_AXIS, f"{value:.0f}",
                ha="center", va="center", fontsize=FONT_SIZE - 2,
                color="black" if shades.to_rgba(value)[0] > LIGHT else "white",
            )  # fmt: skip
        for axis, name in ((ax.xaxis, "L2"), (ax.yaxis, "dropout")):
            ticks = np.linspace(0, 1, 5) if BOX[name].log else np.linspace(0, 1, 4)
            axis.set_ticks(ticks, [format_value(BOX[name].at(float(t))) for t in ticks])
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="λ of L2 (log scale)", ylabel="p of dropout")
        ax.set_title("numbers: accuracy of each, in %; star: the winner", fontsize=FONT_SIZE)
        self._below = self.line("|", markersize=10, clip_on=False)
        self._beside = self.line("_", markersize=10, clip_on=False)
        self._points = self.line("o", markersize=7, mec="white", clip_on=False, zorder=4)
        self._best = self.line("*", color="white", markersize=17, clip_on=False, zorder=5)
        self._best.set(markeredgecolor="black", markeredgewidth=1.5)

    def update(self, found: Found) -> None:
        color, shape = STYLES[found.how]
        for line in (self._points, self._below, self._beside):
            line.set_color(color)
        self._points.set(marker=shape, markeredgecolor="white")
        x, y = searched_lattice.shares(found.tried).T
        self._points.set_data(x, y)
        self._best.set_data([x[found.winner]], [y[found.winner]])
        self._below.set_data(x, np.full(len(x), 0.985))
        self._beside.set_data(np.full(len(y), 0.985), y)


class _BestOfMany(Part):
    """The winner's score against the number tried: as reported, and on fresh samples."""

    def draw(self, ax: Axes, found: Found) -> None:
        top = float(found.lattice.correct.mean(1).max())
        self._x = np.arange(len(BUDGETS))
        ax.set_xticks(self._x, [str(budget) for budget in BUDGETS])
        ax.set(xlim=(-0.2, len(BUDGETS) - 0.8), ylim=(max(top - 0.14, 0.0), min(top + 0.1, 1.01)))
        ax.set(xlabel="settings tried (band: 8 of 10 searches)", ylabel="accuracy of the winner")
        self._guide = self.guide()
        self._bands = [
            self.moves(ax.fill_between([], [], [], color=NEUTRAL, alpha=BAND_ALPHA, linewidth=0))
            for _ in range(2)
        ]
        self._lines = {
            how: [
                self.line(style, color=color, marker=shape, markersize=5, linewidth=1.6,
                          label=f"{how}, {scored}")
                for style, scored in (("-", "reported"), ("--", "on fresh samples"))
            ]
            for how, (color, shape) in STYLES.items()
        }  # fmt: skip
        ax.legend(loc="lower right", fontsize=FONT_SIZE - 1, frameon=False, handlelength=2.8)

    def update(self, found: Found) -> None:
        """Show all kinds, with a band for the one on show."""
        for how, searches in found.by_kind.items():
            both = (searches.reported, searches.fresh)
            for line, band, scores in zip(self._lines[how], self._bands, both, strict=True):
                line.set_data(self._x, scores.mean(1))
                line.set_alpha(1.0 if how == found.how else 0.45)
                if how == found.how:
                    band.set_facecolor(STYLES[how][0])
                    band.set_data(self._x, *np.percentile(scores, [10, 90], axis=1))
        self._guide.set_xdata([found.place] * 2)


def _say(found: Found) -> str:
    """The winner of this search, and the average reported score of such searches."""
    searches, best = found.by_kind[found.how], found.tried[found.winner]
    number, values = found.number - 1, len({setting["L2"] for setting in found.tried})
    reported, fresh = searches.reported[found.place], searches.fresh[found.place]
    return (
        f"{found.how} search, {len(found.tried)} settings with {values} values of each, "
        f"{found.size} samples choose: the winner is λ = {best['L2']:.1g}, "
        f"p = {best['dropout']:.2f}, reported {reported[number]:.1%}, on fresh samples "
        f"{fresh[number]:.1%}; in {len(reported)} such searches reported {reported.mean():.1%}, "
        f"fresh {fresh.mean():.1%}, so {signed(100 * (reported - fresh).mean(), 1)} points too much"
    )
