"""Shared by all tests: threads, the order of the tests, and the browser if there is one."""

import os
import shutil

import pytest

# One thread: the tests' tensors are small, and two threads that wait for each other are slower
# than one. It must be said before PyTorch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """The system's Chromium, or the one named by COURSE_CHROMIUM, or None."""
    named = os.environ.get("COURSE_CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive; skips where there is none."""
    found = find_chromium()
    if found is None:
        pytest.skip("there is no Chromium on this computer")
    return found


def cost(item: pytest.Item) -> int:
    """0 for a quick test, then slow ones, notebooks, and those with a browser."""
    if item.get_closest_marker("browser"):
        return 3
    if item.path.suffix == ".ipynb":
        return 2
    return 1 if item.get_closest_marker("slow") else 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first, and none with a browser where there is none."""
    items.sort(key=cost)
    if find_chromium() is None:
        skip = pytest.mark.skip(reason="there is no Chromium on this computer")
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(skip)
