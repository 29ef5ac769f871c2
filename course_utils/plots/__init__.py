"""Every figure of the course: one grammar, no pyplot, drawn once and updated in place.

For one figure in a lesson, make axes with `new_figure`, draw with the `plot_...` functions (each
takes an axes and returns it) and show it with `show(figure, text)`. For a live panel, build each
`Part` from lines or from `Curves`, `Metric`, `WeightHistogram`, `Mosaic`, `Boundary` and
`ContourPath`; a `PartsBoard` puts parts side by side, and draws static figures as well.
"""

from course_utils.plots.board import Board, PartsBoard, Text
from course_utils.plots.curves import Curves, Line, best_epoch, plot_curves
from course_utils.plots.figures import Picture, figure_png, new_figure, show
from course_utils.plots.images import Images, Mosaic, plot_images, tile
from course_utils.plots.metric import Metric, plot_metric
from course_utils.plots.part import Array, Curve, Part
from course_utils.plots.plane import (
    Boundary,
    ContourPath,
    data_extent,
    plane_grid,
    plot_boundary,
)
from course_utils.plots.style import (
    COLORS,
    FONT_SIZE,
    LINE_STYLES,
    MARKERS,
    NEUTRAL,
    color,
    legend_above,
    marker,
    tidy,
    weight_plane,
)
from course_utils.plots.text import accuracy_text, change_text, gain_text, number_text, sweep_text
from course_utils.plots.value_axis import ValueAxis, format_value
from course_utils.plots.weights import WeightHistogram, plot_weights, weight_text

__all__ = [
    "COLORS",
    "FONT_SIZE",
    "LINE_STYLES",
    "MARKERS",
    "NEUTRAL",
    "Array",
    "Board",
    "Boundary",
    "ContourPath",
    "Curve",
    "Curves",
    "Images",
    "Line",
    "Metric",
    "Mosaic",
    "Part",
    "PartsBoard",
    "Picture",
    "Text",
    "ValueAxis",
    "WeightHistogram",
    "accuracy_text",
    "best_epoch",
    "change_text",
    "color",
    "data_extent",
    "figure_png",
    "format_value",
    "gain_text",
    "legend_above",
    "marker",
    "new_figure",
    "number_text",
    "plane_grid",
    "plot_boundary",
    "plot_curves",
    "plot_images",
    "plot_metric",
    "plot_weights",
    "show",
    "sweep_text",
    "tidy",
    "tile",
    "weight_plane",
    "weight_text",
]
