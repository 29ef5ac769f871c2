"""A fleet checks itself: engines that are known to be wrong are found out."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.fleet import Run, iter_fleet, recorder
from course_utils.fleet.watch import Watch, _members_in_turn
from course_utils.regularizers import l2_penalty
from course_utils.training import evaluate
from tests.fleets import BATCH, DATA, alone, assert_members_are_fits, mlp, sgd, train

pytestmark = [pytest.mark.recorder, pytest.mark.usefixtures("float64")]

ONE = (1, 0)  # the member that is wrong: value by value, seed by seed


def build(lam):
    model = mlp(norm_layer=nn.BatchNorm1d)
    penalty = lambda m: lam * l2_penalty(m)  # noqa: E731
    return Run(model, sgd(model, momentum=0.5), penalty=penalty)


def let_be_wrong(monkeypatch, spoil, of="step", since=0, until=10**9):
    """Let `spoil(inputs, results)` change what the fast engine's functions do, in their calls
    number `since` to `until`, not counted those before training."""
    right = recorder.merge

    def merge(request):
        merged = right(request)
        if of != ("step" if request.n_params else request.code[0]):
            return merged
        calls = itertools.count()

        def of_all(*inputs):
            results = merged(*inputs)
            if since <= next(calls) < until:
                spoil(inputs, results)
            return results

        return dataclasses.replace(merged, of_all=of_all)

    monkeypatch.setattr(recorder, "merge", merge)


def a_gradient(inputs, results):
    results[0][ONE].mul_(1.001)


def one_number(inputs, results):
    results[0][ONE][0, 0] += 1e-4 * results[0][ONE].abs().max()


def a_sign(inputs, results):
    results[3][ONE].neg_()


def a_buffer(inputs, results):
    floating = [t for t in inputs[6:] if t.shape == (2, 2, 8)]
    floating[0][ONE].mul_(1.001)


def a_count(inputs, results):
    (counts,) = [t for t in inputs if t.dtype == torch.long and t.shape == (2, 2)]
    counts[ONE] += 1


def outputs(inputs, results):
    results[0].mul_(1.05)


def a_loss(inputs, results):
    results[0].mul_(1.01)


def an_accuracy(inputs, results):
    results[1].add_(torch.where(results[1] < 5, 4, -4))


STEP, SCORE = "a step together and the same step alone disagree in {}", "scored together and alone"
WRONG = {
    "gradient": (a_gradient, "step", STEP.format("layers.1.weight")),
    "one number": (one_number, "step", STEP.format("layers.1.weight")),
    "sign": (a_sign, "step", STEP.format("layers.2.bias")),
    "buffer": (a_buffer, "step", STEP.format("layers.2.running_mean")),
    "count": (a_count, "step", STEP.format("layers.2.num_batches_tracked")),
    "outputs": (outputs, "outputs", SCORE),
    "loss": (a_loss, "score", SCORE),
    "accuracy": (an_accuracy, "score", SCORE),
}


@pytest.mark.parametrize("since", [0, 4])
@pytest.mark.parametrize(("spoil", "of", "where"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_engine_is_found_out(spoil, of, where, since, monkeypatch):
    let_be_wrong(monkeypatch, spoil, of, since)
    words = f"4 of 4 runs train one after the other, .*{where}.*they start again"
    with pytest.warns(UserWarning, match=words):
        fleet = train(build, [0.0, 0.1], epochs=12)
    assert where in fleet.fallback
    assert_members_are_fits(fleet, build)


def of_one_member(spoil):
    def spoil_one(inputs, results):
        spoil(inputs, alone := [t.clone() for t in results])
        for t, wrong in zip(results, alone, strict=True):
            t[ONE] = wrong[ONE]

    return spoil_one


SCORES = {
    "outputs": (outputs, "outputs"),
    "loss": (a_loss, "score"),
    "accuracy": (an_accuracy, "score"),
}


@pytest.mark.parametrize("since", [0, 8])
@pytest.mark.parametrize(("spoil", "of"), SCORES.values(), ids=SCORES.keys())
def test_wrong_scores_of_one_member_are_found_out(spoil, of, since, monkeypatch):
    let_be_wrong(monkeypatch, of_one_member(spoil), of, since)
    with pytest.warns(UserWarning, match=rf"{SCORE}.*\(value 0.1, seed 0\); they start again"):
        fleet = train(build, [0.0, 0.1], epochs=12)
    assert_members_are_fits(fleet, build)


def test_whoever_reads_along_keeps_nothing_of_runs_that_are_not_trusted(monkeypatch):
    let_be_wrong(monkeypatch, a_gradient, since=9)
    order, seen = [], {}

    def read_along():
        settings = {"values": [0.0, 0.1], "seeds": 2, "epochs": 12, "batch_size": BATCH}
        for fleet in iter_fleet(build, DATA, **settings):
            order.append(fleet.epoch)
            models = [fleet.model(v, s) for v in (0, 1) for s in (0, 1)]
            seen[fleet.epoch] = [evaluate(model, DATA.x_val, DATA.y_val).loss for model in models]

    with pytest.warns(UserWarning, match="4 of 4 .*they start again"):
        read_along()
    again = order.index(0, 1)  # some epochs were seen before
    assert order == [*range(again), *range(13)]
    each = [(value, seed) for value in (0.0, 0.1) for seed in (0, 1)]
    right = [alone(build, value, seed, epochs=12)[0].val_loss for value, seed in each]
    for epoch, losses in seen.items():
        assert losses == pytest.approx([run[epoch] for run in right], rel=1e-9)


@pytest.mark.parametrize("since", [0, 4])
def test_the_number_of_another_member_is_found_out(since, monkeypatch):
    right = recorder.merge

    def merge(request):
        merged, calls = right(request), itertools.count()
        if not request.n_params:
            return merged
        wrong = right(dataclasses.replace(request, which=[0, 0, 0, 1]))
        pick = lambda *t: (wrong if next(calls) >= since else merged)(*t)  # noqa: E731
        return dataclasses.replace(merged, of_all=pick)

    monkeypatch.setattr(recorder, "merge", merge)
    with pytest.warns(UserWarning, match=r"alone disagree in .*\(value 0.1, seed 0\)"):
        fleet = train(build, [0.0, 0.1], epochs=12)
    assert_members_are_fits(fleet, build)


def test_all_groups_start_again_where_one_disagrees(monkeypatch):
    let_be_wrong(monkeypatch, lambda x, found: len(found[0]) == 2 and a_gradient(x, found))

    def of_widths(width):
        model = mlp() if width is None else nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
        return Run(model, sgd(model))

    with pytest.warns(UserWarning, match="6 of 6 runs train one after the other"):
        fleet = train(of_widths, [None, None, 3])
    assert_members_are_fits(fleet, of_widths)


@pytest.mark.parametrize("step", [0, 1])
def test_a_chance_disagreement_sends_nobody_away(step, monkeypatch):
    let_be_wrong(monkeypatch, a_sign, since=step, until=step + 1)
    data = DATA.subset(BATCH)  # one length, and so one function
    fleet = train(build, [0.0, 0.1], data, epochs=8)
    assert fleet.fallback is None
    expected, _ = alone(build, 0.0, 0, data, epochs=8)
    assert fleet.val_loss[0, 0] == pytest.approx(expected.val_loss, abs=1e-9)
    expected, _ = alone(build, 0.1, 0, data, epochs=8)
    assert fleet.val_loss[1, 0, -1] != pytest.approx(expected.val_loss[-1], abs=1e-9)


def test_who_disagreed_is_looked_at_in_the_next_step(monkeypatch):
    let_be_wrong(monkeypatch, a_sign, until=1)
    seen = []
    of_watch = Watch.dry_run_step

    def noted(watch, i, *arguments):
        seen.append((watch._suspects, i))
        of_watch(watch, i, *arguments)

    monkeypatch.setattr(Watch, "dry_run_step", noted)
    train(build, [0.0, 0.1], DATA.subset(BATCH), epochs=4)
    assert seen[0] == ([2], 2), "member 2 has value 1 and seed 0"
    assert all(suspects == [] for suspects, _ in seen[1:])


SHAPES = list(itertools.product(range(1, 7), range(1, 7)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_value_and_each_seed_is_soon_met(shape):
    n_values, n_seeds = shape
    first = list(itertools.islice(_members_in_turn(shape), max(shape)))
    assert first[0] == n_values * n_seeds - 1, "the last ones included"
    values, seeds = zip(*(divmod(i, n_seeds) for i in first), strict=True)
    assert set(values) == set(range(n_values))
    assert set(seeds) == set(range(n_seeds))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_member_is_met_in_time(shape):
    size = shape[0] * shape[1]
    assert set(itertools.islice(_members_in_turn(shape), size)) == set(range(size))


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (1, 3), (4, 4), (2, 6)], ids=str)
@pytest.mark.parametrize("epochs", [12, 36])
def test_as_many_looks_as_there_are_values_or_seeds(shape, epochs, monkeypatch):
    seen = []
    monkeypatch.setattr(Watch, "dry_run_step", lambda watch, i, *_: seen.append(i))
    train(build, np.linspace(0, 0.1, shape[0]), seeds=shape[1], epochs=epochs)
    assert max(8, *shape) <= len(seen) <= 12
    assert {i // shape[1] for i in seen} == set(range(shape[0]))
    assert {i % shape[1] for i in seen} == set(range(shape[1]))
