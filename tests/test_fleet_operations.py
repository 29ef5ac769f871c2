"""Layers and draws out of other people's courses: together where promised, equal to `fit`
always."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune, weight_norm
from torchvision.ops import StochasticDepth

from course_utils.fleet import Run
from tests.fleets import Between, Hidden, assert_members_are_fits, compared, running, sgd, train

pytestmark = pytest.mark.usefixtures("float64")


def of_values(make, lr=0.2):
    def build(value):
        model = make(value)
        return Run(model, sgd(model, lr))

    return build


class Attention(nn.Module):
    """Four rows of an image as four tokens."""

    def __init__(self, p, layer=None):
        super().__init__()
        self.p, self.project, self.layer = p, nn.Linear(4, 12), layer
        self.last = nn.Linear(16, 3)

    def forward(self, x):
        x = x[:, 0]
        if isinstance(self.layer, nn.MultiheadAttention):
            x = x + self.layer(x, x, x)[0]
        elif self.layer is not None:
            x = self.layer(x)
        else:
            query, key, value = self.project(x).chunk(3, dim=-1)
            p = self.p if self.training else 0.0
            x = F.scaled_dot_product_attention(query, key, value, dropout_p=p)
        return self.last(x.flatten(1))


def encoder(p):
    return Attention(p, nn.TransformerEncoderLayer(4, 2, 8, dropout=p, batch_first=True))


def encoder_normalized_first(p):
    options = {"dropout": p, "batch_first": True, "norm_first": True}
    return Attention(p, nn.TransformerEncoderLayer(4, 2, 8, **options))


def two_encoders(p):
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=p, batch_first=True)
    return Attention(p, nn.TransformerEncoder(layer, 2, enable_nested_tensor=False))


def multi_head(p):
    return Attention(p, nn.MultiheadAttention(4, 2, dropout=p, batch_first=True))


ATTENTION = {
    "products": Attention,
    "heads": multi_head,
    "encoder": encoder,
    "norm first": encoder_normalized_first,
    "two encoders": two_encoders,
}


@pytest.mark.parametrize("values", [[0.0], [0.3], [0.1, 0.3], [0.0, 0.3]], ids=str)
@pytest.mark.parametrize("make", ATTENTION.values(), ids=ATTENTION.keys())
def test_attention_trains_together(make, values):
    compared(of_values(make), values)


RANDOM_LAYERS = {
    "alpha": nn.AlphaDropout,
    "feature alpha": nn.FeatureAlphaDropout,
    "dropout": nn.Dropout,
    "depth by row": lambda p: StochasticDepth(p, "row"),
    "depth by batch": lambda p: StochasticDepth(p, "batch"),
    "rrelu": lambda p: nn.RReLU(0.1, 0.2 + p),
}


@pytest.mark.recorder
@pytest.mark.parametrize("values", [[0.3], [0.1, 0.4], [0.0, 0.4]], ids=str)
@pytest.mark.parametrize("layer", RANDOM_LAYERS.values(), ids=RANDOM_LAYERS.keys())
def test_random_layers_train_together(layer, values):
    compared(of_values(lambda p: Between(layer(p))), values)


DRAWS = {
    "normal of means": lambda h: torch.normal(h, 0.1),
    "normal of deviations": lambda h: torch.normal(h, 0.1 * torch.ones_like(h)),
    "normal of a shape": lambda h: h + torch.normal(0.0, 0.1, h.shape),
    "normal_": lambda h: h + torch.empty_like(h).normal_(0, 0.1),
    "randint_like": lambda h: h * torch.randint_like(h, 2),
    "randint_like from 1": lambda h: h * torch.randint_like(h, 1, 4),
    "bernoulli": lambda h: h * torch.bernoulli(torch.full_like(h, 0.7)),
    "bernoulli_": lambda h: h * torch.empty_like(h).bernoulli_(0.7),
    "bernoulli_ of tensors": lambda h: h * torch.empty_like(h).bernoulli_(0.7 + 0 * h),
    "gumbel": lambda h: F.gumbel_softmax(h),
    "permutation": lambda h: 0.9 * h + 0.1 * h[torch.randperm(len(h))],
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_draws_train_together(draw):
    compared(running(lambda: Hidden(lambda m, h: draw(h) if m.training else h)))


def test_a_one_hot_code_of_known_length_trains_together():
    compared(running(lambda: Hidden(lambda m, h: h + F.one_hot(h.argmax(1), num_classes=8))))


WRAPPERS = {
    "spectral norm": parametrizations.spectral_norm,
    "weight norm": parametrizations.weight_norm,
    "orthogonal": parametrizations.orthogonal,
    "old weight norm": weight_norm,
    "pruned": lambda layer: prune.random_unstructured(layer, "weight", 0.4),
    "pruned of the smallest": lambda layer: prune.l1_unstructured(layer, "weight", 0.4),
}


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated:FutureWarning")
@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS.keys())
def test_weights_made_of_others_train_together(wrap):
    def make():
        return nn.Sequential(nn.Flatten(), wrap(nn.Linear(16, 8)), nn.ReLU(), nn.Linear(8, 3))

    compared(running(make))


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated:FutureWarning")
def test_nobody_is_warned_about_pytorchs_own_speed(capfd):
    def make():
        return nn.Sequential(nn.Flatten(), weight_norm(nn.Linear(16, 8)), nn.Linear(8, 3))

    train(running(make), [0])
    assert "performance" not in capfd.readouterr().err


USED_TWICE = {
    "linear": lambda: nn.Linear(8, 8),
    "norm": lambda: nn.BatchNorm1d(8),
    "both": lambda: nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8)),
    "dropout": lambda: nn.Dropout(0.3),
}


@pytest.mark.parametrize("make", USED_TWICE.values(), ids=USED_TWICE.keys())
def test_a_layer_that_is_used_twice(make):
    def twice():
        layer = make()
        parts = (nn.Flatten(), nn.Linear(16, 8), layer, nn.Tanh(), layer, nn.Linear(8, 3))
        return nn.Sequential(*parts)

    compared(running(twice))


def test_layers_with_the_same_weights():
    def make():
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 16))
        model[3].weight = model[1].weight
        return model.append(nn.Linear(16, 3))

    compared(running(make))


class Fourier(nn.Module):
    """Complex arithmetic between real weights, with conjugates."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(16, 16), nn.Linear(16, 3)
        self.phase = nn.Parameter(torch.randn(16))

    def forward(self, x):
        z = torch.fft.fft(self.first(x.flatten(1))) * torch.exp(1j * self.phase)
        return self.last((z * z.conj()).real * 0.01 + torch.fft.ifft(z).real)


class ComplexWeights(nn.Module):
    def __init__(self):
        super().__init__()
        self.filter = nn.Parameter(0.3 * torch.randn(4, 3, dtype=torch.cdouble))
        self.last = nn.Linear(16, 3)

    def forward(self, x):
        return self.last(torch.fft.irfft2(torch.fft.rfft2(x[:, 0]) * self.filter).flatten(1))


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop])
@pytest.mark.parametrize("model", [Fourier, ComplexWeights])
def test_complex_numbers(model, kind):
    def build(lr):
        of_one = model()
        return Run(of_one, kind(of_one.parameters(), lr=lr))

    compared(build, [0.01, 0.03])


@pytest.mark.filterwarnings("ignore:.*train one after the other:UserWarning")
def test_a_product_of_sparse_activations():
    def between(m, h):
        return torch.sparse.mm(h.relu().to_sparse(), m.first.weight[:, :8])

    build = running(lambda: Hidden(between))
    assert_members_are_fits(train(build, [0]), build)
