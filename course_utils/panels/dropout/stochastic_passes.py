"""Lesson 03: dropout left on, a hundred passes, and how much they disagree about turned digits.

Monte Carlo dropout: the spread of the passes as a measure of doubt (Gal and Ghahramani 2016).
"""

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes

from course_utils.data import Dataset
from course_utils.experiments.dropout_passes import Turned, ask_turned
from course_utils.experiments.runs import classes_of
from course_utils.fleet import Fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.panels.probabilities import Probabilities
from course_utils.plots import (
    COLORS,
    MARKERS,
    Array,
    Mosaic,
    Part,
    PartsBoard,
    accuracy_text,
    number_text,
    tidy,
)
from course_utils.plots.style import legend_above

ANGLES = tuple(range(0, 181, 15))
PASSES = 100
SAMPLES = 100  # validation images that are turned
NAMES = ("accuracy", "confidence", "spread")


def uncertainty(
    data: Dataset, fleet: Fleet, angles: Sequence[float] = ANGLES, *, passes: int = PASSES,
    samples: int = SAMPLES,
) -> Sweep:  # fmt: skip
    """Turned images, each sent through the networks many times with dropout left on.

    Args:
        data: images; the first `samples` of the validation set are turned.
        fleet: networks trained with the values of p among which the buttons choose.
        angles: in degrees, counterclockwise.
        passes: passes per image.

    The panel's `result` is a `Turned`.
    """
    if len(data.input_shape) != 3:
        raise ValueError(
            "this panel turns images [channels, height, width], got samples of shape "
            f'{list(data.input_shape)} in {data.name!r}; pass e.g. load_dataset("digits")'
        )
    ps = [p for p in fleet.values if p > 0]
    if not ps:
        raise ValueError(f"without dropout all passes agree: train p above 0, got {fleet.values}")
    labels = data.y_val.unique().tolist()

    def measure(p: float) -> Iterator[Turned]:
        models = [fleet.model(fleet.values.index(p), s) for s in range(len(fleet.seeds))]
        return ask_turned(data, models, angles, passes=passes, samples=samples)

    probabilities = Probabilities(
        classes_of(data), passes, _probabilities, color=COLORS[0], ylabel="probability",
        title=f"{passes} passes (dots), their mean (bar)", describe=_say_classes,
    )  # fmt: skip
    return sweep(
        measure,
        PartsBoard([_Image(), probabilities, _Averages()], widths=[1.0, 1.7, 1.9]),
        name="angle",
        values=slider(angles, near=45, say=lambda angle: f"{angle:g}°"),
        controls={
            "p": choice(ps, start=ps[len(ps) // 2]),
            "digit": slider(
                labels, label="image of class", start=labels[3 % len(labels)], trains=False
            ),
        },
        epochs=len(angles),
        title="Turned digits, and how much a hundred passes disagree",
    )


def _probabilities(at: At) -> tuple[Array, Array]:
    probabilities = at.result.probabilities(at.settings["digit"], at.value)
    return probabilities, probabilities.mean(axis=0)


def _say_classes(at: At, taken: str) -> str:
    return (
        f"turned by {at.value:g}°, p = {at.settings['p']:g}: an image of class "
        f"{at.settings['digit']} is taken for {taken} of {at.result.passes} passes"
    )


class _Image(Part):
    """The image that is sent through."""

    def draw(self, ax: Axes, at: At) -> None:
        self._image = self.add(Mosaic(ax, 1, 1, title="what it sees"))

    def update(self, at: At) -> None:
        digit = at.settings["digit"]
        brightest = at.result.image(digit, 0).mean(1).max()
        self._image.update(at.result.image(digit, at.value).mean(1) / max(float(brightest), 1e-9))


class _Averages(Part):
    """Accuracy, confidence and spread against the angle, with their bands over seeds."""

    def draw(self, ax: Axes, at: At) -> None:
        tidy(ax)
        ax.set(xlim=(min(at.values), max(at.values)), ylim=(0, 1.02))
        ax.set_xticks(at.values[:: max(1, len(at.values) // 4)])
        ax.set_xlabel("angle in degrees")
        self._guide = self.guide()
        self._curves = {
            name: self.curve(color=color, marker=marker, markersize=5, linewidth=1.6, label=name)
            for name, color, marker in zip(NAMES, COLORS, MARKERS, strict=False)
        }
        legend_above(ax)

    def update(self, at: At) -> None:
        self._guide.set_xdata([at.value, at.value])
        for name, curve in self._curves.items():
            curve.show(at.values, getattr(at.result, name))

    def say(self, at: At) -> str:
        turned, i = at.result, at.index
        return (
            f"over all images: accuracy {accuracy_text(turned.accuracy[i])}, confidence "
            f"{accuracy_text(turned.confidence[i])}, spread "
            f"{number_text(100 * turned.spread[i], 1)} points, {len(turned.models)} seeds"
        )
