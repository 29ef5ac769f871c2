"""The protocol: three endings, and no sample that scores a choice that it had a part in."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_utils.comparison import ENDINGS, TIMES, compare, resplit
from course_utils.data import Dataset, load_dataset, polynomial
from course_utils.fleet import Run, train_fleet
from course_utils.models import MLP
from course_utils.regularizers import l2_penalty
from course_utils.training import evaluate, fit
from tests.lessons import bars

STRENGTHS, EPOCHS, SEEDS = [0.0, 0.05], 2, 3
HALVES = (slice(0, None, 2), slice(1, None, 2))


@pytest.fixture(scope="module")
def data() -> Dataset:
    return bars(120, noise=0.9)


def build(data: Dataset, strength: float) -> Run:
    model = MLP(data.input_shape, (8,), 4)
    run = Run(model, torch.optim.SGD(model.parameters(), lr=0.3))
    if strength:
        run.penalty = lambda model: strength * l2_penalty(model)
    return run


def noisy(data: Dataset):
    return lambda _, seed: data.with_label_noise(0.3, seed)


@pytest.fixture(scope="module")
def compared(data: Dataset):
    return compare(
        partial(build, data), noisy(data), values=STRENGTHS, epochs=EPOCHS, seeds=SEEDS,
        batch_size=20, measure={"size": lambda model, _: float(l2_penalty(model))},
    )  # fmt: skip


def alone(data: Dataset, strength: float, seed: int, epochs: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    run = build(data, strength)
    own = noisy(data)(None, seed)
    fit(run.model, own, optimizer=run.optimizer, penalty=run.penalty, epochs=epochs,
        batch_size=20, seed=seed)  # fmt: skip
    return run.model


def test_fixed_endings_score_what_fit_gives_after_that_many_epochs(compared, data) -> None:
    for ending, epochs in (("budget", EPOCHS), ("long", TIMES * EPOCHS)):
        for strength in STRENGTHS:
            models = [alone(data, strength, seed, epochs) for seed in range(SEEDS)]
            wanted = np.array([evaluate(m, data.x_val, data.y_val) for m in models]).T
            assert compared.scores(strength, ending, "loss") == pytest.approx(wanted[0], abs=1e-5)
            assert compared.scores(strength, ending) == pytest.approx(wanted[1], abs=1e-6)
            sizes = [l2_penalty(m).item() for m in models]
            assert compared.scores(strength, ending, "size") == pytest.approx(sizes, rel=1e-4)


def test_an_epoch_is_chosen_on_one_half_and_scored_on_the_other(compared, data) -> None:
    by_hand = []
    for seed in range(SEEDS):
        models = [alone(data, 0.0, seed, e) for e in range(TIMES * EPOCHS + 1)]
        on = [[evaluate(m, data.x_val[h], data.y_val[h]) for m in models] for h in HALVES]
        chosen = [int(np.argmin([score.loss for score in half])) for half in on]
        by_hand.append((on[0][chosen[1]].acc + on[1][chosen[0]].acc) / 2)
    assert compared.scores(0.0, "early-stopped") == pytest.approx(by_hand, abs=1e-6)


def test_luck_that_chose_does_not_score() -> None:
    """Curves of pure noise: the best of many epochs is no better where it was not chosen."""
    rng = np.random.default_rng(0)
    loss = rng.normal(1.0, 0.1, (1, 400, 41, 2))
    found = replace(_invented(400), curves={"loss": loss, "acc": 2 - loss})
    assert found.scores("a", "early-stopped", "loss").mean() == pytest.approx(1.0, abs=0.02)
    assert loss.min(2).mean() < 0.8


def test_a_setting_is_tuned_on_one_half_and_scored_on_the_other() -> None:
    curve = np.zeros((2, 3, 41, 2))
    curve[0, ..., 0], curve[0, ..., 1] = 0.9, 0.2  # a: good on the first half only
    curve[1, ..., 0], curve[1, ..., 1] = 0.5, 0.6
    found = replace(_invented(3), values=["a", "b"], curves={"acc": curve, "loss": 1 - curve})
    # The first half chooses a, worth 0.2 on the second; the second b, worth 0.5 on the first.
    assert found.tuned(["a", "b"], "long") == pytest.approx([0.35] * 3)
    assert found.tuned(["a"], "long") == pytest.approx([0.55] * 3)


def _invented(seeds: int):
    data = bars(120)
    kept = compare(partial(build, data), data, values=[0.0], epochs=0, seeds=2)
    return replace(kept, values=["a"], seeds=list(range(seeds)), epochs=10)


def test_the_loss_is_cross_entropy_whatever_is_minimized(data) -> None:
    smooth = partial(F.cross_entropy, label_smoothing=0.4)
    found = compare(
        partial(build, data), data, values=[0.0], epochs=1, seeds=2, batch_size=20, loss_fn=smooth
    )
    fleet = train_fleet(
        partial(build, data), data, values=[0.0], epochs=1, seeds=2, batch_size=20,
        loss_fn=smooth, progress=False,
    )  # fmt: skip
    plain = [evaluate(fleet.model(0, s), data.x_val, data.y_val).loss for s in range(2)]
    assert found.scores(0.0, "budget", "loss") == pytest.approx(plain, abs=1e-5)


def test_a_run_that_diverged_has_no_score(data) -> None:
    def wild(lr: float) -> Run:
        run = build(data, 0.0)
        return Run(run.model, torch.optim.SGD(run.model.parameters(), lr=lr))

    found = compare(wild, data, values=[0.3, 1e30], epochs=1, seeds=2, batch_size=20)
    assert np.isnan(found.scores(1e30, "budget")).all()
    assert np.isfinite(found.scores(0.3, "budget")).all()
    assert (found.kept_epochs(1e30, "early-stopped") == 0).all()
    assert found.tuned([0.3, 1e30], "budget") == pytest.approx(found.scores(0.3, "budget"))


def test_the_report_says_what_varied(compared, data) -> None:
    text = compared.report(0.05, 0.0, "L2 over none")
    assert f"after {EPOCHS} epochs (8 steps)" in text
    assert f"after {TIMES * EPOCHS} epochs (32 steps)" in text
    for ending in ENDINGS:
        assert compared.gain(0.05, 0.0, ending).points() in text
    assert "3 paired seeds; ± covers first weights, batches and the draw of the wrong" in text
    ways = {
        "first weights and batches; the images and their labels are the same": data,
        "batches and training images; the images that score are the same": lambda _, seed: (
            data.subset(60, seed)
        ),
        "batches, and which images train and which validate": lambda _, seed: resplit(data, seed),
        "batches, wrong labels, and which images train and which validate": lambda _, seed: resplit(
            data, seed
        ).with_label_noise(0.5, seed),
    }
    for words, own in ways.items():
        found = compare(partial(build, data), own, values=[0.0], epochs=0, seeds=2)
        assert words in found.covers[0]


def test_the_report_says_of_each_setting_what_varied(data) -> None:
    """With L2 all labels are true; without it, each seed draws its own wrong ones."""
    own = lambda strength, seed: data if strength else noisy(data)(strength, seed)  # noqa: E731
    found = compare(partial(build, data), own, values=STRENGTHS, epochs=0, seeds=2)
    same = "first weights and batches; the images and their labels are the same"
    drawn = "first weights, batches and the draw of the wrong labels; the images are the same"
    assert found.report(0.05, 0.0, "L2 over none").endswith(
        f"\n2 paired seeds; what ± covers differs\n  first setting: {same}\n"
        f"  second setting: {drawn}"
    )
    assert found.report(0.0, 0.0, "none over none").endswith(f"\n2 paired seeds; ± covers {drawn}")


def test_a_new_split_moves_samples_and_leaves_the_test_set_alone(data) -> None:
    drawn = resplit(data.with_label_noise(0.5), 1)
    assert (len(drawn.y_train), len(drawn.y_val)) == (len(data.y_train), len(data.y_val))
    assert drawn.test is data.test
    assert not drawn.noisy.any()
    before, after = (torch.cat([d.x_train, d.x_val]).flatten(1) for d in (data, drawn))
    assert not torch.equal(before, after)
    assert torch.equal(before.sum(1).sort().values, after.sum(1).sort().values)


def test_what_cannot_be_halved_is_refused() -> None:
    with pytest.raises(ValueError, match="cut in two"):
        compare(lambda _: build(bars(120), 0.0), polynomial(40), values=[0.0], epochs=1)


def test_the_split_depends_on_its_seed_alone() -> None:
    data = load_dataset("digits")
    assert torch.equal(resplit(data, 3).y_val, resplit(data, 3).y_val)
    assert not torch.equal(resplit(data, 3).y_val, resplit(data, 4).y_val)
