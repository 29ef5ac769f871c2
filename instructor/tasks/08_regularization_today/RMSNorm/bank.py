"""Right and wrong answers to RMSNorm."""

import torch
import torch.nn.functional as F
from torch import nn

from instructor.answers import UNNAMED, right, wrong


@right
class ByTheNorm(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.full((features,), 1.0))
        self.guard, self.n = eps, features

    def forward(self, x):
        return (
            self.weight * x * torch.rsqrt(x.norm(dim=-1, keepdim=True) ** 2 / self.n + self.guard)
        )


@right
class ByEinsum(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.register_parameter("weight", nn.Parameter(torch.zeros(features) + 1))
        self.eps = eps

    def forward(self, x):
        length = torch.einsum("...i,...i->...", x, x) / x.shape[-1]
        return torch.einsum("...i,...,i->...i", x, (length + self.eps) ** -0.5, self.weight)


@right
class InPlaceOnACopy(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones((features,))), eps

    def forward(self, x):
        out = x.clone()
        out /= torch.sqrt(torch.mean(x * x, dim=x.ndim - 1).unsqueeze(-1) + self.eps)
        out *= self.weight
        return out


@right
class InDoubleAndBack(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        wide = x.double()
        wide = wide * torch.rsqrt(wide.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        return wide.to(x.dtype) * self.weight


class _Scaled(nn.Module):
    """What the answers below share; each says by what x is divided."""

    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        return self.weight * (x / self.size(x))


@wrong("mean_subtracted")
class LikeLayerNorm(_Scaled):
    def forward(self, x):
        center = x - x.mean(-1, keepdim=True)
        return center * torch.rsqrt(x.var(-1, correction=0, keepdim=True) + self.eps) * self.weight


@wrong("standard_deviation")
class StandardDeviation(_Scaled):
    def size(self, x):
        return (x.var(-1, unbiased=False, keepdim=True) + self.eps).sqrt()


@wrong("root_forgotten")
class MeanSquare(_Scaled):
    def size(self, x):
        return (x**2).mean(-1, keepdim=True) + self.eps


@wrong("without_the_mean")
class ToLengthOne(_Scaled):
    def size(self, x):
        return ((x * x).sum(dim=-1, keepdim=True) + self.eps).sqrt()


@wrong("over_the_batch")
class AlongTheFirstDimension(_Scaled):
    def size(self, x):
        return torch.sqrt(x.pow(2).mean(0, keepdim=True) + self.eps)


@wrong("over_everything")
class OneForAll(_Scaled):
    def size(self, x):
        return torch.sqrt((x * x).mean() + self.eps)


@wrong("without_scale")
class NoScale(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.eps = eps

    def forward(self, x):
        return x * (x.square().mean(-1, keepdim=True) + self.eps).rsqrt()


@wrong("without_scale")
class ScaleForgotten(_Scaled):
    def forward(self, x):
        return x * (x.square().mean(-1, keepdim=True) + self.eps).pow(-0.5)


@wrong("weight_is_no_parameter")
class ATensor(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.weight, self.eps = torch.ones(features), eps

    def forward(self, x):
        return self.weight * x / (x.pow(2).mean(-1, True) + self.eps) ** 0.5


@wrong("weight_is_no_parameter")
class ABuffer(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.register_buffer("weight", torch.ones(features))
        self.eps = eps

    def forward(self, x):
        return torch.rsqrt((x * x).mean(-1, True) + self.eps) * x * self.weight


@wrong("weight_is_no_parameter")
class NamedGain(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.gain, self.eps = nn.Parameter(torch.ones(features)), eps

    def forward(self, x):
        return torch.rsqrt((x * x).mean(-1, True) + self.eps) * x * self.gain


@wrong("eps_outside_the_root")
class RootThenEps(_Scaled):
    def size(self, x):
        return x.square().mean(-1, keepdim=True).sqrt() + self.eps


@wrong("input_changed")
class Overwrites(_Scaled):
    def forward(self, x):
        with torch.no_grad():
            x /= torch.sqrt(x.square().mean(-1, keepdim=True) + self.eps)
        return x * self.weight


@wrong("library_used")
class Renamed(nn.RMSNorm):
    def __init__(self, features, eps=1e-6):
        super().__init__(features, eps)


@wrong("library_used")
class ByTheFunction(_Scaled):
    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


@wrong("library_used")
class TheLayerInside(_Scaled):
    def __init__(self, features, eps=1e-6):
        super().__init__(features, eps)
        self.inner = [nn.RMSNorm(features, eps, elementwise_affine=False)]

    def forward(self, x):
        return self.inner[0](x) * self.weight


@wrong(UNNAMED)
class RootWithoutGradient(_Scaled):
    def size(self, x):
        return (x.detach().square().mean(-1, keepdim=True) + self.eps).sqrt()


@wrong(UNNAMED)
class ScaleWithoutGradient(_Scaled):
    def forward(self, x):
        return x / (x.square().mean(-1, keepdim=True) + self.eps).sqrt() * self.weight.data


@wrong(UNNAMED)
class OwnEps(_Scaled):
    def __init__(self, features, eps=1e-6):
        super().__init__(features, 1e-6)

    def size(self, x):
        return ((x * x).mean(-1, keepdim=True) + self.eps).sqrt()


@wrong("weight_is_no_parameter")
class WithAShift(_Scaled):
    def __init__(self, features, eps=1e-6):
        super().__init__(features, eps)
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, x):
        return x * (x.square().mean(-1, True) + self.eps).rsqrt() * self.weight + self.bias


@wrong(UNNAMED)
class AlwaysSingle(_Scaled):
    def forward(self, x):
        x = x.float()
        return self.weight.float() * x * (x.square().mean(-1, keepdim=True) + self.eps).rsqrt()


@wrong("raised")
class RowsOnly(_Scaled):
    def size(self, x):
        return (x.square().mean(1, keepdim=True) + self.eps).sqrt()


@wrong(UNNAMED)
class OnlyInTraining(_Scaled):
    def forward(self, x):
        if not self.training:
            return x * self.weight
        return x * (x.square().mean(-1, True) + self.eps).rsqrt() * self.weight


@wrong("library_used")
class the_operator_underneath(nn.Module):
    def __init__(self, features, eps=1e-06):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        return torch.ops.aten.rms_norm(x, [x.shape[-1]], self.weight, self.eps)


@wrong(UNNAMED)
class by_the_length_of_the_vector(nn.Module):
    def __init__(self, features, eps=1e-06):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        return F.normalize(x, dim=-1, eps=self.eps) * x.shape[-1] ** 0.5 * self.weight


@wrong(UNNAMED)
class scaled_before_the_root(nn.Module):
    def __init__(self, features, eps=1e-06):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        x = x * self.weight
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)


@wrong(UNNAMED)
class divided_by_one_less(nn.Module):
    def __init__(self, features, eps=1e-06):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        return (
            x
            * torch.rsqrt(x.pow(2).sum(-1, keepdim=True) / max(1, x.shape[-1] - 1) + self.eps)
            * self.weight
        )


@right
class worked_out_in_single_precision(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        single = x.float()
        root = torch.rsqrt(single.pow(2).mean(-1, keepdim=True) + self.eps)
        return self.weight * (single * root).to(x.dtype)


class _InRows(_Scaled):
    """Makes a matrix of x first, one row for each vector, with what `rows` says."""

    def forward(self, x):
        rows = self.rows(x)
        size = (rows.square().mean(1, keepdim=True) + self.eps).sqrt()
        return (rows / size * self.weight).reshape(x.shape)


@right
class RowsByReshape(_InRows):
    def rows(self, x):
        return x.reshape(-1, x.shape[-1])


@wrong("not_contiguous", at="hidden")
class RowsByView(_InRows):
    def rows(self, x):
        return x.view(-1, x.shape[-1])


EQUIVALENT = {}
