"""A sweep without a browser: it trains once, turns pages, and the newest setting wins."""

import pytest

from course_utils import live
from tests.small_panels import WAIT, AtBar, make_sweep


def test_a_sweep_trains_once_and_then_turns_pages(trainer, closing):
    panel = make_sweep(trainer)
    seen = set()
    for value in (0.0, 0.5, 1.0):
        panel.controls["p"].value = value
        panel.wait(WAIT)
        assert panel.text == f"p = {value}, noise = 0.0, epoch 3"
        seen.add(panel.image)
    assert len(seen) == 3
    assert trainer.runs == [0.0]
    assert panel.result == {"epoch": 3, "noise": 0.0}
    assert [page["text"] for page in panel.view.pages] == [
        f"p = {value}, noise = 0.0, epoch 3" for value in (0.0, 0.5, 1.0)
    ]


def test_another_control_trains_again_and_what_was_trained_is_kept(trainer, closing):
    panel = make_sweep(trainer)
    before = panel.image
    panel.controls["noise"].value = 0.2
    panel.wait(WAIT)
    assert panel.text == "p = 0.0, noise = 0.2, epoch 3"
    assert panel.image != before
    panel.controls["noise"].value = 0.0
    panel.wait(WAIT)
    assert panel.image == before
    assert trainer.runs == [0.0, 0.2]


def test_the_newest_setting_wins_and_the_old_run_is_cancelled(trainer, closing):
    panel = make_sweep(trainer)
    trainer.hold(0.2)
    panel.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    assert panel.status == "training: epoch 0 of 3"
    panel.controls["noise"].value = 0.4
    trainer.gates[0.2].set()
    panel.wait(WAIT)
    assert trainer.ended == [(0.0, "done"), (0.2, "cancelled"), (0.4, "done")]
    assert panel.text == "p = 0.0, noise = 0.4, epoch 3"
    assert panel.status == ""
    assert panel.view.progress == -1


def test_while_it_trains_a_panel_shows_the_new_run_and_turns_its_pages(trainer, closing):
    panel = make_sweep(trainer)
    trainer.hold(0.2)
    panel.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    assert panel.text.startswith("training: epoch 0 of 3; ")  # and no numbers, which may turn
    assert panel.view.progress == 0
    assert panel.view.pages[2] is None  # nothing of the old settings is left
    panel.controls["p"].value = 1.0  # turned while the run waits: drawn at its next step
    trainer.gates[0.2].set()
    panel.wait(WAIT)
    assert panel.text == "p = 1.0, noise = 0.2, epoch 3"


def test_an_error_in_the_background_is_shown_raised_and_forgotten_by_success(trainer, closing):
    panel = make_sweep(trainer)
    trainer.fail_at[0.2] = ArithmeticError("the loss is not a number")
    panel.controls["noise"].value = 0.2
    with pytest.raises(ArithmeticError, match="not a number"):
        panel.wait(WAIT)
    assert isinstance(panel.error, ArithmeticError)
    assert panel.view.error == "ArithmeticError: the loss is not a number"
    assert "in __call__" in panel.view.trace
    assert panel.status == ""
    stopped = (
        "the training was stopped by an error; the picture shows epoch 0 of 3; "
        "move noise to train with other settings, or run the cell again"
    )
    assert panel.text == stopped
    assert panel.view.pages[0]["text"] == panel.view.newest["text"] == stopped
    panel.controls["noise"].value = 0.4
    panel.wait(WAIT)
    assert panel.text == "p = 0.0, noise = 0.4, epoch 3"
    assert panel.error is None
    assert panel.view.error == ""


def test_an_error_before_anything_is_drawn_leaves_the_text_of_the_picture(closing):
    def train(noise):
        if noise:
            raise ArithmeticError("the loss is not a number")
        yield {"epoch": 3}

    panel = live.sweep(train, AtBar(), name="p", values=[0.0, 1.0], controls={"noise": [0.0, 0.2]})
    panel.controls["noise"].value = 0.2
    with pytest.raises(ArithmeticError, match="not a number"):
        panel.wait(WAIT)
    assert panel.text == "p = 0.0, noise = 0.0, epoch 3"


def test_without_another_control_only_the_cell_can_train_again(trainer, closing):
    trainer.fail_at[0.0] = ArithmeticError("the loss is not a number")
    with pytest.raises(ArithmeticError, match="not a number"):
        live.sweep(trainer, AtBar(), name="p", values=[0.0, 1.0])
    (panel,) = live.open_panels()
    assert panel.text == (
        "the training was stopped by an error; the picture shows epoch 0; run the cell again"
    )


def test_an_error_in_the_first_run_fails_the_call(trainer, closing):
    trainer.fail_at[0.0] = ArithmeticError("the loss is not a number")
    with pytest.raises(ArithmeticError, match="not a number"):
        make_sweep(trainer)


def test_an_interrupt_says_where_it_stopped(trainer, closing):
    trainer.fail_at[0.0] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt, match=r"^stopped at epoch 0 of 3; run the cell again$"):
        make_sweep(trainer)
    (panel,) = live.open_panels()
    assert panel.status == "stopped at epoch 0 of 3; run the cell again"
    assert panel.text == (
        "the training was stopped; the picture shows epoch 0 of 3; run the cell again"
    )
    assert panel.view.pages[0]["text"] == panel.text
    assert panel.view.error == ""
    trainer.fail_at.clear()
    assert make_sweep(trainer).text == "p = 0.0, noise = 0.0, epoch 3"


def test_each_page_says_what_it_answers(trainer, closing):
    panel = make_sweep(trainer)
    assert [page["indices"] for page in panel.view.pages] == [{"p": 0, "noise": 0}] * 3
    trainer.hold(0.2)
    panel.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    assert panel.view.newest["indices"] == {"p": 0, "noise": 1}
    panel.controls["noise"].value = 0.0  # seen before
    trainer.gates[0.2].set()
    panel.wait(WAIT)
    assert panel.view.pages[1]["indices"]["noise"] == 0


def test_a_broken_drawing_fails_the_call(trainer, closing):
    class Broken(AtBar):
        def update(self, at):
            raise KeyError("no such curve")

    with pytest.raises(KeyError, match="no such curve"):
        live.sweep(trainer, Broken(), name="p", values=[0, 1])


def test_a_training_that_yields_nothing_is_named(closing):
    with pytest.raises(ValueError, match=r"must yield at least one state.*iter_fleet"):
        live.sweep(list, AtBar(), name="p", values=[0, 1])


def test_what_the_cell_trained_stays_at_hand_wherever_the_controls_go(trainer, closing):
    panel = make_sweep(trainer)
    first = panel.result
    panel.controls["noise"].value = 0.2
    panel.wait(WAIT)
    assert panel.result["noise"] == 0.2
    assert panel.first_result is first


def test_the_progress_says_what_is_counted(trainer, closing):
    panel = make_sweep(trainer, counted="seed")
    trainer.hold(0.2)
    panel.controls["noise"].value = 0.2
    assert trainer.reached[0.2].wait(WAIT)
    assert panel.status == "training: seed 0 of 3"
    trainer.gates[0.2].set()
    panel.wait(WAIT)


def test_what_the_cell_trained_is_kept_though_a_control_has_moved_meanwhile(closing):
    def train(noise):
        for epoch in range(4):
            if noise == 0.0 and epoch == 2:  # in the cell
                (panel,) = (one for one in live.open_panels() if one.view.title == "moved")
                panel.controls["noise"].value = 0.2
            yield {"epoch": epoch, "noise": noise}

    panel = make_sweep(train, title="moved")
    panel.wait(WAIT)
    assert panel.result["noise"] == 0.2
    assert panel.first_result == {"epoch": 3, "noise": 0.0}
