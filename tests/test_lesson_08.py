"""Lesson 08: the lesson's own lines against PyTorch's, and what its panels measure and draw."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from course_utils.budget import set_training_share
from course_utils.data.language import CONTEXT, WORDS
from course_utils.evidence import paired_difference
from course_utils.experiments.decay_memory import remember
from course_utils.experiments.ensembles import METHODS, Asked
from course_utils.models import SmallTransformer
from course_utils.panels import today as panels
from course_utils.panels.today.members import _say as line_under_members
from course_utils.panels.today.pretraining import TUNED
from course_utils.panels.today.pretraining import _ends as ends_of_pretraining
from tests.lessons import SHARE, Lesson, every_control_moves_the_picture


def small(**options):
    torch.manual_seed(0)
    return SmallTransformer(len(WORDS), CONTEXT, width=8, **options)


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


def test_the_numbers_about_memory_in_the_text(lesson: Lesson) -> None:
    prose = "".join(
        "".join(cell["source"])
        for cell in json.loads(lesson.path.read_text(encoding="utf-8"))["cells"]
        if cell["id"] == "read-memory"
    )
    short, long = map(int, re.findall(r"(\d+)% (?:of the first weights )?are", prose))
    assert round(100 * remember(1e-3, 0.1, 200, "constant").left[0]) == short
    assert round(100 * remember(1e-3, 0.1, 20_000, "constant").left[0]) == long


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


@pytest.mark.parametrize(
    ("method", "count", "said"),
    [
        ("ensemble", 1, ["6 epochs, one network: "]),
        ("ensemble", 3, ["the mean of 3 networks: ", "against one network (nats)"]),
        ("MC dropout", 1, ["one pass of one network with dropout on: ", "against dropout off"]),
        ("MC dropout", 3, ["the mean of 3 passes", "against one pass, ", "against dropout off"]),
        ("dropout off", 3, ["dropout off, which has one answer: "]),
    ],
)
def test_the_line_under_an_ensemble_names_what_it_is_compared_with(
    method: str, count: int, said: list[str]
) -> None:
    torch.manual_seed(0)
    answers = {name: torch.randn(3, 2, 300, len(WORDS)).softmax(-1) for name in METHODS}
    settings = {"epochs": 6, "method": method, "beginning": 1}
    asked = Asked(2, answers={6: answers})
    line = line_under_members(SimpleNamespace(result=asked, settings=settings, value=count))
    for part in said:
        assert part in line
    assert line.count("against") == sum(part.count("against") for part in said)


def test_the_curve_of_the_head_only_has_no_point_without_pretraining() -> None:
    losses = np.array([[[3.0, 2.0], [3.0, 2.5]], [[2.0, 1.0], [2.0, 1.5]]])
    result = SimpleNamespace(val_loss=losses, epoch=1)
    ends = {
        tuned: ends_of_pretraining(SimpleNamespace(result=result, settings={"tuned": tuned}))
        for tuned in TUNED
    }
    assert np.isfinite(ends["all weights"]["best epoch"]).all()
    for name in ("best epoch", "last epoch"):
        assert np.isnan(ends["the head only"][name][0]).all()
        assert (ends["the head only"][name][1] == ends["all weights"][name][1]).all()
    assert np.isfinite(ends["the head only"]["before"]).all()


def test_the_reveals_agree_with_what_was_measured(lesson: Lesson) -> None:
    tuned = lesson["tuned"]
    found = paired_difference(tuned.val_loss.min(-1)[0], tuned.val_loss.min(-1)[-1])
    assert lesson["found"].n == found.n == 8


@pytest.mark.slow
def test_every_control_moves_the_picture(lesson: Lesson) -> None:
    every_control_moves_the_picture(lesson)
