"""Lesson 08: the lesson's own lines against PyTorch's, and what its panels measure and draw."""

import json
import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from course_utils.budget import set_training_share
from course_utils.data.language import WORDS, decode
from course_utils.evidence import paired_difference
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
from course_utils.experiments.pretraining import fine_tune, fine_tuning, pretrained
from course_utils.fleet import train_fleet
from course_utils.models import SmallTransformer
from course_utils.panels import today as panels
from course_utils.training import fit
from tests.lessons import SHARE, Lesson, every_control_moves_the_picture


def small(**options):
    torch.manual_seed(0)
    return SmallTransformer(len(WORDS), 10, width=8, **options)


# --- the lesson's own lines ------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 3, 32])
def test_the_lessons_norm_is_pytorchs(lesson: Lesson, width: int) -> None:
    own, library = lesson["RMSNorm"](width).double(), nn.RMSNorm(width, eps=1e-5).double()
    for norm in (own, library):
        norm.weight.data = torch.arange(1.0, width + 1, dtype=torch.float64)
    x = torch.randn(4, 5, width, dtype=torch.float64, requires_grad=True)
    outs = [norm(x) for norm in (own, library)]
    torch.testing.assert_close(*outs)
    torch.testing.assert_close(*(torch.autograd.grad(o.pow(3).sum(), x)[0] for o in outs))


def test_the_lessons_groups_hold_every_weight_once(lesson: Lesson) -> None:
    model = small()
    decays, rests = lesson["decay_groups"](model, 0.1)
    given = [*decays["params"], *rests["params"]]
    assert sorted(map(id, given)) == sorted(map(id, model.parameters()))
    assert decays["weight_decay"] == 0.1
    assert rests["weight_decay"] == 0.0
    scales = [m.weight for m in model.modules() if isinstance(m, nn.LayerNorm)]
    assert {id(scale) for scale in scales} <= {id(p) for p in rests["params"]}


def test_the_lessons_step_is_adamws(lesson: Lesson) -> None:
    own = torch.randn(6, dtype=torch.float64)
    theirs, state = own.clone().requires_grad_(), {"t": 0, "m": 0 * own, "v": 0 * own}
    adamw = torch.optim.AdamW([theirs], lr=0.02, weight_decay=0.3)
    for step in range(30):
        gradient = (own + step).sin()
        theirs.grad = gradient.clone()
        own = lesson["adamw_step"](own, gradient, state, lr=0.02, decay=0.3)
        adamw.step()
        torch.testing.assert_close(own, theirs.detach())


def test_the_lessons_average_is_pytorchs(lesson: Lesson) -> None:
    model = small()
    own = lesson["Average"](model, horizon=4)
    library = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.75))
    library.update_parameters(model)
    for _ in range(6):
        with torch.no_grad():
            for p in model.parameters():
                p.add_(torch.randn_like(p))
        own.update(model)
        library.update_parameters(model)
    torch.testing.assert_close(own.kept, list(library.module.parameters()))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 1.0])
def test_the_lessons_smoothed_loss_is_pytorchs(lesson: Lesson, smoothing: float) -> None:
    logits, y = torch.randn(7, 5, dtype=torch.float64), torch.arange(7) % 5
    torch.testing.assert_close(
        lesson["smoothed_cross_entropy"](logits, y, smoothing),
        F.cross_entropy(logits, y, label_smoothing=smoothing),
    )


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


def test_the_numbers_about_memory_in_the_text(lesson: Lesson) -> None:
    prose = "".join(
        "".join(cell["source"])
        for cell in json.loads(lesson.path.read_text(encoding="utf-8"))["cells"]
        if cell["id"] == "read-memory"
    )
    short, long = map(int, re.findall(r"(\d+) % (?:of the first weights )?are", prose))
    assert round(100 * remember(1e-3, 0.1, 200, "constant").left[0]) == short
    assert round(100 * remember(1e-3, 0.1, 20_000, "constant").left[0]) == long


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


# --- panels ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: panels.passes(ps=(0.1, 0.2)), "begin with 0"),
        (lambda: panels.averaging(horizons=(5, 20)), "begin with 1"),
        (lambda: panels.pretraining(amounts=(100, 200)), "begin with 0"),
    ],
)
def test_what_cannot_be_compared_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_the_learners_dropout_is_the_one_that_trains() -> None:
    made: list[float] = []

    class Mine(nn.Dropout):
        def __init__(self, p: float) -> None:
            super().__init__(p)
            made.append(p)

    with set_training_share(SHARE):
        panel = panels.passes(Mine, (0, 0.3), (1, 2), seen=100, seeds=2)
    panel.wait()
    panel.close()
    assert set(made) == {0.3}


def test_passes_share_the_steps() -> None:
    with set_training_share(SHARE):
        panel = panels.passes(ps=(0, 0.5), counts=(1, 4), seen=400, seeds=2)
        panel.wait()
        assert "1 pass over 200 samples" in panel.text
        panel.controls["passes"].value = 4
        panel.wait()
    assert "4 passes over 50 samples" in panel.text
    assert panel.result.epochs == 4
    panel.close()


def test_the_reveals_agree_with_what_was_measured(lesson: Lesson) -> None:
    tuned = lesson["tuned"]
    found = paired_difference(tuned.val_loss.min(-1)[0], tuned.val_loss.min(-1)[-1])
    assert lesson["found"].n == found.n == 8


@pytest.mark.slow
def test_every_control_moves_the_picture(lesson: Lesson) -> None:
    every_control_moves_the_picture(lesson)
