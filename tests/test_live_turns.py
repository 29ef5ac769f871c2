"""Several panels at once: one trains at a time, the others say that they wait."""

import threading

import pytest
import torch

from course_utils import live
from tests.small_panels import WAIT, AtBar, Trainer, make_sweep


def test_one_training_at_a_time_with_threads_set_on_purpose(closing):
    usual = torch.get_num_threads()
    at_once, most, threads = [0], [0], set()
    lock = threading.Lock()

    def train(noise):
        for epoch in range(4):
            with lock:
                at_once[0] += 1
                most[0] = max(most[0], at_once[0])
            threads.add(torch.get_num_threads())
            torch.randn(50, 50) @ torch.randn(50, 50)
            with lock:
                at_once[0] -= 1
            yield {"epoch": epoch}

    def panel():
        return live.sweep(
            train, AtBar(), name="p", values=[0.0, 1.0], controls={"noise": [0.0, 0.2]}
        )

    several = [panel() for _ in range(3)]
    for one in several:
        one.controls["noise"].value = 0.2
    for one in several:
        one.wait(WAIT)
    assert most == [1]
    assert threads == {live.training_threads()}
    assert torch.get_num_threads() == usual


def test_a_panel_that_waits_for_its_turn_says_so_and_can_change_its_mind(trainer, closing):
    first, second = make_sweep(trainer), make_sweep(other := Trainer())
    trainer.hold(0.2)
    first.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    waiting = threading.Event()
    second.view.observe(lambda change: "waiting" in change.new and waiting.set(), "status")
    second.controls["noise"].value = 0.2
    assert waiting.wait(WAIT)
    second.controls["noise"].value = 0.0  # seen before: needs no turn
    second.wait(WAIT)
    assert other.runs == [0.0]
    trainer.gates[0.2].set()
    first.wait(WAIT)


def test_wait_gives_up_in_words(trainer, closing):
    panel = make_sweep(trainer)
    trainer.hold(0.2)
    panel.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    with pytest.raises(TimeoutError, match=r"not done after 0.01 s \(its status: 'training"):
        panel.wait(0.01)
    trainer.gates[0.2].set()
    panel.wait(WAIT)
