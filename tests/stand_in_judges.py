"""What stands for the judge where a test is not about marks; a cluster's workers import it."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from instructor import content
from instructor.course import jobs, records
from instructor.course.jobs import Job, NotMarked

exercise = functools.cache(content.read)


def counted(job: Job) -> dict[str, object]:
    """Nothing is worth anything."""
    content = exercise(job.exercise)
    if b"the judge fails here" in job.data:
        raise NotMarked("the course's fault")
    tasks = [
        records.Task(t.name, "prose", t.title, records.WAITS, None, t.points, answer="An answer.")
        if t.prose
        else records.Task(
            *(t.name, "code", t.title, records.MARKED, 0.0, t.points),
            checks=tuple(records.Check(c.grade_id, c.points, 0.0, "no", "") for c in t.checks),
        )
        for t in content.parts
    ]
    return jobs.record_of(job, tuple(tasks)).as_json()


def dies_once(job: Job) -> dict[str, object]:
    """The first worker that gets a notebook with a place for its trace ends at once."""
    _, _, place = job.data.partition(b"dies once: ")
    if place and not (trace := Path(os.fsdecode(place))).exists():
        trace.touch()
        os._exit(1)
    return counted(job)
