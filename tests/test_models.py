"""The networks of the course: shapes, the order of the layers, and the learner's own layers."""

import pytest
import torch
from torch import nn

from course_utils.models import MLP, SmallCNN


def kinds(model):
    return [type(layer) for layer in model.layers]


@pytest.mark.parametrize("shape", [(64,), (1, 8, 8), (4, 4, 4)])
def test_mlp_flattens_whatever_comes(shape):
    for in_features in (64, shape):
        assert MLP(in_features, (5,), 3)(torch.zeros(7, *shape)).shape == (7, 3)


def test_mlp_without_hidden_layers_is_linear():
    model = MLP(4, (), 3)
    assert kinds(model) == [nn.Flatten, nn.Linear]
    weight, bias = model.layers[1].weight, model.layers[1].bias
    x = torch.randn(5, 4)
    assert torch.allclose(model(x), x @ weight.T + bias, atol=1e-6)


def test_mlp_has_the_widths_it_was_given():
    model = MLP(10, (8, 6), 4)
    linear = [layer for layer in model.layers if isinstance(layer, nn.Linear)]
    assert [tuple(layer.weight.shape) for layer in linear] == [(8, 10), (6, 8), (4, 6)]


def test_each_hidden_layer_is_linear_norm_activation_dropout():
    model = MLP(4, (3, 2), 2, dropout=0.5, norm_layer=nn.BatchNorm1d, activation=nn.Tanh)
    block = [nn.Linear, nn.BatchNorm1d, nn.Tanh, nn.Dropout]
    assert kinds(model) == [nn.Flatten, *block, *block, nn.Linear]
    assert [n.num_features for n in model.layers if isinstance(n, nn.BatchNorm1d)] == [3, 2]


def test_dropout_is_one_p_or_one_for_each_layer():
    assert [d.p for d in MLP(4, (3, 2), 2, dropout=0.3).layers if type(d) is nn.Dropout] == [
        0.3
    ] * 2
    by_layer = MLP(4, (3, 2), 2, dropout=(0.2, 0.4))
    assert [d.p for d in by_layer.layers if type(d) is nn.Dropout] == [0.2, 0.4]
    assert nn.Dropout not in kinds(MLP(4, (3, 2), 2))
    assert kinds(MLP(4, (3,), 2, dropout=0.0)).count(nn.Dropout) == 1  # p = 0 keeps its place


@pytest.mark.parametrize("dropout", [0.5, None])
def test_smallcnn_shapes(dropout):
    for shape in ((1, 8, 8), (3, 9, 11), (1, 4, 4), (1, 28, 28)):
        model = SmallCNN(shape, 10, channels=(4, 6), dropout=dropout, norm_layer=nn.BatchNorm2d)
        assert model(torch.zeros(2, *shape)).shape == (2, 10)


def test_smallcnn_layers():
    model = SmallCNN((1, 8, 8), 10, channels=(4, 6), dropout=0.5, norm_layer=nn.BatchNorm2d)
    block = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d]
    assert kinds(model) == [*block, *block, nn.Flatten, nn.Dropout, nn.Linear]
    assert [c.out_channels for c in model.layers if isinstance(c, nn.Conv2d)] == [4, 6]


class Recorder(nn.Module):
    """A learner's own layer, which notes what it was made with."""

    def __init__(self, made_with):
        super().__init__()
        self.made_with = made_with

    def forward(self, x):
        return x


@pytest.mark.parametrize(
    "model", [lambda **k: MLP(4, (3,), 2, **k), lambda **k: SmallCNN((1, 4, 4), 2, **k)]
)
def test_the_learners_own_layers_take_their_place(model):
    built = model(dropout=0.25, dropout_layer=Recorder, norm_layer=Recorder)
    own = [layer.made_with for layer in built.layers if isinstance(layer, Recorder)]
    assert 0.25 in own
    assert any(isinstance(made_with, int) for made_with in own)  # a norm layer gets its width


def test_the_seed_decides_the_weights():
    def weights(seed):
        torch.manual_seed(seed)
        return MLP(4, (3,), 2).layers[1].weight

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
