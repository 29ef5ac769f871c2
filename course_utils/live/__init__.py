"""Live panels: pictures in a notebook that follow their controls, or a training as it runs.

There are three kinds, each made by one call: `sweep` (or `sweep_fleet`) trains once and then turns
the pages of a flip-book in the browser; `explore` computes and draws anew whenever a control moves;
`stream` shows a training while it runs. Each takes the parts to show and returns a `Panel`, whose
`.controls` can be set and whose `.text` and `.image` can be read without a browser. All widgets of
the course are made here.
"""

from course_utils.live.at import At
from course_utils.live.controls import Control, choice, slider
from course_utils.live.explore import Explore, explore
from course_utils.live.fleet_sweep import EpochCurves, ScoreAgainst, sweep_fleet
from course_utils.live.painter import Drawing, Painter, Shown
from course_utils.live.panel import Panel, open_panels
from course_utils.live.predict import Prediction, predict
from course_utils.live.stream import Live, Stream, stream
from course_utils.live.sweep import Sweep, sweep
from course_utils.live.testing import move_every_control
from course_utils.live.training_lock import training_threads
from course_utils.tracebacks import install

install()  # in a notebook an error shows the learner's own lines

__all__ = [
    "At",
    "Control",
    "Drawing",
    "EpochCurves",
    "Explore",
    "Live",
    "Painter",
    "Panel",
    "Prediction",
    "ScoreAgainst",
    "Shown",
    "Stream",
    "Sweep",
    "choice",
    "explore",
    "move_every_control",
    "open_panels",
    "predict",
    "slider",
    "stream",
    "sweep",
    "sweep_fleet",
    "training_threads",
]
