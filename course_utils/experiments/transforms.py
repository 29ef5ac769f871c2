"""The transforms of lesson 05 by kind and strength, and in words."""

from course_utils.augmentation import Augment, GaussianNoise, RandomAffine
from course_utils.plots import format_value


def transform_of(kind: str, strength: float, width: int) -> Augment:
    """The transform that a kind of the panel means at a strength, for images `width` pixels wide.

    At strength 1 a rotation is up to 10 degrees, a shift up to a sixteenth of the image, a zoom up
    to 10 %, and pixel noise has a standard deviation of 0.2.
    """
    degrees, pixels, zoom = 10.0 * strength, width / 16 * strength, 0.1 * strength
    transforms: dict[str, Augment] = {
        "all three": RandomAffine(degrees=degrees, shift=pixels, zoom=zoom),
        "rotation": RandomAffine(degrees=degrees),
        "shift": RandomAffine(shift=pixels),
        "zoom": RandomAffine(zoom=zoom),
        "pixel noise": GaussianNoise(0.2 * strength),
    }
    return transforms[kind]


def said_transform(kind: str, strength: float, width: int) -> str:
    """The same in words, with its units."""
    said = {
        "rotation": f"turned up to {format_value(10 * strength)}°",
        "shift": f"shifted up to {format_value(width / 16 * strength)} pixels",
        "zoom": f"zoomed up to {format_value(10 * strength)} %",
        "pixel noise": f"noise of standard deviation {format_value(0.2 * strength)}",
    }
    if strength == 0:
        return "images as they are"
    if kind == "all three":
        return ", ".join(said[one] for one in ("rotation", "shift", "zoom"))
    return said[kind]
