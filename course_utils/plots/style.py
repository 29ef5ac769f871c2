"""The grammar of every figure: what each color, line style, marker and word means.

Color stands for the run or the value, line style for the split (training solid, validation dashed),
a band is the 95% interval over seeds, and a dotted vertical line is the best epoch. The colors are
those of Okabe and Ito, which people with any kind of color vision can tell apart; each comes with a
marker, so that nothing is shown by color alone.
"""

from typing import Literal

from matplotlib.axes import Axes

Split = Literal["train", "val"]

# Okabe & Ito, "Color Universal Design" (2008). Their yellow is left out: too pale for a line.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
LINE_STYLES: dict[Split, Literal["-", "--"]] = {"train": "-", "val": "--"}
SPLIT_NAMES: dict[Split, str] = {"train": "training", "val": "validation"}

BAND_ALPHA = 0.22
NEUTRAL = "#555555"  # what belongs to no run: guides, legends of splits
LABELS = {"loss": "cross-entropy", "accuracy": "accuracy"}
WITHOUT_PENALTY = "cross-entropy (without penalty)"

DPI = 100
FONT_SIZE = 9.0


def color(index: int) -> str:
    """The color of run or value number `index` (from 0; repeats after seven)."""
    return COLORS[index % len(COLORS)]


def marker(index: int) -> str:
    """The marker that goes with `color(index)`."""
    return MARKERS[index % len(MARKERS)]


def tidy(ax: Axes, *, grid: bool = True) -> Axes:
    """Give `ax` the course's look: no box, small ticks, and a light grid or none. Returns `ax`.

    Set on the axes and not through matplotlib's global settings, which are not safe to change
    while another thread draws.
    """
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=FONT_SIZE - 1)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_fontsize(FONT_SIZE)
    ax.title.set_fontsize(FONT_SIZE + 1)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(True, color="#dddddd", linewidth=0.6)
    else:
        ax.grid(False)
    return ax


def frameless(ax: Axes) -> Axes:
    """Take ticks and box away from `ax`, for images. Returns `ax`."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.title.set_fontsize(FONT_SIZE + 1)
    return ax


def weight_plane(ax: Axes, extent: tuple[float, float, float, float]) -> None:
    """Make `ax` the plane of two weights: equal scales, thin lines through zero."""
    tidy(ax, grid=False)
    ax.axhline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
    ax.axvline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
    ax.set(xlim=extent[:2], ylim=extent[2:], aspect="equal")
    ax.set_xlabel("weight $w_1$", fontsize=FONT_SIZE)
    ax.set_ylabel("weight $w_2$", fontsize=FONT_SIZE)


def legend_above(ax: Axes, columns: int | None = None) -> None:
    """Put the legend of `ax` above it, where no curve can hide it: in one row, or in `columns`."""
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        handles, labels, ncols=columns or len(labels), loc="lower left", bbox_to_anchor=(-0.02, 1),
        fontsize=FONT_SIZE - 1, frameon=False, borderpad=0.2, handlelength=2.4, columnspacing=1.2,
    )  # fmt: skip
