"""Right and wrong answers to BatchNorm1d."""

import torch
import torch.nn.functional as F
from torch import nn

from course_utils import regularizers
from instructor.answers import UNNAMED, right, wrong


class Norm(nn.Module):
    """What the answers below share; each of them says what differs from a right layer."""

    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    def forward(self, x):
        if self.training:
            self.refuse(x)
            self.update(x.detach())
            mean, var = self.statistics(x)
        else:
            mean, var = self.running_mean, self.running_var
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias

    def refuse(self, x):
        if len(x) == 1:
            raise ValueError("a batch of one")

    def statistics(self, x):
        return x.mean(0), x.var(0, correction=0)

    def update(self, x):
        self.running_mean += self.momentum * (x.mean(0) - self.running_mean)
        self.running_var += self.momentum * (x.var(0, correction=1) - self.running_var)


@right
class InWholeLinesOfTensors(nn.Module):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.register_parameter("weight", nn.Parameter(torch.full((features,), 1.0)))
        self.register_parameter("bias", nn.Parameter(torch.full((features,), 0.0)))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))
        self.share, self.guard = momentum, eps

    def forward(self, x):
        if not self.training:
            scale = self.weight * torch.rsqrt(self.running_var + self.guard)
            return torch.addcmul(self.bias - self.running_mean * scale, x, scale)
        n = len(x)
        if n < 2:
            raise ValueError(f"need two samples or more, got {n}")
        center = x.sum(0) / n
        var = ((x - center) ** 2).sum(0) / n
        self.running_mean = torch.lerp(self.running_mean, center.detach(), self.share)
        self.running_var = torch.lerp(self.running_var, var.detach() * n / (n - 1), self.share)
        self.num_batches_tracked += 1
        return self.bias + self.weight * (x - center) * torch.rsqrt(var + self.guard)


@right
class FeatureByFeature(Norm):
    def forward(self, x):
        if self.training and x.size(0) <= 1:
            raise ValueError("batch of one")
        columns = []
        for j in range(x.shape[1]):
            column, mean, var = x[:, j], self.running_mean[j], self.running_var[j]
            if self.training:
                var, mean = torch.var_mean(column, correction=0)
                with torch.no_grad():
                    n, old = len(column), 1 - self.momentum
                    self.running_mean[j] = old * self.running_mean[j] + self.momentum * mean
                    unbiased = var * n / (n - 1)
                    self.running_var[j] = old * self.running_var[j] + self.momentum * unbiased
            column = (column - mean) / torch.sqrt(var + self.eps)
            columns.append(column * self.weight[j] + self.bias[j])
        return torch.stack(columns, dim=1)


@wrong("unbiased_output")
class UnbiasedOutput(Norm):
    def statistics(self, x):
        return x.mean(0), x.var(0)


@wrong("biased_buffer")
class BiasedBuffer(Norm):
    def update(self, x):
        self.running_mean += self.momentum * (x.mean(0) - self.running_mean)
        self.running_var += self.momentum * (x.var(0, correction=0) - self.running_var)


@wrong("updated_in_evaluation")
class UpdatedInEvaluation(Norm):
    def forward(self, x):
        if not self.training and len(x) > 1:
            self.update(x.detach())
        return super().forward(x)


@wrong("batch_statistics_in_evaluation")
class BatchStatisticsInEvaluation(Norm):
    def forward(self, x):
        mean, var = self.statistics(x)
        if self.training:
            self.update(x.detach())
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


@wrong("momentum_of_the_old_value")
class MomentumOfTheOldValue(Norm):
    def update(self, x):
        self.running_mean += (1 - self.momentum) * (x.mean(0) - self.running_mean)
        self.running_var += (1 - self.momentum) * (x.var(0) - self.running_var)


@wrong("over_the_features")
class OverTheFeatures(Norm):
    def statistics(self, x):
        return x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)


@wrong("without_eps")
class WithoutEps(Norm):
    def forward(self, x):
        self.eps = 0.0
        return super().forward(x)


@wrong("divided_by_the_variance")
class DividedByTheVariance(Norm):
    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            self.update(x.detach())
            mean, var = self.statistics(x)
        return (x - mean) / (var + self.eps) * self.weight + self.bias


@wrong("detached_statistics")
class DetachedStatistics(Norm):
    def statistics(self, x):
        return super().statistics(x.detach())


@wrong("plain_attributes")
class PlainAttributes(Norm):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__(features, eps, momentum)
        del self.running_mean, self.running_var
        self.running_mean, self.running_var = torch.zeros(features), torch.ones(features)


@wrong("without_scale_and_shift")
class WithoutScaleAndShift(Norm):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__(features, eps, momentum)
        del self.weight, self.bias
        self.weight, self.bias = 1.0, 0.0


@wrong("statistics_in_the_graph")
class StatisticsInTheGraph(Norm):
    def forward(self, x):
        if self.training:
            mean, var = self.statistics(x * self.weight / self.weight)
            self.running_mean = self.running_mean + self.momentum * (mean - self.running_mean)
            unbiased = var * len(x) / (len(x) - 1)
            self.running_var = self.running_var + self.momentum * (unbiased - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


@wrong("other_names")
class OtherNames(nn.Module):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gamma = nn.Parameter(torch.ones(features))
        self.beta = nn.Parameter(torch.zeros(features))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("var", torch.ones(features))

    def forward(self, x):
        mean, var = self.mean, self.var
        if self.training:
            mean, var = x.mean(0), x.var(0, correction=0)
            self.mean += self.momentum * (mean.detach() - self.mean)
            self.var += self.momentum * (x.detach().var(0) - self.var)
        return (x - mean) / (var + self.eps).sqrt() * self.gamma + self.beta


@wrong("accepts_one_sample")
class AcceptsOneSample(Norm):
    def refuse(self, x):
        pass


@wrong("refuses_too_late")
class RefusesTooLate(Norm):
    def refuse(self, x):
        if len(x) == 1:
            self.running_mean += self.momentum * (x[0].detach() - self.running_mean)
            raise ValueError("a batch of one")


@wrong(UNNAMED)
class EpsTypedIn(Norm):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__(features, 1e-5, momentum)


@wrong(UNNAMED)
class MomentumTypedIn(Norm):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__(features, eps, 0.1)


@wrong("single_precision")
class InSinglePrecision(Norm):
    def forward(self, x):
        return super().forward(x.float()).to(x.dtype)


@wrong("library_used")
class LibraryUnderAnotherName(nn.BatchNorm1d):
    pass


@wrong("library_used")
class CourseUnderAnotherName(regularizers.BatchNorm1d):
    pass


@wrong("library_used")
class LibraryInside(Norm):
    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        return F.batch_norm(
            x, mean, var, self.weight, self.bias, self.training, self.momentum, self.eps
        )


wrong("library_used")(regularizers.BatchNorm1d)


@right
class WithLerp(nn.Module):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.register_parameter("weight", nn.Parameter(torch.full((features,), 1.0)))
        self.register_parameter("bias", nn.Parameter(torch.full((features,), 0.0)))
        for name, start in (("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((features,), start))
        self.share, self.guard = momentum, eps

    def forward(self, x):
        if not self.training:
            center, spread = self.running_mean, self.running_var
        elif x.shape[0] == 1:
            raise ValueError("a batch of one sample has no variance")
        else:
            spread, center = torch.var_mean(x, dim=0, correction=0)
            stored = spread.detach() * x.shape[0] / (x.shape[0] - 1)
            self.running_mean.lerp_(center.detach(), self.share)
            self.running_var.lerp_(stored, self.share)
        return torch.addcmul(
            self.bias, (x - center) * torch.rsqrt(spread + self.guard), self.weight
        )


@wrong("library_used")
class TheLibrarysLayerUnderItsName(nn.BatchNorm1d):
    pass


@wrong("library_used")
class TheLibrarysLayerThatRefuses(nn.BatchNorm1d):
    def forward(self, x):
        if self.training and x.shape[0] < 2:
            raise ValueError("too small")
        return super().forward(x)


class _OtherStatistics(WithLerp):
    """`WithLerp`, for answers that keep or use other statistics."""

    def keep(self, center, spread, n):
        self.running_mean = torch.lerp(self.running_mean, center, self.share)
        self.running_var = torch.lerp(self.running_var, spread * n / (n - 1), self.share)

    def forward(self, x):
        if not self.training or x.shape[0] == 1:
            return super().forward(x)
        spread, center = torch.var_mean(x, dim=0, correction=0)
        self.keep(center, spread, x.shape[0])
        return torch.addcmul(
            self.bias, (x - center) * torch.rsqrt(spread + self.guard), self.weight
        )


@wrong("statistics_in_the_graph")
class TheMeanDetachedAlone(_OtherStatistics):
    def keep(self, center, spread, n):
        super().keep(center.detach(), spread, n)


@wrong("statistics_in_the_graph")
class TheVarianceDetachedAlone(_OtherStatistics):
    def keep(self, center, spread, n):
        super().keep(center, spread.detach(), n)


@wrong(UNNAMED)
class EvalNoGrad(nn.Module):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    def forward(self, x):
        if self.training:
            if len(x) < 2:
                raise ValueError("one sample has no variance")
            mean = x.mean(0)
            var = x.var(0, correction=0)
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (x.var(0) - self.running_var)
        else:
            with torch.no_grad():
                return (x - self.running_mean) / torch.sqrt(
                    self.running_var + self.eps
                ) * self.weight + self.bias
        return (x - mean) / torch.sqrt(var + self.eps) * self.weight + self.bias


@wrong(UNNAMED)
class RunningAreParameters(nn.Module):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.running_mean = nn.Parameter(torch.zeros(features), requires_grad=False)
        self.running_var = nn.Parameter(torch.ones(features), requires_grad=False)

    def forward(self, x):
        if self.training:
            if len(x) < 2:
                raise ValueError("one sample has no variance")
            mean = x.mean(0)
            var = x.var(0, correction=0)
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (x.var(0) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        return (x - mean) / torch.sqrt(var + self.eps) * self.weight + self.bias


@wrong("refuses_in_evaluation")
class RefusesInEvaluation(Norm):
    def forward(self, x):
        self.refuse(x)
        return super().forward(x)


@wrong("refused_by_another_error")
class RefusesByAssert(Norm):
    def refuse(self, x):
        assert len(x) > 1, "a batch of one"


@wrong(UNNAMED, at="hidden-evaluation")
class NoScaleInEvaluation(Norm):
    def forward(self, x):
        if self.training:
            return super().forward(x)
        return (x - self.running_mean) / (self.running_var + self.eps).sqrt()


@wrong(UNNAMED, at="hidden-buffers")
class BuffersInSinglePrecision(Norm):
    def update(self, x):
        super().update(x)
        self.running_mean, self.running_var = self.running_mean.float(), self.running_var.float()


@wrong("single_precision", at="hidden-outputs")
class DividesInSinglePrecision(Norm):
    def statistics(self, x):
        return x.mean(0), x.var(0, correction=0).float()


@wrong("single_precision", at="hidden-evaluation")
class SinglePrecisionInEvaluation(Norm):
    def forward(self, x):
        if self.training:
            return super().forward(x)
        return super().forward(x.float()).to(x.dtype)


@wrong("single_precision", at="hidden-buffers")
class UpdatesInSinglePrecision(Norm):
    def update(self, x):
        super().update(x.float())


@wrong("input_changed", at="hidden-outputs")
class CenteredInPlace(Norm):
    """Without complaint from PyTorch, as long as x needs no gradient."""

    def forward(self, x):
        if not self.training or x.requires_grad:
            return super().forward(x)
        self.refuse(x)
        self.update(x)
        x -= x.mean(0)
        return x / (x.var(0, correction=0) + self.eps).sqrt() * self.weight + self.bias


@wrong("input_changed", at="hidden-outputs")
class WrittenIntoTheData(Norm):
    def forward(self, x):
        out = super().forward(x)
        if self.training:
            x.data -= x.data.mean(0)
        return out


@wrong("input_changed", at="hidden-evaluation")
class CenteredInPlaceInEvaluation(Norm):
    def forward(self, x):
        if self.training or x.requires_grad:
            return super().forward(x)
        x -= self.running_mean
        return x / (self.running_var + self.eps).sqrt() * self.weight + self.bias
