"""Early stopping gives back the model that was scored best, whatever it remembers."""

import pytest
import torch
from torch import nn

from course_utils.models import MLP
from course_utils.regularizers import early_stopping
from course_utils.training import evaluate, fit
from tests.fleets import DATA

pytestmark = pytest.mark.usefixtures("float64")


class PlainNorm(nn.Module):
    """Batch norm from scratch, with plain attributes."""

    def __init__(self, n):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n))
        self.mean, self.var = torch.zeros(n), torch.ones(n)

    def forward(self, x):
        mean, var = self.mean, self.var
        if self.training:
            mean, var = x.mean(0), x.var(0, unbiased=False)
            self.mean = 0.9 * self.mean + 0.1 * mean.detach()
            self.var = 0.9 * self.var + 0.1 * var.detach()
        return (x - mean) / (var + 1e-5).sqrt() * self.gamma + self.beta


class NotKept(PlainNorm):
    def __init__(self, n):
        super().__init__(n)
        del self.mean, self.var
        self.register_buffer("mean", torch.zeros(n), persistent=False)
        self.register_buffer("var", torch.ones(n), persistent=False)


class WithExtraState(PlainNorm):
    def get_extra_state(self):
        return self.mean, self.var

    def set_extra_state(self, state):
        self.mean, self.var = state


class InAList(PlainNorm):
    """The list is what counts."""

    def __init__(self, n):
        super().__init__(n)
        self.statistics = [self.mean, self.var]

    def forward(self, x):
        self.mean, self.var = self.statistics
        outputs = super().forward(x)
        self.statistics[:] = self.mean, self.var
        return outputs


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, PlainNorm, NotKept, WithExtraState, InAList])
def test_the_model_that_comes_back_is_the_one_that_was_scored_best(norm):
    torch.manual_seed(0)
    model = MLP(16, [16], 3, norm_layer=norm)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.8)
    history = fit(
        model, DATA, optimizer=optimizer, epochs=30, early_stopping=early_stopping(3), batch_size=8
    )
    assert 0 < history.restored_epoch < history.stopped_epoch
    best = history.val_loss[history.restored_epoch]
    assert evaluate(model, DATA.x_val, DATA.y_val).loss == pytest.approx(best, rel=1e-12)
    assert history.val_loss[-1] > best


@pytest.mark.filterwarnings("ignore:`torch.jit.*is deprecated")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize(
    "compile_", [lambda m: torch.jit.trace(m, DATA.x_train[:2]), torch.jit.script]
)
def test_a_compiled_model_comes_back(compile_):
    torch.manual_seed(0)
    layers = (nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    model = compile_(nn.Sequential(*layers))
    weights = list(model.parameters())
    optimizer = torch.optim.SGD(weights, lr=5.0)
    history = fit(model, DATA, optimizer=optimizer, epochs=6, early_stopping=early_stopping(3))
    assert history.restored_epoch < history.epochs, "or nothing would be brought back"
    score = evaluate(model, DATA.x_val, DATA.y_val)
    assert score.loss == pytest.approx(history.val_loss[history.restored_epoch], rel=1e-9)
    assert all(p is q for p, q in zip(model.parameters(), weights, strict=True))
