"""Scores are what the loss says of the whole set, and scoring changes nothing."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils import scoring
from course_utils.models import MLP
from course_utils.scoring import evaluate, mixes_samples, outputs_of
from course_utils.snapshot import evaluating

pytestmark = pytest.mark.usefixtures("float64")

N = 2500  # more than one pass, and a smaller last one


# --- the loss of the whole set ----------------------------------------------------------------


@pytest.fixture
def samples():
    """Inputs, and labels of which the last ones are of a rare class."""
    x = torch.randn(N, 16, generator=torch.Generator().manual_seed(0))
    x[N // 2 :] += 1.0
    return x, (torch.arange(N) % 2) + (torch.arange(N) > N - 60)


def labelled(y):
    return y.double() * torch.linspace(0, 3, len(y))


LOSSES = {
    "mean": F.cross_entropy,
    "class weights": nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 30.0]).double()),
    "sum": nn.CrossEntropyLoss(reduction="sum"),
    "ignored": nn.CrossEntropyLoss(ignore_index=2),
    "smoothed": nn.CrossEntropyLoss(label_smoothing=0.1),
    "worst": lambda outputs, y: F.cross_entropy(outputs, y, reduction="none").max(),
}


@pytest.mark.parametrize("n", [1, 999, 1000, 1001, N])
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("loss_fn", LOSSES.values(), ids=LOSSES.keys())
def test_the_loss_of_the_whole_set_at_once(loss_fn, plain, n, samples):
    x, y = samples[0][-n:], samples[1][-n:].clone()
    y[0] = 1  # or all might be ignored
    torch.manual_seed(0)
    model = MLP(16, (8,), 3) if plain else nn.Sequential(nn.Linear(16, 3), nn.Softsign())
    score = evaluate(model, x, y, loss_fn=loss_fn)
    outputs = model.eval()(x)
    assert score.loss == pytest.approx(loss_fn(outputs, y).item(), rel=1e-12)
    assert score.acc == pytest.approx((outputs.argmax(1) == y).double().mean().item(), abs=1e-12)


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 1)

    def forward(self, x):
        return self.linear(x).squeeze(-1)


def test_a_root_of_the_mean_is_no_mean_of_roots(samples):
    x, y = samples[0], labelled(samples[1])
    torch.manual_seed(0)
    model = Line()
    score = evaluate(model, x, y, loss_fn=lambda outputs, y: F.mse_loss(outputs, y).sqrt())
    assert score.loss == pytest.approx((model(x) - y).square().mean().sqrt().item(), rel=1e-12)
    assert math.isnan(score.acc)
    parts = zip(x.split(1000), y.split(1000), strict=True)
    means = [F.mse_loss(model(a), b).sqrt().item() * len(a) for a, b in parts]
    assert score.loss != pytest.approx(sum(means) / N, rel=1e-6), "the data tell the two apart"


# --- batch statistics -------------------------------------------------------------------------


class MinusMean(nn.Module):
    def forward(self, x):
        return x - x.mean(0)


def normalized(**options):
    return nn.Sequential(nn.Linear(16, 8), nn.BatchNorm1d(8, **options), nn.Linear(8, 3))


MIXING = {
    "batch norm": lambda: normalized(track_running_stats=False),
    "mean": lambda: nn.Sequential(nn.Linear(16, 3), MinusMean()),
    "softmax": lambda: nn.Sequential(nn.Linear(16, 3), nn.Softmax(dim=0)),
}


@pytest.mark.parametrize("make", MIXING.values(), ids=MIXING.keys())
def test_statistics_of_the_batch_are_those_of_the_whole_set(make, samples):
    x, y = samples
    torch.manual_seed(0)
    model = make()
    score = evaluate(model, x, y)
    with torch.no_grad():
        expected = F.cross_entropy(model.eval()(x), y).item()
        parts = torch.cat([model(part) for part in x.split(1000)])
    assert score.loss == pytest.approx(expected, rel=1e-12)
    assert score.loss != pytest.approx(F.cross_entropy(parts, y).item(), rel=1e-6)
    with evaluating(model):
        assert mixes_samples(model, x)


APART = {
    "plain": lambda: MLP(16, (8,), 3, norm_layer=nn.BatchNorm1d),
    "batch norm": normalized,
    "dropout": lambda: nn.Sequential(nn.Dropout(0.5), nn.Linear(16, 3)),
    "layer norm": lambda: nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 3), nn.Softmax(dim=1)),
}


@pytest.mark.parametrize("make", APART.values(), ids=APART.keys())
def test_samples_that_do_not_mix_are_passed_in_parts(make, samples):
    torch.manual_seed(0)
    model, lengths = make(), []
    model.register_forward_pre_hook(lambda m, inputs: lengths.append(len(inputs[0])))
    with evaluating(model), torch.no_grad():
        assert not mixes_samples(model, samples[0])
        lengths.clear()
        outputs = outputs_of(model, samples[0])
        assert max(lengths) == scoring.CHUNK
        assert torch.allclose(outputs, model(samples[0]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 1001])
def test_any_number_of_samples(n, samples):
    torch.manual_seed(0)
    model = normalized(track_running_stats=False)
    with torch.no_grad():
        expected = F.cross_entropy(model.eval()(samples[0][:n]), samples[1][:n]).item()
    assert evaluate(model, samples[0][:n], samples[1][:n]).loss == pytest.approx(expected)


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="cannot score 0 samples: x is empty"):
        evaluate(Line(), torch.zeros(0, 16), torch.zeros(0))
