"""The experiments with sentences: the score, decay, averages, ensembles, pretraining."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data.language import CONTEXT, WORDS, decode
from course_utils.experiments import ensembles
from course_utils.experiments.averaged_weights import Averages, average_along
from course_utils.experiments.decay_memory import rates_of, remember
from course_utils.experiments.ensembles import ask_together, reliability
from course_utils.experiments.next_words import (
    excess,
    excess_of,
    first,
    lowest_loss,
    scored_beginnings,
    text,
    transformer_run,
    truth_of,
)
from course_utils.experiments.pretraining import fine_tune, fine_tuning, pretrained, read_along
from course_utils.fleet import train_fleet
from course_utils.models import SmallTransformer
from course_utils.training import fit, shuffled_batches


def small(**options):
    torch.manual_seed(0)
    return SmallTransformer(len(WORDS), CONTEXT, width=8, **options)


# --- the score -------------------------------------------------------------------------------


def test_the_excess_is_the_loss_above_the_truths() -> None:
    truth = truth_of()
    assert excess_of(truth.clamp_min(1e-30).log()) == pytest.approx(0, abs=1e-5)
    # Whoever always answers evenly is above by the log of the number of words, minus the floor.
    even = torch.full_like(truth, -math.log(len(WORDS)))
    assert excess_of(even) == pytest.approx(math.log(len(WORDS)) - lowest_loss(), abs=1e-4)
    # Labels drawn from the truth have a cross-entropy near it: 500 labels, four standard errors.
    data = text(1, 0)
    losses = -truth[range(len(data.y_val)), data.y_val].log()
    assert abs(float(losses.mean()) - lowest_loss()) < 4 * float(losses.std()) / len(losses) ** 0.5


def test_looking_changes_nothing() -> None:
    model = small(dropout=0.5).train()
    before = torch.get_rng_state()
    assert excess(model) == excess(model) > 0
    assert model.training
    assert torch.equal(before, torch.get_rng_state())


def test_fewer_samples_are_a_part_of_more() -> None:
    many, few = text(30, 3), text(10, 3)
    assert torch.equal(first(many, 10).x_train, few.x_train)
    assert not torch.equal(text(10, 4).x_train, few.x_train)


# --- decay -----------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_what_is_left_is_what_adamw_leaves(schedule: str) -> None:
    lr, decay, steps = 0.05, 0.4, 25
    weight = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([weight], lr=lr, weight_decay=decay)
    rates = rates_of(schedule, lr, steps)
    kept = []
    for rate in rates:
        kept.append(weight.item())
        optimizer.param_groups[0]["lr"] = rate
        weight.grad = torch.zeros(1, dtype=torch.float64)
        optimizer.step()
    found = remember(lr, decay, steps, schedule)
    assert found.left[0] == pytest.approx(weight.item())
    # What was there before step t has been kept from then on.
    np.testing.assert_allclose(found.left[:-1], weight.item() / np.array(kept))
    assert found.left[-1] == 1


def test_the_schedule_is_pytorchs() -> None:
    weight = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.3)
    falls = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=9)
    rates = []
    for _ in range(9):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        falls.step()
    np.testing.assert_allclose(rates_of("cosine", 0.3, 9), rates)


def test_the_product_alone_decides() -> None:
    one, other = remember(1e-3, 0.3, 500, "cosine"), remember(3e-3, 0.1, 500, "cosine")
    np.testing.assert_allclose(one.left, other.left, rtol=1e-9)
    assert one.half_life == pytest.approx(math.log(2) / 3e-4, rel=1e-3)
    assert remember(1e-3, 0, 10, "constant").half_life == math.inf


# --- averages --------------------------------------------------------------------------------


def test_an_average_begins_as_a_mean_and_then_forgets() -> None:
    model = nn.Linear(1, 1, bias=False)
    averages = Averages(model, (3,))
    found, given = [], [2.0, 4.0, 9.0, 9.0]
    for value in given:
        model.weight.data.fill_(value)
        averages.update()
        found.append(averages.kept[3][0].item())
    assert found[:3] == pytest.approx([2, 3, 5])
    assert found[3] == pytest.approx(5 + (9 - 5) / 3)


def test_averaging_leaves_the_training_alone() -> None:
    *_, state = average_along(0.01, horizons=(5,), samples=100, epochs=2, seeds=2)
    run = train_fleet(
        lambda _: transformer_run(lr=0.01), lambda _, s: text(100, s), values=[0], seeds=2,
        epochs=2, batch_size=50, progress=False,
    )  # fmt: skip
    plain = [excess(run.model(0, seed)) for seed in (0, 1)]
    np.testing.assert_allclose(state.scores("constant")[0, -1], plain, rtol=1e-3)
    assert state.steps == [0, 2, 4]
    assert (state.scores("constant")[1, -1] != plain).all()
    assert (state.scores("cosine")[0, -1] != plain).all()


# --- ensembles -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked() -> ensembles.Asked:
    *_, state = ask_together(members=3, passes=3, p=0.3, samples=50, epochs=(1, 2), seeds=2)
    return state


def test_members_differ_and_the_mean_is_never_worse_than_their_average(asked) -> None:
    for method in ("ensemble", "MC dropout"):
        answers = asked.answers[2][method]
        assert answers.shape == (3, 2, len(truth_of()), len(WORDS))
        torch.testing.assert_close(answers.sum(-1), torch.ones(answers.shape[:-1]))
        assert not torch.equal(answers[0], answers[1])
        # The logarithm is concave.
        apart = np.mean([[excess_of(a.log()) for a in member] for member in answers], axis=0)
        assert (asked.excess(2, method, 3) <= apart + 1e-6).all()
    assert asked.answers[2]["dropout off"].shape[0] == 1


def test_a_member_is_what_fit_trains(asked) -> None:
    torch.manual_seed(ensembles.stream_seed("member 1", 0))
    run = transformer_run()
    fit(run.model, text(50, 0), optimizer=run.optimizer, epochs=2, batch_size=50, seed=0)
    with torch.no_grad():
        alone = run.model.eval()(scored_beginnings()).softmax(1)
    torch.testing.assert_close(alone, asked.answers[2]["ensemble"][1, 0], rtol=1e-3, atol=1e-4)


def test_the_truth_is_calibrated_and_a_bragging_answer_is_not() -> None:
    truth = truth_of()
    said, true, error = reliability(truth, truth)
    np.testing.assert_allclose(said, true)
    assert error == pytest.approx(0, abs=1e-6)
    bragging = F.one_hot(truth.argmax(1), len(WORDS)).float()
    said, true, error = reliability(bragging, truth)
    assert np.isfinite(said).sum() == 1
    assert error == pytest.approx(1 - float(truth.max(1).values.mean()), abs=1e-5)


# --- pretraining -----------------------------------------------------------------------------


def test_fine_tuning_starts_where_the_pretraining_ended() -> None:
    weights = pretrained(100, 2)
    *_, fleet = fine_tune((0, 100), 20, "all weights", epochs=0, seeds=2)
    for seed in (0, 1):
        for name, value in fleet.model(1, seed).state_dict().items():
            assert torch.equal(value, weights[seed][name])
        assert not torch.equal(fleet.model(0, seed).word.weight, weights[seed]["word.weight"])


@pytest.mark.usefixtures("float64")
def test_a_smaller_amount_is_the_beginning_of_the_same_pass() -> None:
    kept = read_along((100, 200), 2, 0)
    for seed in (0, 1):
        torch.manual_seed(seed)
        run, data = transformer_run(), text(200, seed)
        steps = enumerate(next(shuffled_batches(200, 50, seed)), start=1)
        for step, batch in steps:
            run.optimizer.zero_grad()
            F.cross_entropy(run.model(data.x_train[batch]), data.y_train[batch]).backward()
            run.optimizer.step()
            for name, weight in run.model.named_parameters() if step in (2, 4) else ():
                # The bias of the keys changes no output: Adam makes steps of rounding errors there.
                if not name.endswith("key.bias"):
                    own = kept[50 * step][seed][name]
                    torch.testing.assert_close(own, weight.detach(), atol=1e-9, rtol=0)


def test_only_the_head_moves_where_only_the_head_is_trained() -> None:
    *_, fleet = fine_tune((0, 100), 20, "the head only", epochs=1, seeds=1)
    before, moved = pretrained(100, 1)[0], set()
    for name, value in fleet.model(1, 0).state_dict().items():
        if not torch.equal(value, before[name]):
            moved.add(name)
    assert moved == {"head.weight", "head.bias"}
    assert all(p.requires_grad for p in fleet.model(0, 0).parameters())


def test_an_unread_author_is_another() -> None:
    mine, hers = text(200, 0), text(200, 0, 1)
    assert {decode(row) for row in mine.x_train} != {decode(row) for row in hers.x_train}
    torch.manual_seed(0)
    assert fine_tuning(0, "all weights", 1).optimizer.param_groups[0]["lr"] == 1e-2
