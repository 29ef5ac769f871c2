"""No module is over 250 lines: one purpose each, read in one sitting."""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("course_utils", "benchmarks", "claims", "tests")
LONGEST = 250

#: Those that are still over it. One that has been shortened, split or moved is taken off the list.
STILL_LONGER: set[str] = set()


def longer(root: Path) -> Iterator[tuple[str, int]]:
    """Modules over the limit, as a path from `root` and the number of lines."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > LONGEST:
                yield path.relative_to(root).as_posix(), lines


def test_no_module_is_over_the_limit() -> None:
    found = [f"{name} ({n} lines)" for name, n in longer(ROOT) if name not in STILL_LONGER]
    assert not found, f"split these by topic, to {LONGEST} lines at most: {', '.join(found)}"


def test_the_list_holds_only_those_that_are_over_the_limit() -> None:
    done = sorted(STILL_LONGER - dict(longer(ROOT)).keys())
    assert not done, f"take these off the list STILL_LONGER: {', '.join(done)}"


@pytest.mark.parametrize(("lines", "named"), [(250, []), (251, [("tests/deep/er.py", 251)])])
def test_the_limit_is_met_at_every_depth(tmp_path, lines, named) -> None:
    (tmp_path / "tests/deep").mkdir(parents=True)
    (tmp_path / "tests/deep/er.py").write_text("pass\n" * lines)
    assert list(longer(tmp_path)) == named
