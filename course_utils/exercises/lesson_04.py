"""Visible checks of exercise 04, batch normalization: the layers. The rest lies in two modules."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils import checks
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_04_company import exposes_batch_dependence, verdict
from course_utils.exercises.lesson_04_evidence import does_it_help, sweeps
from course_utils.regularizers import BatchNorm1d

__all__ = [
    "FOLDING",
    "LIBRARY",
    "batch_norm",
    "does_it_help",
    "exposes_batch_dependence",
    "fold",
    "layer_norm",
    "named_buffers",
    "refuses_one",
    "sweeps",
    "verdict",
]

LIBRARY = (
    *(F.batch_norm, torch.batch_norm, torch.native_batch_norm, nn.BatchNorm1d),
    *(nn.modules.batchnorm._BatchNorm.forward, BatchNorm1d, BatchNorm1d.forward),
    *(F.layer_norm, torch.layer_norm, torch.native_layer_norm, nn.LayerNorm.forward),
)
FOLDING = (nn.utils.fuse_linear_bn_weights, nn.utils.fuse_linear_bn_eval)

LayerNormFn = Callable[[Tensor, Tensor, Tensor, float], Tensor]
Fold = Callable[[nn.Linear, nn.BatchNorm1d], tuple[Tensor, Tensor]]


def batch_norm(answer: Callable[..., nn.Module]) -> None:
    """Task ``BatchNorm1d(features, eps, momentum)``."""
    with attempt("BatchNorm1d", answer, by_hand=LIBRARY) as check:
        parents = getattr(answer, "__mro__", ())
        check.that(
            nn.modules.batchnorm._NormBase not in parents and BatchNorm1d not in parents[1:],
            "written by hand",
            on="the classes that yours is made from",
            expected="class BatchNorm1d(nn.Module)",
            got=[parent.__name__ for parent in parents],
            hint="the library's version does the whole task; here you write what it does",
        )
        check.include(checks.batch_norm(answer))
        named_buffers(check, answer(4))
        refuses_one(check, answer(4), torch.randn(1, 4))


def named_buffers(check: Check, layer: nn.Module) -> None:
    """`layer` calls its parameters and its running statistics as PyTorch does."""
    check.that(
        {"weight", "bias", "running_mean", "running_var"} <= layer.state_dict().keys(),
        "parameters and buffers have the names asked for",
        on="layer.state_dict()",
        expected="weight, bias, running_mean, running_var",
        got=", ".join(layer.state_dict()),
        hint='with these names, weights of PyTorch\'s layer can be loaded: register_buffer("...")',
    )


def refuses_one(check: Check, layer: nn.Module, x: Tensor) -> None:
    """`layer` refuses a training batch of one sample, and remembers nothing of it."""
    before = {name: value.clone() for name, value in layer.named_buffers()}
    on = f"x of shape {tuple(x.shape)}, in training mode"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the hint below says more than PyTorch's warning
            layer.train()(x)
        got = "an output"
    except ValueError:
        got = "a ValueError"
    check.that(
        got == "a ValueError",
        "a batch of one sample is refused",
        on=on,
        expected="a ValueError",
        got=got,
        hint="the unbiased variance of one sample is 0 / 0, and nan stays in running_var for ever",
    )
    check.that(
        all(torch.equal(value, before[name]) for name, value in layer.named_buffers()),
        "nothing is remembered of a refused batch",
        on=on,
        expected="the same buffers before and after",
        got="changed buffers",
        hint="look at the size of the batch first",
    )


def layer_norm(answer: LayerNormFn) -> None:
    """Task ``layer_norm(x, weight, bias, eps)``."""
    with attempt("layer_norm", answer, by_hand=LIBRARY) as check:
        x = torch.tensor([[1.0, 2.0, 6.0], [5.0, 5.0, 5.0], [-4.0, 0.0, 1.0]])
        weight, bias = torch.tensor([1.0, 2.0, -1.0]), torch.tensor([0.0, 0.5, 3.0])
        on = "3 samples of 3 features, the second one constant, weight [1, 2, -1], bias [0, 0.5, 3]"

        def scaled(dim: int | None, correction: int = 0, keepdim: bool = True) -> Tensor:
            mean = x.mean(dim, keepdim=keepdim)
            var = x.var(dim, correction=correction, keepdim=keepdim)
            return (x - mean) / (var + 1e-5).sqrt() * weight + bias

        got = check.tensor(answer(x.clone(), weight, bias, 1e-5), (3, 3), on=on)
        bad = not got.isfinite().all()
        check.close(
            "each sample gets mean 0 and variance 1, then scale and shift",
            got,
            scaled(1),
            on=on,
            atol=1e-4,
            hint="a constant sample has variance 0, and dividing by that is 0 / 0; eps guards it"
            if bad
            else "mean and variance over the features of each sample; then scale and shift",
            mistakes={
                "the statistics are taken over the batch: this is batch normalization": scaled(0),
                "one mean and variance serve all samples together": scaled(None),
                "the statistics belong to rows, but are applied to columns; keepdim=True": (
                    scaled(1, keepdim=False)
                ),
                "this divides by features - 1; normalize with the biased variance": scaled(1, 1),
                "scale and shift are left out": (scaled(1) - bias) / weight,
                "this divides by the variance; its square root has the units of x": (
                    (x - x.mean(1, keepdim=True))
                    / (x.var(1, correction=0, keepdim=True) + 1e-5)
                    * weight
                    + bias
                ),
            },
        )


def fold(answer: Fold) -> None:
    """Task ``fold(linear, norm)`` -> weight [out, in] and bias [out]."""
    with attempt("fold", answer, by_hand=FOLDING) as check:
        linear, norm = nn.Linear(2, 2), nn.BatchNorm1d(2, eps=0.25).eval()
        values = {
            linear.weight: [[3.0, 1.0], [2.0, -1.0]],
            linear.bias: [1.0, 2.0],
            norm.weight: [6.0, 1.0],
            norm.bias: [7.0, 0.5],
            norm.running_mean: [5.0, -2.0],
            norm.running_var: [3.75, 15.75],
        }
        with torch.no_grad():
            for tensor, given in values.items():
                assert tensor is not None
                tensor.copy_(torch.tensor(given))
        on = "2 inputs, 2 units: the first is that of the text, with a second input of weight 1"
        folded = check.pair(answer(linear, norm), "weight, bias", on=on)
        weight = torch.tensor([[9.0, 3.0], [0.5, -0.25]])
        v = norm.running_var
        assert v is not None
        check.close(
            "the weight of each unit is scaled",
            check.tensor(folded[0], (2, 2), on=on),
            weight,
            on=on,
            hint="what happens to a unit's sum is a scale and a shift; the scale goes to its row",
            mistakes={
                "the scale of a unit belongs to its row of weight: scale[:, None]": (
                    linear.weight * torch.tensor([3.0, 0.25])
                ),
                "eps is missing under the root": (
                    linear.weight * (norm.weight / v.sqrt())[:, None]
                ),
                "this divides by the variance; its square root is the standard deviation": (
                    linear.weight * (norm.weight / (v + 0.25))[:, None]
                ),
                "the norm's own weight is left out": linear.weight / (v + 0.25).sqrt()[:, None],
                "this is the weight of linear as it was": linear.weight,
            },
        )
        check.close(
            "the bias takes up the shift",
            check.tensor(folded[1], (2,), on=on),
            torch.tensor([-5.0, 1.5]),
            on=on,
            hint="send the input 0 through both layers by hand: what comes out is the bias",
            mistakes={
                "the mean is subtracted unscaled; it is scaled with all the rest": (
                    torch.tensor([3.0 - 5.0 + 7.0, 0.5 + 2.0 + 0.5])
                ),
                "the bias of linear is lost": torch.tensor([-15.0 + 7.0, 0.5 + 0.5]),
                "the bias of linear is added unscaled; it is scaled with all the rest": (
                    torch.tensor([1.0 - 15.0 + 7.0, 2.0 + 0.5 + 0.5])
                ),
                "the running mean is left out": torch.tensor([3.0 + 7.0, 0.5 + 0.5]),
                "the norm's own bias is left out": torch.tensor([-12.0, 1.0]),
            },
        )
