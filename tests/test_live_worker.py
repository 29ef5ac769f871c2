"""The thread that works for a panel: the newest job wins, and an error does not end it."""

import sys
import threading

from course_utils.live.worker import Worker
from tests.small_panels import WAIT


def test_the_newest_job_wins_and_the_one_before_is_closed():
    began, order = threading.Event(), []
    worker = Worker(on_error=order.append)

    def endless():
        try:
            while True:
                began.set()
                yield 60.0  # a rest that a newer job cuts short
        finally:
            order.append("closed")

    def note(name):
        def job():
            order.append(name)
            yield 0.0

        return job

    worker.submit(endless)
    assert began.wait(WAIT)
    worker.submit(note("last"))
    assert worker.wait(WAIT)
    assert order == ["closed", "last"]
    assert not worker.busy


def test_jobs_that_never_began_are_dropped():
    began, gate, order = threading.Event(), threading.Event(), []

    def busy():
        began.set()
        assert gate.wait(WAIT)
        yield 0.0

    worker = Worker(on_error=order.append)
    worker.submit(busy)
    assert began.wait(WAIT)
    for name in range(50):
        worker.submit(lambda name=name: iter_once(order, name))
    gate.set()
    assert worker.wait(WAIT)
    assert order == [49]


def iter_once(order, name):
    order.append(name)
    yield 0.0


def test_a_worker_survives_an_error_and_a_cancel():
    errors, done = [], []
    worker = Worker(on_error=errors.append)

    def fails():
        yield 0.0
        raise KeyError("lost")

    worker.submit(fails)
    assert worker.wait(WAIT)
    assert isinstance(errors[0], KeyError)
    worker.cancel()
    worker.submit(lambda: iter_once(done, "after"))
    assert worker.wait(WAIT)
    assert done == ["after"]


def test_a_job_that_exits_does_not_end_the_thread_that_works():
    errors, done = [], []

    def exits():
        yield 0.0
        sys.exit("enough")

    def works():
        done.append(True)
        yield 0.0

    def tell(error):
        errors.append(str(error))
        raise OSError("the connection is gone")

    worker = Worker(tell)
    usual, threading.excepthook = (
        threading.excepthook,
        lambda told: errors.append(str(told.exc_value)),
    )
    try:
        worker.submit(exits)
        assert worker.wait(WAIT)
        worker._thread.join(WAIT)
        worker.submit(works)
        assert worker.wait(WAIT)
    finally:
        threading.excepthook = usual
    assert errors == ["enough", "the connection is gone"]
    assert done == [True]
