"""The places that a new lesson, data set or regularizer needs, and which of them were forgotten.

The files are read, not imported, so that a copy of the course can be asked as well. CONTRIBUTING.md
has the same places in words.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

#: Where each lesson needs a file of its own: {name} is that of its notebook, {number} its number.
OF_A_LESSON = {
    "tests/test_lesson_{number}.py": "its tests",
    "claims/lesson_{number}.py": "its claims",
    "instructor/tasks/{name}/exercise.toml": "its exercise",
}


def forgotten_lessons(root: Path) -> Iterator[str]:
    """What the notebooks of `root` lack, a sentence each."""
    readme = _read(root / "README.md")
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        name = notebook.stem
        for pattern, what in OF_A_LESSON.items():
            place = pattern.format(name=name, number=name[:2])
            if place.startswith("instructor/") and not (root / "instructor").is_dir():
                continue  # a copy for students
            if not (root / place).is_file():
                yield f"lesson {name}: {what} ({place}) are not there"
        if f"(notebooks/{name}.ipynb)" not in readme:
            yield f"lesson {name}: README.md has no row for it in its table"


def forgotten_datasets(root: Path) -> Iterator[str]:
    """What the functions of `root` that make a Dataset lack, a sentence each."""
    package = root / "course_utils" / "data"
    init = _read(package / "__init__.py")
    table = next(
        node.value
        for node in ast.parse(init).body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "DATASETS"
    )
    assert isinstance(table, ast.Dict)
    named = {ast.literal_eval(key) for key in table.keys if key is not None}
    documented = ast.get_docstring(_functions(init)["load_dataset"]) or ""
    tests = _tests(root, "test_data*.py", "download/test_*.py")
    for module in ("synthetic.py", "images.py", "language.py"):
        for name, function in _functions(_read(package / module)).items():
            if name.startswith("_") or _returned(function) != "Dataset":
                continue
            if name not in named:
                yield f"data set {name}: DATASETS in course_utils/data/__init__.py lacks it"
            if f'"{name}"' not in documented:
                yield f"data set {name}: the docstring of load_dataset does not name it"
            if not _mentions(tests, name):
                yield f"data set {name}: no test in tests/test_data*.py is about it"


def forgotten_regularizers(root: Path) -> Iterator[str]:
    """What the functions and classes of course_utils/regularizers.py lack, a sentence each."""
    tests = _tests(root, "test_regulariz*.py", "test_early_stopping.py", "test_bad_input.py")
    fuzzed = _read(root / "tests" / "fuzzing" / "parts.py")
    for name, node in _functions(_read(root / "course_utils" / "regularizers.py")).items():
        if name.startswith("_"):
            continue
        if not _mentions(tests, name):
            yield f"regularizer {name}: no test in tests/test_regulariz*.py is about it"
        if _is_penalty(node) and not _mentions(fuzzed, name):
            yield f"regularizer {name}: tests/fuzzing/parts.py never trains a fleet with it"


def _is_penalty(node: ast.AST) -> bool:
    """Whether it takes a model first and returns a number: what `fit` takes as a penalty."""
    if not isinstance(node, ast.FunctionDef) or not node.args.args:
        return False
    first = node.args.args[0].annotation
    takes_a_model = first is not None and ast.unparse(first) == "nn.Module"
    return takes_a_model and _returned(node) == "Tensor"


def _returned(node: ast.AST) -> str | None:
    """The annotation of what a function returns."""
    returns = getattr(node, "returns", None)
    return None if returns is None else ast.unparse(returns)


def _functions(source: str) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    body = ast.parse(source).body
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _tests(root: Path, *patterns: str) -> str:
    paths = [path for pattern in patterns for path in sorted((root / "tests").glob(pattern))]
    return "\n".join(map(_read, paths))


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
