"""Shared by all tests: threads, the order of the tests, and the browser if there is one."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

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


@pytest.fixture
def float64() -> Iterator[None]:
    """New tensors are float64: what should be equal is, to nine digits, on every processor."""
    import torch  # after the number of threads is set above

    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(usual)


def cost(item: pytest.Item) -> int:
    """0 for a quick test, then the longest ones, so that no process is left with them at the end,
    those with a browser, other slow ones, and notebooks."""
    if item.path.name == "test_panels.py":
        return 1
    if item.get_closest_marker("browser"):
        return 2
    if item.path.suffix == ".ipynb":
        return 4
    return 3 if item.get_closest_marker("slow") else 0


class ByFile(LoadScopeScheduling):
    """With several processes: the tests of a file share what they make, and so share a process.

    Each lesson's panels, and each lesson's claims on a data set, are as good as a file.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if file.endswith("test_panels.py"):
            return nodeid
        if file.endswith("test_claims.py") and "[" in test:
            case = test.partition("[")[2].rstrip("]")
            return f"{file} {case[:2]} {case.rpartition('-')[2]}"
        return file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Take `ByFile` where the command line asks for files, as `start.py test` does."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first, and none with a browser where there is none."""
    items.sort(key=cost)
    if find_chromium() is None:
        skip = pytest.mark.skip(reason="there is no Chromium on this computer")
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(skip)
