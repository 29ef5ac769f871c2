"""The benchmarks run and say what they must; how fast anything is, is not tested here."""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient.exceptions import CellExecutionError
from scipy.stats import ttest_ind

from benchmarks import __main__ as command
from benchmarks import fleets, notebooks, torch_fleet, training
from benchmarks.workers import Setting, Worker, has_jax

JAX_PYTHON = os.environ.get(training.JAX_VARIABLE, sys.executable)


def last_line(printed: str) -> dict[str, Any]:
    return json.loads(printed.splitlines()[-1])


# --- the command ----------------------------------------------------------------------------------


def test_without_a_name_it_lists_the_benchmarks(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    printed = capsys.readouterr().out
    for name, line in command.BENCHMARKS.items():
        assert f"{name} " in printed
        assert line in printed


def test_an_unknown_name_is_answered_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["trainning"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no benchmark 'trainning'" in printed.err
    assert "training " in printed.err


@pytest.mark.parametrize("name", command.BENCHMARKS)
def test_every_name_has_its_module(name: str) -> None:
    assert find_spec(f"benchmarks.{name}") is not None


def test_the_last_line_is_json_and_options_are_passed_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[list[str]] = []

    def main(argv: list[str]) -> dict[str, float | None]:
        seen.append(argv)
        print("a table")
        return {"ratio": 2.5, "unknown": None}

    monkeypatch.setitem(sys.modules, "benchmarks.fake", SimpleNamespace(main=main))
    monkeypatch.setitem(command.BENCHMARKS, "fake", "made up")
    assert command.main(["fake", "--repeats", "3"]) == 0
    assert seen == [["--repeats", "3"]]
    assert last_line(capsys.readouterr().out) == {"ratio": 2.5, "unknown": None}


# --- training -------------------------------------------------------------------------------------


RATIOS = {
    "fleet_vs_loops",
    "unscored_fleet_vs_loops",
    "fleet_vs_fits",
    "fleet_vs_jax_warm",
    "fleet_vs_jax_first",
    "fleet_vs_products",
    "fit_vs_bare",
    "fit_vs_bare_scored",
    "fit_vs_tutorial",
    "fit_vs_tutorial_scored",
}


@pytest.mark.slow
def test_training_runs_and_ends_with_its_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["training", "--quick", "--jax-python", JAX_PYTHON]) == 0
    printed = capsys.readouterr().out
    found = last_line(printed)
    assert set(found) == RATIOS
    with_jax = has_jax(JAX_PYTHON)
    for name, value in found.items():
        if "jax" in name and not with_jax:
            assert value is None
        else:
            assert isinstance(value, float)
            assert value > 0
    assert ("JAX, first call" in printed) == with_jax
    for row in ("tutorial loop, batch 10 ", "fit, batch 128, scoring taken out", "plain loops"):
        assert row in printed


def test_the_main_fleet_is_the_one_that_the_last_line_promises() -> None:
    dropouts, hidden = fleets.MAIN
    setting = Setting(dropouts, hidden, data="")
    assert (setting.members, setting.hidden, setting.epochs) == (32, 64, 80)


def test_repeats_must_be_positive(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        training.main(["--repeats", "0"])
    assert "at least 1, got 0" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not has_jax(JAX_PYTHON), reason="JAX is not installed")
def test_jax_trains_the_same_fleet(tmp_path: Path) -> None:
    data = torch_fleet.digits(500)
    file = str(tmp_path / "digits.npz")
    torch_fleet.save(data, file)
    setting = Setting((0.0, 0.5), 64, file, seeds=16, epochs=20)
    with Worker(JAX_PYTHON, fleets.JAX) as jax:
        jax.train(setting)
        theirs = np.array(jax.curves)
    ours = torch_fleet.curves(torch_fleet.our_fleet(setting, data))
    assert theirs.shape == ours.shape == (2, 16, 21, 4)
    # The random numbers are others, so the means over seeds differ by chance, and by no more. Over
    # all comparisons chance alone fails once in 10,000 draws (Bonferroni); a learning rate of 1.3
    # times, p = 0.4 for 0.5 or 56 units for 64 give p values from 3e-7 down.
    looked_at = [0, 1, 2, 5, 10, 20]
    p_values = ttest_ind(ours, theirs, axis=1, equal_var=False).pvalue[:, looked_at]
    assert p_values.min() > 1e-4 / p_values.size
    # Both learn, and dropout costs both the same in training.
    assert ours[..., -1, 3].mean() > 0.8
    assert theirs[..., -1, 3].mean() > 0.8


# --- notebooks ------------------------------------------------------------------------------------


def write_notebook(path: Path, *cells: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbformat.write(notebook, path)


def test_without_notebooks_there_is_nothing_to_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["notebooks", "--root", str(tmp_path)]) == 0
    found = last_line(capsys.readouterr().out)
    assert found == {"total_s": 0, "slowest_s": None, "slowest": None}


@pytest.mark.slow
def test_each_notebook_is_timed_and_left_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which of two kernels starts sooner is chance: a minute more than it took tells them apart.
    execute = notebooks.execute
    monkeypatch.setattr(
        notebooks, "execute", lambda path: execute(path) + 60 * (path.parent.name == "notebooks")
    )
    write_notebook(tmp_path / "notebooks/01_a.ipynb", "import time; time.sleep(0.5)")
    write_notebook(tmp_path / "exercises/01_a/01_a.ipynb", "1 + 1")
    before = (tmp_path / "notebooks/01_a.ipynb").read_bytes()
    assert command.main(["notebooks", "--root", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    found = last_line(printed)
    assert set(found) == {"total_s", "slowest_s", "slowest"}
    assert found["slowest"] == "notebooks/01_a.ipynb"
    assert found["total_s"] > found["slowest_s"] > 60.5
    assert "exercises/01_a/01_a.ipynb" in printed
    assert (tmp_path / "notebooks/01_a.ipynb").read_bytes() == before


def test_names_choose_notebooks(tmp_path: Path) -> None:
    for name in ("notebooks/01_a", "notebooks/02_b", "solutions/02_b/02_b"):
        write_notebook(tmp_path / f"{name}.ipynb")
    found = notebooks.find(tmp_path, ["02"])
    assert [path.parent.name for path in found] == ["notebooks", "02_b"]
    assert notebooks.find(tmp_path, ["solutions/"]) == found[1:]
    assert len(notebooks.find(tmp_path, [])) == 3


def test_a_lesson_that_fails_is_no_measurement(tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks/01_a.ipynb", "1 / 0")
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        notebooks.main(["--root", str(tmp_path)])
