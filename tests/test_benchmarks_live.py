"""`benchmarks live` measures every panel of the lessons, each beside `interact`."""

import importlib
import inspect
import json
import pkgutil
from itertools import islice, pairwise

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from benchmarks import __main__ as command
from benchmarks import frames, live, live_panels
from course_utils import panels
from course_utils.live import Explore, Stream, Sweep


def test_no_panel_is_forgotten() -> None:
    found = set()
    for package in pkgutil.iter_modules(panels.__path__):
        module = importlib.import_module(f"{panels.__name__}.{package.name}")
        for name in getattr(module, "__all__", ()):
            made = inspect.signature(getattr(module, name)).return_annotation
            found |= {name} if made in (Sweep, Explore, Stream) else set()
    known = {name for names in live_panels.PANELS.values() for name in names}
    assert known == found, "add it to PANELS, with the data that the lesson gives it"


def test_keys_go_to_and_fro() -> None:
    right, left = "ArrowRight", "ArrowLeft"
    assert list(islice(live.arrows(1, 3), 5)) == [right, left, left, right, right]
    assert list(islice(live.arrows(1, 2), 3)) == [left, right, left]
    with pytest.raises(ValueError, match="at least two options to move among, got 1"):
        next(live.arrows(0, 1))


@pytest.mark.parametrize("options", [2, 3, 5, 7, 30, 100])
def test_every_move_of_a_drag_comes_to_another_option(options: int) -> None:
    moves = list(islice(frames.drag_places(options), frames.MOVES_PER_S))
    assert 0 <= min(moves) < 0.04
    assert 0.96 < max(moves) <= 1
    places = [round(place * (options - 1)) for place in moves]
    changes = sum(a != b for a, b in pairwise(places))
    assert changes >= frames.MOVES_PER_S - 3, "at an end it may turn on the same option"


def test_a_drag_needs_somewhere_to_go() -> None:
    with pytest.raises(ValueError, match="at least two options to move among, got 1"):
        next(frames.drag_places(1))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["09"], "there is no panel 09; there are: 01/degree"),
        (["--keys", "0"], "at least 1, got 0"),
    ],
)
def test_wrong_options_are_named(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        live.main(options)
    assert said in capsys.readouterr().err


@pytest.mark.browser
@pytest.mark.slow
def test_panels_are_measured_beside_interact(
    chromium: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # One moves by a slider, the other by a row of buttons.
    assert command.main(["live", "06/path", "05/flips", "--keys", "3"]) == 0
    printed = capsys.readouterr().out
    assert "06 path" in printed
    assert "05 flips" in printed
    found = json.loads(printed.splitlines()[-1])
    assert found["panels"] == 2
    assert 0 < found["worst_p95_ms"] <= 2000
    assert found["worst_fps"] > 0
    assert found["vs_interact_p95"] > 0
