"""What is new in the course is in every place that it needs, and a forgotten place is named.

Each kind is tried out in a scratch copy: one is added, and nothing else is touched but its places.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import forgotten_datasets, forgotten_lessons, forgotten_regularizers
from tests.test_sweep_fleet import CELL

ROOT = Path(__file__).resolve().parents[1]

FOLDERS = ("course_utils", "tests", "notebooks", "instructor", "claims")

RINGS = '''

def rings(n: int = 200, noise: float = 0.05, seed: int = 0) -> Dataset:
    """Two rings, one in the other, x [n, 2]."""

    def draw(stream: str, seed: int, n: int) -> Points:
        label = np.arange(n) % 2
        angle = 2 * np.pi * uniforms(f"rings {stream}", seed, n)
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        away = noise * normals(f"rings {stream} noise", seed, n, 2)
        return (1.0 - 0.6 * label)[:, None] * circle + away, label

    return _dataset("rings", draw, check_count(n, "n"), seed, num_classes=2)
'''

LARGEST = '''

def largest_weight(model: nn.Module) -> Tensor:
    """The largest absolute weight, a scalar."""
    return torch.stack([w.abs().max() for _, w in penalized_weights(model)]).max()
'''


def test_nothing_is_forgotten() -> None:
    forgotten = [*forgotten_lessons(ROOT), *forgotten_datasets(ROOT), *forgotten_regularizers(ROOT)]
    assert forgotten == []


def test_the_panel_that_is_shown_whole_is_the_one_that_is_tested() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert ast.dump(ast.parse(shown)) == ast.dump(ast.parse(CELL))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The course, with a space in its path, without what git ignores."""
    skip = shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info")
    made = tmp_path / "a copy"
    for name in filter(lambda name: (ROOT / name).is_dir(), FOLDERS):
        shutil.copytree(ROOT / name, made / name, ignore=skip)
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, made)
    return made


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


def pytest_in(folder: Path, *arguments: str) -> str:
    """What pytest says of the tests in a copy of the course."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_lesson_needs_five_places(copy: Path) -> None:
    name = "09_label_smoothing"
    write(copy / f"notebooks/{name}.ipynb", "{}")
    (copy / "instructor").mkdir(exist_ok=True)
    places = {
        copy / "tests/test_lesson_09.py": "its tests",
        copy / "claims/lesson_09.py": "its claims",
        copy / f"instructor/tasks/{name}/exercise.toml": "its exercise",
    }
    for path, what in places.items():
        assert any(what in sentence for sentence in forgotten_lessons(copy))
        write(path, "")
        assert not any(what in sentence for sentence in forgotten_lessons(copy))
    (last,) = forgotten_lessons(copy)
    assert "README.md has no row" in last
    row = "| [08 Regularization today]"
    edit(copy / "README.md", row, f"| [09 Label smoothing](notebooks/{name}.ipynb) | |\n{row}")
    assert list(forgotten_lessons(copy)) == []


@pytest.mark.slow
def test_a_data_set_needs_five_places(copy: Path) -> None:
    package, tests = copy / "course_utils/data", copy / "tests/test_data.py"
    made = (package / "synthetic.py").read_text(encoding="utf-8")
    write(package / "synthetic.py", made + RINGS)
    registered, documented, tested = forgotten_datasets(copy)
    assert "DATASETS" in registered
    assert "docstring of load_dataset" in documented
    assert "tests/test_data*.py" in tested
    init = package / "__init__.py"
    edit(init, "import moons, polynomial, spirals", "import moons, polynomial, rings, spirals")
    spirals = '    "spirals": lambda'
    edit(init, spirals, f'    "rings": lambda: rings(1000),\n{spirals}')
    edit(init, '"moons" or "spirals"', '"moons", "rings" or "spirals"')
    with tests.open("a", encoding="utf-8") as file:
        file.write(
            "\n\ndef test_rings_are_two():\n"
            "    assert load_dataset('rings').y_train.bincount().tolist() == [500, 500]\n"
        )
    assert list(forgotten_datasets(copy)) == []
    # Its own test passes, and so do those of every data set, which know it by themselves.
    files = ("tests/test_data.py", "tests/test_data_subsets.py")
    said = pytest_in(copy, *files, "-v", "-k", "rings")
    assert "test_rings_are_two PASSED" in said
    assert said.count("rings] PASSED") == 5


@pytest.mark.slow
def test_a_regularizer_needs_four_places(copy: Path) -> None:
    module = copy / "course_utils/regularizers.py"
    write(module, module.read_text(encoding="utf-8") + LARGEST)
    tested, fuzzed = forgotten_regularizers(copy)
    assert "tests/test_regulariz*.py" in tested
    assert "tests/fuzzing/parts.py" in fuzzed
    parts = copy / "tests/fuzzing/parts.py"
    edit(parts, "import elastic_net, l1_penalty", "import elastic_net, largest_weight, l1_penalty")
    edit(
        parts,
        '        "l1": l1_penalty,',
        '        "l1": l1_penalty,\n        "max": largest_weight,',
    )
    with (copy / "tests/test_regularizers.py").open("a", encoding="utf-8") as file:
        file.write(
            "\n\ndef test_largest_weight(model):\n"
            "    from course_utils.regularizers import largest_weight\n\n"
            "    assert largest_weight(model) == max(w.abs().max() for w in weights(model))\n"
        )
    assert list(forgotten_regularizers(copy)) == []
    assert "1 passed" in pytest_in(copy, "tests/test_regularizers.py", "-k", "largest")
