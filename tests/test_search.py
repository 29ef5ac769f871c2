"""Searches under a budget, and mixes that are trained once: `course_utils.search`."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.data import Dataset, polynomial
from course_utils.fleet import Run
from course_utils.regularizers import early_stopping
from course_utils.search import (
    EARLY_STOPPING,
    Ablation,
    Range,
    all_but_one,
    alone,
    build_mix,
    chance_of_hit,
    grid_settings,
    random_settings,
    restored_epoch,
    subsets,
)
from course_utils.training import evaluate, fit
from tests.lessons import bars
from tests.precision import float64, in_float64

BOX = {"L2": Range(1e-5, 1e-1, log=True), "dropout": Range(0.0, 0.9)}
EPOCHS, SEEDS = 8, 2
ALL: dict[str, float] = {
    "L2": 1e-3,
    "dropout": 0.2,
    "batch norm": 1,
    "augmentation": 0.5,
    EARLY_STOPPING: 2,
}


@pytest.fixture(scope="module")
def pictures() -> Dataset:
    return bars(240, noise=0.4, brightness=0.5)


def some_trials(data: Dataset, **options: Any) -> Ablation:
    settings = {"seeds": SEEDS, "epochs": EPOCHS, "batch_size": 40, **options}
    return Ablation(lambda mix: build_mix(data, mix, hidden=12), data, **settings)


@pytest.fixture(scope="module")
def trials(pictures: Dataset) -> Ablation:
    found = some_trials(pictures)
    found.train([{}, ALL])
    return found


# Settings.


def test_random_settings_fill_the_box_evenly() -> None:
    settings = random_settings(BOX, 2000, seed=1)
    powers = np.log10([one["L2"] for one in settings])
    shares = np.array([one["dropout"] for one in settings])
    for values, low, high in ((powers, -5, -1), (shares, 0, 0.9)):
        counts, _ = np.histogram(values, bins=4, range=(low, high))
        assert counts.sum() == 2000
        assert counts.min() > 430
    assert abs(np.corrcoef(powers, shares)[0, 1]) < 0.06


def test_the_same_seed_draws_the_same_and_a_larger_budget_draws_more() -> None:
    assert random_settings(BOX, 5, seed=3) == random_settings(BOX, 9, seed=3)[:5]
    assert random_settings(BOX, 5, seed=3) != random_settings(BOX, 5, seed=4)


def test_a_grid_has_few_values_of_each() -> None:
    settings = grid_settings(BOX, 9)
    assert len(settings) == 9
    assert sorted({one["dropout"] for one in settings}) == pytest.approx([0.15, 0.45, 0.75])
    powers = sorted({round(np.log10(one["L2"]), 6) for one in settings})
    assert powers == pytest.approx([-5 + 4 / 6, -3, -1 - 4 / 6])


def test_the_chance_of_a_hit_is_what_searches_do() -> None:
    box = {"a": Range(0.0, 1.0), "b": Range(5.0, 6.0)}
    hits = [any(s["a"] < 0.1 for s in random_settings(box, 12, seed)) for seed in range(2000)]
    assert np.mean(hits) == pytest.approx(chance_of_hit(0.1, 12), abs=0.03)
    assert chance_of_hit(0.05, 60) > 0.95


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: grid_settings(BOX, 10), r"k to the power 2, got 10; the nearest is 9"),
        (lambda: random_settings(BOX, 0), "at least 1 setting, got 0"),
        (lambda: Range(0.0, 1.0, log=True), "from above 0 if it is logarithmic"),
        (lambda: Range(2.0, 1.0), "a range must rise"),
    ],
)
def test_what_cannot_be_searched_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# Mixes.


def test_all_but_one_and_alone_leave_the_mix_as_it_was() -> None:
    before = dict(ALL)
    assert alone(ALL)["dropout"] == {"dropout": 0.2}
    assert all_but_one(ALL)["L2"] == {k: v for k, v in before.items() if k != "L2"}
    assert before == ALL


def test_a_mix_becomes_what_it_says(pictures: Dataset) -> None:
    run = build_mix(pictures, ALL)
    kinds = {type(layer) for layer in run.model.modules()}
    assert {nn.Dropout, nn.BatchNorm1d} <= kinds
    plain = build_mix(pictures, {})
    assert not {nn.Dropout, nn.BatchNorm1d} & {type(layer) for layer in plain.model.modules()}
    assert (plain.penalty, plain.augment) == (None, None)
    with pytest.raises(ValueError, match=r"unknown techniques \['l2'\]; known are L2"):
        build_mix(pictures, {"l2": 0.1})


@pytest.fixture(scope="module")
def exact_trials(pictures: Dataset) -> Ablation:
    with float64():
        found = some_trials(in_float64(pictures))
        found.train([{}, ALL])
    return found


@pytest.mark.parametrize("without", [tuple(ALL), tuple(ALL)[:-1], ("batch norm",)])
@float64()
def test_a_trial_is_what_fit_trains_alone(exact_trials: Ablation, without: tuple[str, ...]) -> None:
    # Not with batch norm: the bias before it has a gradient of rounding errors only, and Adam
    # makes full steps of those.
    trials = exact_trials
    mix = {name: by for name, by in ALL.items() if name not in without}
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        run = trials.build(mix)
        rule = early_stopping(int(mix[EARLY_STOPPING])) if EARLY_STOPPING in mix else None
        history = fit(
            run.model,
            trials.data_for(seed),
            optimizer=run.optimizer,
            penalty=run.penalty,
            augment=run.augment,
            early_stopping=rule,
            epochs=EPOCHS,
            batch_size=trials.batch_size,
            seed=seed,
        )
        kept = EPOCHS if rule is None else history.restored_epoch
        assert trials.chosen_epochs(mix)[seed] == kept
        score = evaluate(run.model, *trials.judged)
        assert trials.accuracy(mix)[seed] == pytest.approx(score.acc)
        assert trials.loss(mix)[seed] == pytest.approx(score.loss, rel=1e-9)
        assert trials.train_accuracy(mix)[seed] == pytest.approx(history.train_acc[kept])


def test_any_patience_finds_its_judged_score(trials: Ablation) -> None:
    for patience in range(1, EPOCHS + 2):
        assert np.isfinite(trials.accuracy({**ALL, EARLY_STOPPING: patience})).all()


def test_what_is_known_is_not_trained_again(pictures: Dataset) -> None:
    built: list[Any] = []

    def build(mix: Any) -> Run:
        built.append(dict(mix))
        return build_mix(pictures, mix, hidden=4)

    trials = Ablation(build, pictures, seeds=1, epochs=1)
    trials.train([{}, {"L2": 0.1}, {"L2": 0.1, EARLY_STOPPING: 3}])
    count = len(built)
    assert all(EARLY_STOPPING not in mix for mix in built)
    assert {len(mix) for mix in built} == {0, 1}
    trials.accuracy({EARLY_STOPPING: 1})
    trials.train([{}, {"L2": 0.1}])
    assert len(built) == count
    assert not trials.knows({"dropout": 0.5})
    trials.accuracy({"dropout": 0.5})
    assert trials.knows({"dropout": 0.5})


def test_a_training_that_is_cancelled_leaves_nothing_behind(pictures: Dataset) -> None:
    trials = some_trials(pictures)
    growing = trials.iter_train([{}])
    first = next(growing)
    assert np.isnan(first[()].train_loss[:, 1:]).all()
    growing.close()
    assert not trials.knows({})


def test_the_two_halves_share_no_sample_and_the_test_set_stays_sealed(trials: Ablation) -> None:
    watched, judged = trials.data_for(0).x_val, trials.judged[0]
    assert len(watched) + len(judged) == len(trials.data.x_val)
    rows = {row.numpy().tobytes() for row in watched} & {row.numpy().tobytes() for row in judged}
    assert rows == set()
    assert trials.data.test.opened_at is None


def test_each_seed_has_its_own_wrong_labels(trials: Ablation) -> None:
    noisy = [trials.data_for(seed).noisy for seed in range(2)]
    assert 0 < noisy[0].float().mean() < 0.3
    assert not torch.equal(*noisy)


def test_a_restored_epoch_is_never_after_the_stop() -> None:
    losses = [3.0, 2.0, 2.5, 2.4, 1.0, 1.0]
    assert restored_epoch(losses, 2) == 1
    assert restored_epoch(losses, 3) == 4
    assert restored_epoch([2.0, float("nan"), 1.0], 5) == 2


def test_a_regression_is_refused() -> None:
    with pytest.raises(ValueError, match="an ablation needs class labels"):
        Ablation(lambda mix: build_mix(polynomial(20), mix), polynomial(20))


def test_a_budget_is_read_off_the_long_training(trials: Ablation, pictures: Dataset) -> None:
    long = some_trials(pictures, budgets=(2, 5))
    assert long.ends == [2, 5, EPOCHS]
    for end in (2, 5):
        short = some_trials(pictures, epochs=end)
        for mix in ({}, {EARLY_STOPPING: 2}):
            assert long.within(end).accuracy(mix) == pytest.approx(short.accuracy(mix), abs=1e-6)
            assert long.within(end).loss(mix) == pytest.approx(short.loss(mix), abs=1e-5)
    assert long.accuracy({}) == pytest.approx(trials.accuracy({}), abs=1e-6)
    with pytest.raises(ValueError, match="a budget must be one of 2, 5, 8 epochs, got 4"):
        long.within(4)


def test_subsets_are_all_mixes_of_some_techniques() -> None:
    found = subsets({"L2": 0.1, "dropout": 0.2})
    assert list(found) == ["nothing", "L2", "dropout", "L2 + dropout"]
    assert found["nothing"] == {}
    assert found["L2 + dropout"] == {"L2": 0.1, "dropout": 0.2}
    assert len(subsets(ALL)) == 2 ** len(ALL)
