"""The process that marks may be lost: it is tried again, and then there is a reason."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from instructor.content import ROOT
from instructor.course import finding, marking, models, pool, running, workers
from instructor.course.jobs import Ahead, Job, NotMarked, digest
from instructor.course.judging.sandbox import Unfit
from tests.classes import hand_in

JOB = Job("ada", "03_dropout", b"{", "", 1, False)
READY = "import os, pathlib, pickle, sys, time; out = sys.stdout.buffer; pickle.dump(None, out)\n"
ASKED = "out.flush(); job = pickle.load(sys.stdin.buffer)\n"
ANSWER = "pickle.dump({'student': job.student}, out); out.flush(); time.sleep(60)"


def test_whoever_sends_submissions_loads_no_pytorch() -> None:
    code = "import sys, instructor.course.grade, instructor.course.regrade; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    loaded = said.stdout.decode().split()
    assert "instructor.course.workers" in loaded
    assert "torch" not in loaded


@pytest.fixture
def stands_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Other programs in the place of the one that marks; none of them is left."""

    def instead(code: str) -> None:
        monkeypatch.setattr(workers, "COMMAND", [sys.executable, "-c", code])

    yield instead
    workers.release()
    assert not workers._all


def test_a_process_that_is_lost_is_tried_once_more(stands_in, tmp_path: Path) -> None:
    trace = tmp_path / "was here"
    dies = (
        f"trace = pathlib.Path({str(trace)!r})\nif not trace.exists(): trace.touch(); os._exit(1)\n"
    )
    stands_in(READY + ASKED + dies + ANSWER)
    assert workers.mark(JOB) == {"student": "ada"}
    assert trace.exists()


def test_one_that_is_lost_twice_has_a_reason(stands_in) -> None:
    stands_in(READY + ASKED + "os._exit(1)")
    with pytest.raises(NotMarked, match="was lost twice"):
        workers.mark(JOB)


def test_half_an_answer_is_none(stands_in) -> None:
    stands_in(READY + ASKED + "out.write(pickle.dumps({'a': 'b' * 99})[:50]); out.flush()")
    with pytest.raises(NotMarked, match="was lost twice"):
        workers.mark(JOB)


def test_a_process_that_does_not_start_stops_the_run(stands_in) -> None:
    stands_in("import sys; sys.exit(3)")
    with pytest.raises(Unfit, match="does not start"):
        workers.mark(JOB)


def test_what_is_under_way_ends_with_the_run(stands_in, tmp_path: Path) -> None:
    trace = tmp_path / "was here"
    stands_in(READY + ASKED + f"pathlib.Path({str(trace)!r}).touch(); time.sleep(60)")
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(workers.mark, JOB)
        while not trace.exists():
            assert not future.done()
        workers.release()
        with pytest.raises(NotMarked):
            future.result(timeout=30)


def test_a_process_of_an_earlier_run_is_replaced_where_it_has_another_course(stands_in) -> None:
    refuses = "pickle.dump(Unfit('another course'), out); out.flush(); time.sleep(60)"
    refuses = "from instructor.course.judging.sandbox import Unfit\n" + refuses
    first = READY + ASKED + ANSWER.replace("time.sleep(60)", "pickle.load(sys.stdin.buffer)\n")
    stands_in(first + refuses)
    assert workers.mark(JOB)
    stands_in(READY + ASKED + ANSWER)
    assert workers.mark(JOB) == {"student": "ada"}
    workers.release()
    stands_in(READY + ASKED + refuses)
    with pytest.raises(Unfit, match="another course"):
        workers.mark(JOB)


def asked_first(folder: Path) -> str:
    """Code that notes in a folder what its process is asked first."""
    note = f"pathlib.Path({str(folder)!r}, str(os.getpid())).write_text(type(job).__name__)\n"
    return READY + ASKED + note + "pickle.dump(None, out); out.flush(); time.sleep(60)"


def told(folder: Path, count: int) -> list[str]:
    """The notes of so many processes, as soon as they are there."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        notes = [path.read_text() for path in folder.iterdir()]
        if len(notes) == count and all(notes):
            return notes
        time.sleep(0.01)
    raise AssertionError(f"after a minute there are the notes {notes}")


def test_processes_start_before_the_first_job_if_it_is_known_what_they_need(
    stands_in, tmp_path: Path
) -> None:
    stands_in(asked_first(tmp_path))
    with pool.started(workers.processes, 2):
        assert not workers._all
    with pool.started(workers.processes, 2, Ahead("03_dropout", "", False)):
        assert told(tmp_path, 2) == ["Ahead", "Ahead"]
    assert not workers._all


def test_no_process_is_left_of_a_run_that_ends_while_they_start(
    stands_in, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_in(asked_first(tmp_path))
    popen, begun, gate = subprocess.Popen, threading.Event(), threading.Event()
    started = []

    def slowly(*given: object, **options: object) -> object:
        begun.set()
        assert gate.wait(60)
        started.append(popen(*given, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(workers.subprocess, "Popen", slowly)
    with ThreadPoolExecutor(1) as other:
        with pool.started(workers.processes, 2, Ahead("03_dropout", "", False)) as crew:
            assert begun.wait(60)
            # The first is being started, and the second waits for its turn.
            other.submit(lambda: (time.sleep(0.2), gate.set()))
        crew.shutdown(wait=True)
    assert not workers._all
    assert all(process.poll() is not None for process in started)


def test_processes_start_while_the_model_answers_are_tried(
    stands_in, asked_once: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    stands_in(asked_first(notes))

    def tried(exercise: object) -> None:
        assert told(notes, 1) == ["Ahead"]
        raise ValueError("they have no full marks")

    monkeypatch.setattr(models, "full_marks", tried)
    for i in range(pool.WINDOW + 1):
        hand_in(tmp_path, f"s{i}", b"{")
    with pytest.raises(ValueError, match="no full marks"):
        running.grade(tmp_path, finding.submitted(tmp_path)[0], protected=False, workers=1)
    assert not list((tmp_path / "grades").rglob("*.json"))


def test_a_process_prepares_its_judge_and_its_host() -> None:
    try:
        marking.prepare(Ahead("03_dropout", digest("03_dropout"), False))
        assert marking._judge is not None
        assert marking._judge._host is not None
    finally:
        marking.release()


@pytest.mark.skipif(sys.platform != "linux", reason="the system chooses the cores")
def test_each_process_has_the_core_that_fewest_have(stands_in) -> None:
    stands_in(READY + "out.flush(); time.sleep(60)")
    here = os.sched_getaffinity(0)
    with ThreadPoolExecutor(4) as pool:
        processes = list(pool.map(lambda _: workers.Process(), range(2 * len(here))))
    used = [os.sched_getaffinity(process._process.pid) for process in processes]
    assert sorted(used, key=min) == [{core} for core in sorted(here) for _ in range(2)]
