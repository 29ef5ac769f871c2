"""Lesson 07: its own functions, and what its two panels compute and draw."""

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.collections import PolyCollection

from course_utils.data import Dataset, load_dataset, moons
from course_utils.evidence import estimate, paired_difference
from course_utils.experiments.searched_lattice import (
    BOX,
)
from course_utils.figures import putting_it_together
from course_utils.panels import putting_it_together as panels
from course_utils.panels.putting_it_together.mixing import mix_text
from course_utils.search import (
    EARLY_STOPPING,
    TECHNIQUES,
    Ablation,
    all_but_one,
    build_mix,
    random_settings,
)
from course_utils.training import fit
from tests.lessons import Lesson, code_cells, every_control_moves_the_picture

ALL = {"L2": 1e-3, "dropout": 0.3, "batch norm": 1, "augmentation": 1.0, EARLY_STOPPING: 3}
FOUR = {name: by for name, by in ALL.items() if name != EARLY_STOPPING}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits", n_train=120)


# What the lesson writes.


@pytest.mark.parametrize("mix", [{}, {"L2": 3e-3, "dropout": 0.3}, ALL])
def test_the_lessons_build_trains_what_the_packages_does(lesson: Lesson, digits, mix) -> None:
    losses = []
    for build in (lesson["build"], lambda mix: build_mix(digits, mix)):
        torch.manual_seed(0)
        run = build(mix)
        history = fit(
            run.model, digits, optimizer=run.optimizer, penalty=run.penalty,
            augment=run.augment, epochs=2,
        )  # fmt: skip
        losses.append(history.train_loss)
    assert losses[0] == losses[1]


def test_the_lessons_random_search_is_the_packages(lesson: Lesson) -> None:
    for seed in range(3):
        assert lesson["random_settings"](BOX, 7, seed) == random_settings(BOX, 7, seed)


def test_the_lessons_ablation_finds_effects_that_add_up(lesson: Lesson) -> None:
    rng = np.random.default_rng(0)
    effects = dict(zip("abcd", rng.normal(size=4), strict=True))
    shared = rng.normal(size=8)

    def score(mix: Any) -> Any:
        return shared + sum(effects[name] for name in mix)

    found = lesson["ablation"](score, effects)
    assert {name: worth.mean for name, worth in found.items()} == pytest.approx(effects)
    assert max(worth.half_width for worth in found.values()) < 1e-12


class Invented:
    """Ablation whose scores are given."""

    def __init__(self, scores: dict[str, list[float]]) -> None:
        self.scores = {name: np.array(values) for name, values in scores.items()}

    def accuracy(self, mix: Any) -> Any:
        return self.scores["+".join(mix)]

    def gain(self, mix: Any, over: Any, level: float = 0.95) -> Any:
        return paired_difference(self.accuracy(mix), self.accuracy(over), level)


@pytest.mark.parametrize(
    ("scores", "best", "chosen"),
    [
        # a+b is best, and a alone is not clearly worse
        ({"": [0.5, 0.5, 0.5], "a": [0.8, 0.9, 0.8], "a+b": [0.9, 0.8, 0.9]}, "a+b", "a"),
        # a alone is clearly worse
        ({"": [0.5, 0.5, 0.5], "a": [0.7, 0.71, 0.7], "a+b": [0.9, 0.9, 0.9]}, "a+b", "a+b"),
        # of two with one technique, the higher mean
        ({"b": [0.79, 0.9, 0.8], "a": [0.8, 0.9, 0.8], "a+b": [0.9, 0.8, 0.9]}, "a+b", "a"),
        # nothing is good enough
        ({"": [0.8, 0.9, 0.8], "a": [0.9, 0.8, 0.9]}, "a", ""),
    ],
)
def test_the_rule_takes_the_fewest_techniques_that_are_not_clearly_worse(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch, scores, best, chosen
) -> None:
    monkeypatch.setitem(lesson.names, "trials", Invented(scores))
    mixes = {name: {part: 1 for part in name.split("+") if part} for name in scores}
    assert lesson["choose"](mixes) == (best, chosen)


def test_the_test_set_is_opened_where_the_lesson_says_and_nowhere_before(lesson: Lesson) -> None:
    opening = [name for name, source, _ in code_cells(lesson.path) if "test.open()" in source]
    assert opening == ["open-the-test-set", "open-again"]


@pytest.fixture(scope="module")
def trials(digits: Dataset) -> Ablation:
    return Ablation(
        lambda mix: build_mix(digits, mix, hidden=8), digits, seeds=2, epochs=3, batch_size=60,
        budgets=(1,),
    )  # fmt: skip


def test_the_race_draws_the_bands_that_its_text_names(
    trials: Ablation, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(putting_it_together, "show", lambda *what: shown.append(what))
    mixes = {"nothing": {}, "all": FOUR}
    panels.show_race(trials, mixes)
    ((figure, said),) = shown
    assert "95% band" in said
    (ax,) = figure.axes
    bands = [drawn for drawn in ax.collections if isinstance(drawn, PolyCollection)]
    assert len(bands) == len(mixes)
    last = trials.epochs
    for band, mix in zip(bands, mixes.values(), strict=True):
        found = estimate(trials.curves(mix).watched_acc[:, last])
        if not ax.get_ylim()[0] <= found.mean <= ax.get_ylim()[1]:
            continue
        corners = [y for path in band.get_paths() for x, y in path.vertices if x == last]
        assert (min(corners), max(corners)) == pytest.approx((found.low, found.high))


# The mixer.


@pytest.mark.slow
def test_the_mixer_shows_the_gains_of_its_trials(trials: Ablation, closing: None) -> None:
    panel = panels.mixer(trials, ALL)
    assert list(panel.controls) == ["epochs", *TECHNIQUES, "noise"]
    stop = {EARLY_STOPPING: ALL[EARLY_STOPPING]}
    found = trials.worth(ALL)
    assert set(found) == {("in this mix", "the whole mix")} | {
        (kind, name) for kind in ("alone", "in this mix") for name in TECHNIQUES
    }
    for name, rest in all_but_one(ALL).items():
        assert found["in this mix", name] == trials.gain(ALL, rest)
        alone = {name: ALL[name]}
        assert found["alone", name] == trials.gain(alone | stop, {} if alone == stop else stop)
        gain = found["in this mix", name].points().removesuffix(" points")
        assert f"{name} {gain}" in panel.text
    before, known = panel.image, len(trials._known)
    panel.controls["epochs"].value = 1
    panel.wait()
    assert panel.image != before
    gain = trials.within(1).gain(ALL, stop).points()
    assert panel.text.startswith("1 epochs")
    assert f"{gain} over early stopping alone" in panel.text
    panel.controls[EARLY_STOPPING].value = 0
    panel.wait()
    assert EARLY_STOPPING not in panel.text
    assert f"{trials.within(1).gain(FOUR, {}).points()} over nothing" in panel.text
    assert len(trials._known) == known  # it only reads
    panel.controls["batch norm"].value = False
    panel.wait()
    assert "batch norm" not in panel.text
    # three techniques are left: pairs of them are new, everything else was known
    assert len(trials._known) == known + 3


def test_the_mixer_without_any_technique_and_on_clean_labels(
    trials: Ablation, closing: None
) -> None:
    panel = panels.mixer(trials, {})
    assert panel.text.startswith("3 epochs, nothing: accuracy")
    assert "over" not in panel.text
    panel.controls["noise"].value = 0.0
    panel.wait()
    assert not panel.result.trials.data_for(0).noisy.any()
    assert trials.label_noise == 0.2


def test_the_mixer_offers_points_no_augmentation(closing: None) -> None:
    data = moons(80)
    trials = Ablation(lambda mix: build_mix(data, mix, hidden=4), data, seeds=2, epochs=1)
    panel = panels.mixer(trials, {"L2": 1e-3})
    assert "augmentation" not in panel.controls
    assert panel.text.startswith("1 epochs, L2 0.001: accuracy")


def test_a_mix_is_said_in_words() -> None:
    assert mix_text({}) == "nothing"
    said = mix_text({EARLY_STOPPING: 5, "batch norm": True, "L2": 3e-4})
    assert said == "L2 3e-4 + batch norm + early stopping (patience 5)"


@pytest.mark.slow
def test_every_control_moves_the_picture(lesson: Lesson) -> None:
    every_control_moves_the_picture(lesson)
