"""Test, before a class is graded, that the model answers get full marks."""

from __future__ import annotations

from instructor.content import Exercise


def full_marks(exercise: Exercise) -> None:
    """Run each task's model answer through its checks, in this process.

    Raises:
        ValueError: One does not; the message names the task and has the checks' messages.
    """
    import torch

    from instructor.course.judging.watching import seeded
    from instructor.trial import Trial

    trial, usual = Trial(exercise), torch.get_num_threads()
    for task in exercise.tasks:
        torch.set_num_threads(1)  # as for a class; two that wait for each other count as work
        try:
            with seeded(0):
                result = trial.of_source(task, task.model_answer)
        finally:
            torch.set_num_threads(usual)
        if not result.full:
            raise ValueError(
                f"the model answer of {task.name} in {exercise.name} gets {result.marks:g} of "
                f"{result.of:g} marks, so nothing was graded; mend the check or the answer in "
                f"instructor/tasks/{exercise.name}/{task.name}, and try it with `course try`. "
                f"What was said:\n{result.said}"
            )
