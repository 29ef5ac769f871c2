"""The floors of the package: an import goes down or sideways, never up, and never in a circle."""

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from course_utils.tooling.environment import package_names

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "course_utils"
INSTRUCTOR = ROOT / "instructor"

FLOORS = {
    "budget": 0,
    "tracebacks": 0,
    "history": 0,
    "random_streams": 0,
    "data": 0,
    "models": 1,
    "regularizers": 1,
    "augmentation": 1,
    "snapshot": 1,
    "argument_checks": 2,
    "fast_paths": 2,
    "scoring": 2,
    "training": 2,
    "fleet": 2,
    "comparison": 3,
    "evidence": 3,
    "experiments": 3,
    "figures": 3,
    "plots": 3,
    "loss_log": 3,
    "search": 3,
    "live": 4,
    "panels": 5,
}
# Beside the house: what each may use. No floor may use them.
BESIDE = {
    "checks": {module for module, floor in FLOORS.items() if floor <= 2},
    "exercises": {"checks", *(module for module, floor in FLOORS.items() if floor <= 3)},
    "blanks": {"checks", "exercises", *(module for module, floor in FLOORS.items() if floor <= 3)},
    "tooling": set[str](),
    "grading": set[str](),
}
# Only these may rely on what an extra brings; students have none of it.
EXTRAS = {"tooling": ["dev"]}
WIDGET_LIBRARIES = {"ipywidgets", "anywidget", "traitlets", "ipyevents"}
DISTRIBUTIONS = {"PIL": "pillow", "IPython": "ipython"}  # imported under another name
WIDGET_MODULES = {"live", "panels"}


def imported(source: str, package: str) -> set[str]:
    """Dotted names that a file imports, wherever in it; `package` resolves its relative ones."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, (base, node.module)))
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def home_of(path: Path, package: Path) -> str:
    """The module of the floor plan that a file belongs to; "" for the package's own __init__."""
    top = path.relative_to(package).parts[0]
    return "" if top == "__init__.py" else top.removesuffix(".py")


def uses(package: Path) -> dict[Path, set[str]]:
    """Every file of a package, with what it imports."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        dotted = ".".join(path.parent.relative_to(package.parent).parts)
        found[path] = imported(path.read_text(encoding="utf-8"), dotted)
    return found


def inside(names: set[str], package: str) -> set[str]:
    """Modules of the floor plan among imported names."""
    return {name.split(".")[1] for name in names if name.startswith(f"{package}.")}


def problems(package: Path) -> list[str]:
    """What breaks the rules, one sentence each."""
    found: list[str] = []
    graph: dict[str, set[str]] = {}
    known = {*FLOORS, *BESIDE}
    for path, names in uses(package).items():
        home = home_of(path, package)
        where = path.relative_to(package.parent).as_posix()
        targets = {name for name in inside(names, package.name) if name != home}
        if home == "":
            if targets:
                found.append(f"{where} imports {sorted(targets)}; start.py needs it to be light")
            continue
        if home not in known:
            found.append(f"{where}: put '{home}' on a floor of FLOORS in {Path(__file__).name}")
            continue
        graph.setdefault(home, set()).update(targets)
        for target in sorted(targets):
            if target not in known:
                if target != "__version__":
                    found.append(f"{where} imports '{target}', which is on no floor")
            elif home in BESIDE:
                if target not in BESIDE[home]:
                    found.append(f"{where} imports '{target}', which '{home}' may not use")
            elif target in BESIDE:
                found.append(f"{where} imports '{target}', which no floor may use")
            elif FLOORS[target] > FLOORS[home]:
                found.append(
                    f"{where} (floor {FLOORS[home]}) imports '{target}' (floor {FLOORS[target]}):"
                    " an import goes down, never up"
                )
        libraries = {name.split(".")[0] for name in names}
        for library in sorted(libraries & WIDGET_LIBRARIES):
            if home not in WIDGET_MODULES:
                found.append(f"{where} imports {library}; only live and panels may")
        if names & {"matplotlib.pyplot", "pylab", "matplotlib.pylab"}:
            found.append(
                f"{where} imports pyplot; use matplotlib.figure.Figure, which is no global"
            )
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"modules import each other in a circle: {' -> '.join(error.args[1])}")
    return found


def test_the_package_keeps_to_its_floors() -> None:
    assert problems(PACKAGE) == []


def write_package(folder: Path, files: dict[str, str]) -> Path:
    package = folder / "course_utils"
    for name, source in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"history.py": "from course_utils.training import fit"}, "down, never up"),
        ({"history.py": "from course_utils import training"}, "down, never up"),
        ({"history.py": "def f():\n    import course_utils.training"}, "down, never up"),
        ({"data/digits.py": "from ..models import MLP"}, "down, never up"),
        ({"data/digits.py": "from .. import models"}, "down, never up"),
        ({"novelty.py": ""}, "put 'novelty' on a floor"),
        ({"models.py": "import course_utils.novelty"}, "on no floor"),
        ({"fleet/run.py": "from course_utils.checks import check"}, "no floor may use"),
        ({"checks.py": "from course_utils.plots import curve"}, "may not use"),
        ({"tooling/pip.py": "import course_utils.data"}, "may not use"),
        ({"plots/style.py": "import matplotlib.pyplot as plt"}, "imports pyplot"),
        ({"plots/style.py": "from matplotlib import pyplot"}, "imports pyplot"),
        ({"plots/style.py": "import ipywidgets"}, "only live and panels"),
        ({"training.py": "from anywidget import AnyWidget"}, "only live and panels"),
        ({"__init__.py": "from course_utils.models import MLP"}, "to be light"),
        (
            {"plots/a.py": "import course_utils.evidence", "evidence.py": "from . import plots"},
            "in a circle",
        ),
    ],
)
def test_an_offender_is_rejected(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    found = problems(write_package(tmp_path, files))
    assert len(found) == 1
    assert complaint in found[0]


def test_what_is_allowed_passes(tmp_path: Path) -> None:
    package = write_package(
        tmp_path,
        {
            "__init__.py": '__version__ = "1"',
            "history.py": "import numpy",
            "data/__init__.py": "from course_utils.data.digits import load",
            "data/digits.py": "from . import files\nfrom .files import read",
            "fleet/run.py": "from course_utils.training import fit\nfrom course_utils import data",
            "live/panel.py": "import ipywidgets\nfrom course_utils.plots import style",
            "checks.py": "from course_utils.training import fit",
        },
    )
    assert problems(package) == []


def test_the_instructors_part_stands_apart() -> None:
    """Students do not have it, and what marks an answer needs no benchmark."""
    for package, others in ((PACKAGE, {"instructor", "benchmarks"}), (INSTRUCTOR, {"benchmarks"})):
        for path, names in uses(package).items():
            assert not others & {name.split(".")[0] for name in names}, path


CLUSTER = INSTRUCTOR / "course" / "scheduler.py"  # for instructors of thousands


def test_every_library_that_the_package_imports_is_declared() -> None:
    undeclared = {}
    for path, names in (uses(PACKAGE) | uses(INSTRUCTOR)).items():
        libraries = {name.split(".")[0] for name in names if name}
        libraries -= {*sys.stdlib_module_names, "course_utils", "instructor"}
        inside = path.is_relative_to(PACKAGE)
        extras = EXTRAS.get(home_of(path, PACKAGE), []) if inside else ["instructor"]
        if path == CLUSTER:
            extras = [*extras, "cluster"]
        declared = package_names(ROOT, extras)
        missing = {name for name in libraries if DISTRIBUTIONS.get(name, name) not in declared}
        if missing:
            undeclared[path.relative_to(ROOT).as_posix()] = sorted(missing)
    assert undeclared == {}, "put them into pyproject.toml, each with its reason"
