"""Lesson 06: the recorded runs behind its panels, and the rule that the lesson writes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from course_utils import checks
from course_utils.data import Dataset, load_dataset
from course_utils.experiments.recorded_runs import (
    HIDDEN,
    SampleScores,
    Stops,
    record_runs,
    stops,
    too_early,
    too_late,
)
from course_utils.experiments.recorded_runs import LR as ADAM_LR
from course_utils.experiments.watched_samples import choose, draw_watched
from course_utils.live import Panel
from course_utils.models import MLP
from course_utils.panels import early_stopping
from course_utils.regularizers import early_stopping as rule_for_fit
from course_utils.regularizers import stopping_epoch
from course_utils.training import fit
from tests.lessons import Lesson, every_control_moves_the_picture
from tests.precision import float64, in_float64

NOISE = 0.2
EPOCHS, SEEDS = 12, 2


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return in_float64(load_dataset("digits", n_train=150))


@pytest.fixture(scope="module")
def runs(digits: Dataset) -> SampleScores:
    with float64():
        return record_runs(digits, (NOISE,), epochs=EPOCHS, seeds=SEEDS, progress=False)


@float64()
def trained_alone(digits: Dataset, seed: int, half: slice, **options: Any) -> Any:
    data = digits.with_label_noise(NOISE, seed)
    data = replace(data, x_val=data.x_val[half], y_val=data.y_val[half])
    torch.manual_seed(seed)
    model = MLP(data.input_shape, (HIDDEN, HIDDEN), 10)
    adam = torch.optim.Adam(model.parameters(), lr=ADAM_LR)
    return fit(model, data, optimizer=adam, epochs=EPOCHS, seed=seed, **options)


# The rule of the lesson.


def test_the_lessons_own_rule_passes_its_check_and_equals_the_packages(lesson: Lesson) -> None:
    checks.early_stopping(lesson["stopping_epoch"])
    rng = np.random.default_rng(0)
    for losses in rng.random((50, 20)).tolist():
        for patience in (1, 2, 4):
            theirs = stopping_epoch(losses, patience, 0.1)
            assert lesson["stopping_epoch"](losses, patience, 0.1) == theirs


@pytest.mark.parametrize("patience", [1, 2, 5])
@pytest.mark.parametrize("min_delta", [0.0, 0.3])
def test_pytorchs_scheduler_counts_the_same_with_a_patience_lower_by_one(
    lesson: Lesson, patience: int, min_delta: float
) -> None:
    records = [*torch.rand(30, 25).tolist(), [1.0] * 8, [1.0, float("nan"), 0.5, float("nan")]]
    for losses in records:
        theirs = lesson["plateau_epoch"](losses, patience, min_delta)
        assert theirs == stopping_epoch(losses, patience, min_delta)


# The record, and stopping on it.


def test_a_recorded_run_is_the_run_that_fit_trains(digits: Dataset, runs: SampleScores) -> None:
    middle = len(digits.y_val) // 2
    for seed in range(SEEDS):
        for half, (loss, accuracy) in (
            (slice(0, middle), runs.watched(NOISE)),
            (slice(middle, None), runs.fresh(NOISE)),
        ):
            alone = trained_alone(digits, seed, half)
            # A record keeps each sample's loss in float32.
            np.testing.assert_allclose(loss[seed], alone.val_loss, rtol=1e-7)
            np.testing.assert_allclose(accuracy[seed], alone.val_acc, rtol=1e-9)


def test_stopping_on_the_record_is_stopping_in_fit(digits: Dataset, runs: SampleScores) -> None:
    watched, _ = runs.watched(NOISE)
    # Loose enough that the rule fires within these few epochs.
    found = stops(stopping_epoch, watched, patience=2, min_delta=0.25)
    assert found.fired.all()
    half = slice(0, len(digits.y_val) // 2)
    for seed in range(SEEDS):
        alone = trained_alone(digits, seed, half, early_stopping=rule_for_fit(2, 0.25))
        assert alone.stopped_epoch == found.trained[seed]
        assert alone.restored_epoch == found.restored[seed]


def test_where_a_rule_stops_and_what_is_too_early_or_too_late() -> None:
    curves = np.array([[3.0, 2, 4, 4, 1], [3, 2, 2, 2, 2], [3, 2, 1, 0.5, 0.2]])
    found = stops(stopping_epoch, curves, patience=2)
    assert found.fired.tolist() == [True, True, False]
    assert found.trained.tolist() == [3, 3, 4]
    assert found.restored.tolist() == [1, 1, 4]
    assert found.at(curves).tolist() == [2, 2, 0.2]
    assert found.at_end(curves).tolist() == [4, 2, 0.2]
    assert too_early(curves, found, 0.5).tolist() == [True, False, False]
    assert too_late(curves, found, 0.5).tolist() == [True, False, False]


def test_a_validation_set_that_cannot_be_cut_in_two_is_refused() -> None:
    tiny = Dataset.from_tensors(torch.rand(12, 2), torch.arange(12) % 2)
    with pytest.raises(ValueError, match=r"cut the validation set in two.*has only 3"):
        record_runs(tiny)


# Watching few samples.


def test_draws_are_nested_and_never_contain_a_fresh_sample() -> None:
    samples = 40
    # Each sample has its own power of two as its loss, so that a sum tells who is in it.
    own = np.broadcast_to(2.0 ** np.arange(samples), (1, 1, 2, samples))
    runs = SampleScores((NOISE,), own, np.zeros_like(own))  # type: ignore[arg-type]
    drawn = draw_watched(runs, NOISE, draws=5)
    assert drawn.sizes == (5, 10, 20)

    def members(means: Any, size: int) -> list[int]:
        return [int(mean * size + 0.5) for mean in means[0, :, 0]]

    watched = [members(drawn.loss[i], size) for i, size in enumerate(drawn.sizes)]
    fresh = members(drawn.fresh_loss, samples // 2)
    for few, some, many, rest in zip(*watched, fresh, strict=True):
        assert [few.bit_count(), some.bit_count(), many.bit_count()] == [5, 10, 20]
        assert few & some == few
        assert some & many == some
        assert many & rest == 0
        assert many | rest == 2**samples - 1
    assert len(set(watched[0])) > 1


def test_equal_accuracies_are_ties() -> None:
    # Another sample is right after each epoch, so any accuracy is reached with different samples.
    rng = np.random.default_rng(0)
    correct = np.stack([rng.permutation(np.arange(60) < 30) for _ in range(30)])
    correct = correct[None, None].astype(np.float32)
    runs = SampleScores((NOISE,), np.zeros_like(correct), correct)
    drawn = draw_watched(runs, NOISE, draws=10)
    assert set(np.unique(drawn.error[1])) <= {k / 10 for k in range(11)}
    chosen = choose(
        drawn, stopping_epoch, metric="accuracy", size=10, wait=len(correct[0, 0]), noise=NOISE
    )
    np.testing.assert_array_equal(chosen.epochs, drawn.error.argmin(-1))


# The panels.


def test_the_panels_ask_the_learners_own_rule(closing: None) -> None:
    asked: list[tuple[int, float]] = []

    def after_three(losses: Any, patience: int, min_delta: float) -> int:
        asked.append((patience, min_delta))
        return 3

    data = blobs()
    panel: Panel = early_stopping.patience(data, after_three)
    assert "3 of 60 epochs trained (3 to 3)" in panel.text
    panel.controls["min_delta"].value = 0.1
    panel.wait()
    assert (panel.controls["patience"].value, 0.1) in asked
    other = early_stopping.which_metric(data, after_three)
    assert "epochs lie from" in other.text
    assert other.state.epochs.max() <= 3


def blobs() -> Dataset:
    """Three clouds of points: neither images nor ten classes."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(160) % 3
    centers = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    x = centers[y] + 0.7 * torch.randn(160, 2, generator=generator)
    return Dataset.from_tensors(x, y, name="three clouds")


def test_the_count_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    early_stopping.show_count([2.0, 1.0, 1.5, 0.5, 0.6, 0.7, 0.2], patience=2)
    assert "runs 0, 0, 1, 0, 1, 2 and reaches it after epoch 5" in capsys.readouterr().out
    early_stopping.show_count([2.0, 1.0], patience=2)
    assert "never reaches it" in capsys.readouterr().out


def test_stops_of_a_run_that_never_fired_keep_its_whole_length() -> None:
    found = stops(lambda *_: None, np.array([[3.0, 1.0, 2.0]]), patience=1)
    assert isinstance(found, Stops)
    assert (found.trained.tolist(), found.restored.tolist()) == ([2], [1])


@pytest.mark.slow
def test_every_control_moves_the_picture(lesson: Lesson) -> None:
    every_control_moves_the_picture(lesson)
