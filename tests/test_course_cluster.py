"""A class that a Dask cluster marks has the marks that it has without one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from instructor.course import finding, marking, pool, running, scheduler
from instructor.course.__main__ import main
from instructor.course.judging.sandbox import Unfit
from instructor.course.scheduler import Cluster
from tests.classes import WHOLE, graded, hand_in, scores, snapshot
from tests.stand_in_judges import dies_once

distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a scheduler answers that has two worker processes, each with one thread."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def graded_there(folder: Path, address: str) -> running.Run:
    found, _ = finding.submitted(folder)
    cluster = Cluster(address)
    assert cluster.threads == 2
    return running.grade(folder, found, protected=False, workers=2, make=lambda _: cluster, seed=1)


def same(one: Path, other: Path) -> None:
    assert scores(one) == scores(other)
    for kind in ("grades", "autograded", "submitted"):
        assert snapshot(one / kind) == snapshot(other / kind)


def test_a_cluster_marks_as_this_computer_does(
    address: str, asked_once: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, here = tmp_path / "a class", tmp_path / "here"
    for folder in (there, here):
        hand_in(folder, "ada", WHOLE)
    assert main(["grade", str(there), "--scheduler", address, "--no-sandbox", "--seed", "1"]) == 0
    monkeypatch.setattr(pool, "mark", marking.mark)
    graded(here)
    marking.release()
    same(there, here)


def test_what_a_worker_was_at_when_it_died_goes_to_another(
    address: str, quick_class: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "a worker has died"
    hand_in(quick_class, "dora", WHOLE + f"dies once: {trace}".encode())
    monkeypatch.setattr(pool, "mark", dies_once)
    run = graded_there(quick_class, address)
    assert trace.exists()
    assert (run.fresh, run.unread) == (4, [])
    other = tmp_path / "undisturbed"
    for place in (quick_class / "submitted").iterdir():
        hand_in(other, place.name, next(place.rglob("*.ipynb")).read_bytes())
    graded(other)
    same(quick_class, other)


def test_a_worker_with_another_course_refuses(
    address: str, asked_once: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "ada", WHOLE)
    monkeypatch.setattr(running, "digest", lambda exercise: "of another course")
    with pytest.raises(Unfit, match=r"the course on .* is another than the one that sends"):
        graded_there(tmp_path, address)
    assert not (tmp_path / "grades").exists()


def test_what_is_missing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(tmp_path, "ada", WHOLE)
    monkeypatch.setattr(scheduler, "WAIT", 0.2)
    command = ["grade", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"]
    assert main(command) == 2
    assert "no scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(command) == 2
    assert scheduler.INSTALL in capsys.readouterr().err
