"""Lesson 03: dropout left on, a hundred passes, and how much they disagree about turned digits.

Monte Carlo dropout: the spread of the passes as a measure of doubt (Gal and Ghahramani 2016).
"""

from collections.abc import Iterator, Sequence

from torch import Tensor

from course_utils.data import Dataset
from course_utils.experiments.dropout_passes import Turned, ask_turned
from course_utils.experiments.runs import classes_of
from course_utils.fleet import Fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.panels import AgainstValues, Probabilities
from course_utils.plots import COLORS, Array, Images, PartsBoard, accuracy_text, number_text

ANGLES = tuple(range(0, 181, 15))
PASSES = 100
SAMPLES = 100  # validation images that are turned
STYLES = {"accuracy": (0, "-"), "confidence": (1, "-"), "spread": (2, "-")}


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
    averages = AgainstValues(
        lambda at: {name: getattr(at.result, name) for name in STYLES},
        STYLES, (0, 1.02), "mean over all images", columns=3, describe=_say_averages,
    )  # fmt: skip
    return sweep(
        measure,
        PartsBoard(
            [Images(_turned, title="what it sees"), probabilities, averages], widths=[1.0, 1.7, 1.9]
        ),
        name="angle",
        values=slider(angles, label="angle in degrees", near=45),
        controls={
            "p": choice(ps, start=ps[len(ps) // 2]),
            "digit": slider(
                labels, label="image of class", start=labels[3 % len(labels)], trains=False
            ),
        },
        epochs=len(angles),
        counted="angle",
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


def _turned(at: At) -> Tensor:
    """The image that is sent through, [1, height, width]; bright is what is brightest unturned."""
    digit = at.settings["digit"]
    brightest = float(at.result.image(digit, 0).mean(1).max())
    return at.result.image(digit, at.value).mean(1) / max(brightest, 1e-9)


def _say_averages(at: At) -> str:
    turned, i = at.result, at.index
    return (
        f"over all images: accuracy {accuracy_text(turned.accuracy[i])}, confidence "
        f"{accuracy_text(turned.confidence[i])}, spread "
        f"{number_text(100 * turned.spread[i], 1)} points, {len(turned.models)} seeds"
    )
