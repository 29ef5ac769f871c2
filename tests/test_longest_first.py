"""Where several processes share the tests, the longest files are begun first."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest
from tests.longest_first import longest_first


def item(name: str, *, slow: bool = False) -> Any:
    """A test that is called `name`, a file and what stands behind its `::`."""
    marks = ["slow"] if slow else []
    return SimpleNamespace(
        name=name,
        path=Path(name.partition("::")[0]),
        get_closest_marker=lambda mark: mark if mark in marks else None,
    )


COLLECTED = [
    *(item("test_few.py::one"), item("test_few.py::two")),
    *(item("test_many.py::one"), item("test_many.py::two"), item("test_many.py::three")),
    *(item("test_slow.py::one"), item("test_slow.py::two", slow=True)),
    *(item("test_slower.py::one", slow=True), item("test_slower.py::two", slow=True)),
    *(item("test_two.py::one"), item("test_two.py::two")),
    item("01_a.ipynb::Cell 0"),
    *(item("02_b.ipynb::Cell 0"), item("02_b.ipynb::Cell 1")),
]


def test_the_longest_files_come_first_and_each_keeps_its_order() -> None:
    ordered = longest_first(COLLECTED)
    assert sorted(map(id, ordered)) == sorted(map(id, COLLECTED))
    files = list(dict.fromkeys(str(one.path) for one in ordered))
    assert files[:2] == ["02_b.ipynb", "01_a.ipynb"]
    assert files[2:] == [f"test_{name}.py" for name in ("slower", "slow", "many", "few", "two")]
    for file in files:
        assert [one for one in ordered if str(one.path) == file] == [
            one for one in COLLECTED if str(one.path) == file
        ]


@pytest.mark.parametrize("shared", [True, False])
def test_one_process_alone_keeps_the_order_of_the_files(shared: bool) -> None:
    config: Any = SimpleNamespace(workerinput={}) if shared else SimpleNamespace()
    items = list(COLLECTED)
    conftest.pytest_collection_modifyitems(config, items)
    assert items == (longest_first(COLLECTED) if shared else COLLECTED)
