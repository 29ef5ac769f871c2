"""Shared by all tests: threads, draws, lessons, and the browser if there is one."""

from __future__ import annotations

import os
import random
import shutil
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from benchmarks.browser import Lab
    from instructor.course.judging.judge import Judge
    from tests.lessons import Lesson
    from tests.panel_page import Panel
    from tests.small_panels import Trainer

# One thread: the tests' tensors are small, and two threads that wait for each other are slower
# than one. It must be said before PyTorch is imported, here by the functions that need it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A copy for students has no instructor's part, and nothing of it to test.
if not (Path(__file__).resolve().parents[1] / "instructor").is_dir():
    collect_ignore = ["test_bank_instruments.py"]
    collect_ignore_glob = ["test_exercise_*.py", "test_course_*.py"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """The system's Chromium, or the one named by COURSE_CHROMIUM, or None."""
    named = os.environ.get("COURSE_CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive; skips, or fails where one must be, if there is none."""
    found = find_chromium()
    if found is None:
        if os.environ.get("COURSE_NEEDS_BROWSER"):
            pytest.fail("COURSE_NEEDS_BROWSER is set, and there is no Chromium on this computer")
        pytest.skip("there is no Chromium on this computer")
    return found


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Browser]:
    """A Chromium with a fresh profile, for the tests of one file."""
    from benchmarks import browser

    with browser.open_browser(chromium) as opened:
        yield opened


@pytest.fixture
def panel(chrome: Browser) -> Iterator[Panel]:
    """A page for one panel, with a made-up model in the kernel's place."""
    from tests.panel_page import Panel
    from tests.widget_page import new_page

    with new_page(chrome) as page:
        yield Panel(page)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab on this computer, in a new folder."""
    from benchmarks import browser

    with browser.open_lab(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def float64() -> Iterator[None]:
    """New tensors are float64: what should be equal is, to nine digits, on every processor."""
    from tests import precision

    with precision.float64():
        yield


@contextmanager
def closing_panels() -> Iterator[None]:
    """Panels that are opened inside are closed at the end."""
    from course_utils.live import open_panels

    before = open_panels()
    yield
    for panel in open_panels():
        if panel not in before:
            panel.close()


@pytest.fixture
def closing() -> Iterator[None]:
    """The panels that a test opens are closed after it."""
    with closing_panels():
        yield


@pytest.fixture(scope="module")
def closing_last() -> Iterator[None]:
    """The panels that the tests of a file open are closed after the last of them."""
    with closing_panels():
        yield


@pytest.fixture
def trainer() -> Trainer:
    """A made-up training of a panel, which a test can hold back."""
    from tests.small_panels import Trainer

    return Trainer()


@pytest.fixture(scope="module")
def lesson(request: pytest.FixtureRequest) -> Iterator[Lesson]:
    """The lesson that a file is about, as far as it reads it: the second for test_lesson_02.py."""
    from tests.lessons import NOTEBOOKS, executed

    number = request.path.stem.removeprefix("test_lesson_")
    (path,) = (path for path in NOTEBOOKS if path.stem.startswith(f"{number}_"))
    with executed(path, request.path) as found:
        yield found


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Every test, and what is made for it, starts from the same random numbers; none asks for the
    recorder where this PyTorch is not one that it was tested with."""
    import torch

    if item.get_closest_marker("recorder"):
        from course_utils.fleet import recorder

        if not recorder.is_tested():
            pytest.skip(f"the recorder does not run with PyTorch {torch.__version__}")

    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (the state that others may rely on)
    torch.manual_seed(0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """No test with a browser runs where there is none; several processes begin with long files."""
    if hasattr(config, "workerinput"):  # this is one of several processes
        from tests.longest_first import longest_first

        items[:] = longest_first(items)
    if find_chromium() is None and not os.environ.get("COURSE_NEEDS_BROWSER"):
        skip = pytest.mark.skip(reason="there is no Chromium on this computer")
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(skip)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Lines are counted in the tests' processes alone. In those of pytest-xdist nbval would start
    to count in each kernel as well, and wait for it in vain."""
    session.config.option.cov_source = None


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """Of exercise 03, outside the sandbox, for marks do not rest on it. What its players are forked
    from loads PyTorch, once for all tests."""
    from instructor.course.judging.judge import Judge
    from tests.exercises import exercise

    with Judge(exercise("03_dropout"), protected=False) as made:
        yield made


@pytest.fixture(scope="session")
def asked_once() -> Iterator[None]:
    """nbgrader starts a program for each new gradebook, which always says the same."""
    api = pytest.importorskip("nbgrader.api")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", sysconfig.get_path("scripts"), prepend=os.pathsep)
        version = api.get_alembic_version()
        patch.setattr(api, "get_alembic_version", lambda: version)
        yield


@pytest.fixture
def quick_class(asked_once: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a class of three, whose judge is a stand-in."""
    from instructor.course import pool
    from tests.classes import WHOLE, hand_in
    from tests.stand_in_judges import counted

    monkeypatch.setattr(pool, "mark", counted)
    folder = tmp_path / "a class"
    for student in ("ada", "ben", "cleo"):
        hand_in(folder, student, WHOLE + student.encode())
    return folder
