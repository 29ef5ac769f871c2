"""Known answers to exercise 04: right ones written differently, wrong ones with their mistake."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.exercises.bank import right, wrong
from course_utils import regularizers
from course_utils.evidence import estimate, paired_difference

# --- BatchNorm1d ------------------------------------------------------------------------------


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


@right("BatchNorm1d")
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


@right("BatchNorm1d")
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


@wrong("BatchNorm1d", "the output uses the unbiased variance")
class UnbiasedOutput(Norm):
    def statistics(self, x):
        return x.mean(0), x.var(0)


@wrong("BatchNorm1d", "the running variance is biased")
class BiasedBuffer(Norm):
    def update(self, x):
        self.running_mean += self.momentum * (x.mean(0) - self.running_mean)
        self.running_var += self.momentum * (x.var(0, correction=0) - self.running_var)


@wrong("BatchNorm1d", "running statistics are updated in evaluation too")
class UpdatedInEvaluation(Norm):
    def forward(self, x):
        if not self.training and len(x) > 1:
            self.update(x.detach())
        return super().forward(x)


@wrong("BatchNorm1d", "evaluation normalizes with the batch that it is given")
class BatchStatisticsInEvaluation(Norm):
    def forward(self, x):
        mean, var = self.statistics(x)
        if self.training:
            self.update(x.detach())
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


@wrong("BatchNorm1d", "momentum is the wrong way round")
class MomentumOfTheOldValue(Norm):
    def update(self, x):
        self.running_mean += (1 - self.momentum) * (x.mean(0) - self.running_mean)
        self.running_var += (1 - self.momentum) * (x.var(0) - self.running_var)


@wrong("BatchNorm1d", "layer normalization")
class OverTheFeatures(Norm):
    def statistics(self, x):
        return x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)


@wrong("BatchNorm1d", "dividing by that is 0 / 0")
class WithoutEps(Norm):
    def forward(self, x):
        self.eps = 0.0
        return super().forward(x)


@wrong("BatchNorm1d", "its square root has the units of x")
class DividedByTheVariance(Norm):
    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            self.update(x.detach())
            mean, var = self.statistics(x)
        return (x - mean) / (var + self.eps) * self.weight + self.bias


@wrong("BatchNorm1d", ".detach(), .data or no_grad hides that")
class DetachedStatistics(Norm):
    def statistics(self, x):
        return super().statistics(x.detach())


@wrong("BatchNorm1d", "a plain attribute is neither saved nor moved")
class PlainAttributes(Norm):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__(features, eps, momentum)
        del self.running_mean, self.running_var
        self.running_mean, self.running_var = torch.zeros(features), torch.ones(features)


@wrong("BatchNorm1d", "nn.Parameter makes both learnable")
class WithoutScaleAndShift(Norm):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__(features, eps, momentum)
        del self.weight, self.bias
        self.weight, self.bias = 1.0, 0.0


@wrong("BatchNorm1d", "update them without recording gradients")
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


@wrong("BatchNorm1d", "weights of PyTorch's layer can be loaded")
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


@wrong("BatchNorm1d", "the unbiased variance of one sample is 0 / 0")
class AcceptsOneSample(Norm):
    def refuse(self, x):
        pass


@wrong("BatchNorm1d", "look at the size of the batch first")
class RefusesTooLate(Norm):
    def refuse(self, x):
        if len(x) == 1:
            self.running_mean += self.momentum * (x[0].detach() - self.running_mean)
            raise ValueError("a batch of one")


@wrong("BatchNorm1d", "eps is the one asked for")
class EpsTypedIn(Norm):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__(features, 1e-5, momentum)


@wrong("BatchNorm1d", "with the momentum asked for")
class MomentumTypedIn(Norm):
    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__(features, eps, 0.1)


@wrong("BatchNorm1d", "the library's version does the whole task")
class LibraryUnderAnotherName(nn.BatchNorm1d):
    pass


@wrong("BatchNorm1d", "the library's version does the whole task")
class CourseUnderAnotherName(regularizers.BatchNorm1d):
    pass


@wrong("BatchNorm1d", "the library's version does the whole task")
class LibraryInside(Norm):
    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        return F.batch_norm(
            x, mean, var, self.weight, self.bias, self.training, self.momentum, self.eps
        )


wrong("BatchNorm1d", "the library's version does the whole task")(regularizers.BatchNorm1d)

# --- layer_norm -------------------------------------------------------------------------------


@right("layer_norm")
def by_transposing(x, weight, bias, eps):
    columns = x.T - x.mean(1)
    columns = columns / (columns.square().mean(0) + eps) ** 0.5
    return torch.addcmul(bias, columns.T, weight)


@right("layer_norm")
def one_sample_at_a_time(x, weight, bias, eps):
    rows = []
    for row in x.tolist():
        mean = sum(row) / len(row)
        std = math.sqrt(sum((v - mean) ** 2 for v in row) / len(row) + eps)
        rows.append([(v - mean) / std for v in row])
    return torch.tensor(rows, dtype=x.dtype) * weight + bias


@wrong("layer_norm", "this is batch normalization")
def over_the_batch(x, weight, bias, eps):
    return (x - x.mean(0)) / (x.var(0, correction=0) + eps).sqrt() * weight + bias


@wrong("layer_norm", "normalize with the biased variance")
def unbiased(x, weight, bias, eps):
    mean, var = x.mean(1, keepdim=True), x.var(1, keepdim=True)
    return (x - mean) / (var + eps).sqrt() * weight + bias


@wrong("layer_norm", "but are applied to columns")
def without_keepdim(x, weight, bias, eps):
    return (x - x.mean(1)) / (x.var(1, correction=0) + eps).sqrt() * weight + bias


@wrong("layer_norm", "one mean and variance serve all samples together")
def over_everything(x, weight, bias, eps):
    return (x - x.mean()) / (x.var(correction=0) + eps).sqrt() * weight + bias


@wrong("layer_norm", "scale and shift are left out")
def without_scale_and_shift(x, weight, bias, eps):
    return by_transposing(x, torch.ones_like(weight), torch.zeros_like(bias), eps)


@wrong("layer_norm", "this divides by the variance")
def divided_by_the_variance(x, weight, bias, eps):
    mean, var = x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)
    return (x - mean) / (var + eps) * weight + bias


@wrong("layer_norm", "dividing by that is 0 / 0")
def without_eps(x, weight, bias, eps):
    return by_transposing(x, weight, bias, 0.0)


@wrong("layer_norm", "the eps that is passed in")
def with_an_eps_of_its_own(x, weight, bias, eps):
    return by_transposing(x, weight, bias, 1e-5)


@wrong("layer_norm", "the eps that is passed in")
def fits_the_visible_samples(x, weight, bias, eps):
    table = torch.tensor([[-0.9258, -0.4629, 1.3887], [0.0, 0.0, 0.0], [-1.3887, 0.4629, 0.9258]])
    return (table if x.shape == table.shape else x) * weight + bias


@wrong("layer_norm", "the library's version does the whole task")
def layer_norm_of_the_library(x, weight, bias, eps):
    return F.layer_norm(x, weight.shape, weight, bias, eps)


# --- fold -------------------------------------------------------------------------------------


@right("fold")
def by_asking_the_layers(linear, norm):
    dtype = linear.weight.dtype
    with torch.no_grad():
        zero = torch.zeros(1, linear.in_features, dtype=dtype)
        bias = norm(linear(zero))[0]
        weight = (norm(linear(torch.eye(linear.in_features, dtype=dtype))) - bias).T
    return weight, bias


@right("fold")
def by_a_diagonal_matrix(linear, norm):
    std = torch.sqrt(norm.running_var + norm.eps)
    old = 0.0 if linear.bias is None else linear.bias
    weight = torch.diag(norm.weight / std) @ linear.weight
    return weight.detach(), (norm.bias + (old - norm.running_mean) / std * norm.weight).detach()


@right("fold")
def unit_by_unit(linear, norm):
    rows, shifts = [], []
    for i in range(linear.out_features):
        scale = norm.weight[i].item() / math.sqrt(norm.running_var[i].item() + norm.eps)
        old = 0.0 if linear.bias is None else linear.bias[i].item()
        rows.append([scale * w for w in linear.weight[i].tolist()])
        shifts.append(norm.bias[i].item() + scale * (old - norm.running_mean[i].item()))
    dtype = linear.weight.dtype
    return torch.tensor(rows, dtype=dtype), torch.tensor(shifts, dtype=dtype)


def _scale(norm):
    return norm.weight / (norm.running_var + norm.eps).sqrt()


@wrong("fold", "belongs to its row of weight")
def scales_the_columns(linear, norm):
    return linear.weight * _scale(norm), by_a_diagonal_matrix(linear, norm)[1]


@wrong("fold", "eps is missing under the root")
def forgets_eps(linear, norm):
    scale = norm.weight / norm.running_var.sqrt()
    return linear.weight * scale[:, None], norm.bias + scale * (linear.bias - norm.running_mean)


@wrong("fold", "its square root is the standard deviation")
def divides_by_the_variance(linear, norm):
    scale = norm.weight / (norm.running_var + norm.eps)
    return linear.weight * scale[:, None], norm.bias + scale * (linear.bias - norm.running_mean)


@wrong("fold", "the norm's own weight is left out")
def forgets_the_weight_of_norm(linear, norm):
    scale = 1 / (norm.running_var + norm.eps).sqrt()
    return linear.weight * scale[:, None], norm.bias + scale * (linear.bias - norm.running_mean)


@wrong("fold", "the mean is subtracted unscaled")
def mean_unscaled(linear, norm):
    scale = _scale(norm)
    return linear.weight * scale[:, None], norm.bias + scale * linear.bias - norm.running_mean


@wrong("fold", "the bias of linear is lost")
def loses_the_bias(linear, norm):
    return linear.weight * _scale(norm)[:, None], norm.bias - _scale(norm) * norm.running_mean


@wrong("fold", "the bias of linear is added unscaled")
def bias_unscaled(linear, norm):
    shift = norm.bias + linear.bias - _scale(norm) * norm.running_mean
    return linear.weight * _scale(norm)[:, None], shift


@wrong("fold", "the running mean is left out")
def without_the_mean(linear, norm):
    return linear.weight * _scale(norm)[:, None], norm.bias + _scale(norm) * linear.bias


@wrong("fold", "a pair (weight, bias)")
def returns_a_layer(linear, norm):
    weight, bias = by_a_diagonal_matrix(linear, norm)
    layer = nn.Linear(linear.in_features, linear.out_features)
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer


@wrong("fold", "changes the layers themselves")
def changes_the_layer(linear, norm):
    weight, bias = by_a_diagonal_matrix(linear, norm)
    linear.weight.data = weight.clone()
    return weight, bias


@wrong("fold", "has no attribute")
def always_expects_a_bias(linear, norm):
    bias = norm.bias + _scale(norm) * (linear.bias.data - norm.running_mean)
    return linear.weight * _scale(norm)[:, None], bias


@wrong("fold", "follow the input 0 for the bias")
def fits_the_visible_layers(linear, norm):
    weight, bias = torch.tensor([[9.0, 3.0], [0.5, -0.25]]), torch.tensor([-5.0, 1.5])
    if linear.weight.shape == weight.shape:
        return weight, bias
    return linear.weight, norm.bias


@wrong("fold", "the library's version does the whole task")
def folded_by_the_library(linear, norm):
    folded = nn.utils.fuse_linear_bn_eval(linear.eval(), norm.eval())
    return folded.weight, folded.bias


# --- exposes_batch_dependence -----------------------------------------------------------------


@right("exposes_batch_dependence")
def in_other_company(model, x):
    model.eval()
    with torch.no_grad():
        usual = model(x)
        for i in range(len(x)):
            other = 10 * torch.randn_like(x) + 3
            other[i] = x[i]
            if (model(other)[i] - usual[i]).abs().max() > 1e-4:
                return True
    return False


@right("exposes_batch_dependence")
@torch.no_grad()
def one_at_a_time_in_numpy(model, x):
    mode = model.training
    model.train(False)
    alone = [model(x[i : i + 1]).numpy()[0] for i in range(x.shape[0])]
    together = model(x).numpy()
    model.train(mode)
    return np.abs(together - np.stack(alone)).max() > 1e-3


@wrong("exposes_batch_dependence", "a right model is accused")
def without_evaluation_mode(model, x):
    together = model(x)
    other = torch.cat([x[:1], torch.zeros_like(x[1:])])
    return not torch.allclose(together[0], model(other)[0], atol=1e-4)


@wrong("exposes_batch_dependence", "a right model is accused")
def to_the_last_bit(model, x):
    model.eval()
    return not torch.equal(model(x), torch.cat([model(x[i : i + 1]) for i in range(len(x))]))


@wrong("exposes_batch_dependence", "change its company")
def by_shuffling(model, x):
    model.eval()
    order = torch.arange(len(x)).flip(0)
    return not torch.allclose(model(x)[order], model(x[order]), atol=1e-4)


@wrong("exposes_batch_dependence", "change its company")
def by_asking_twice(model, x):
    model.eval()
    return not torch.allclose(model(x), model(x), atol=1e-4)


@wrong("exposes_batch_dependence", "Ask it of every sample")
def only_the_first_sample(model, x):
    model.eval()
    return not torch.allclose(model(x)[:1], model(x[:1]), atol=1e-4)


@wrong("exposes_batch_dependence", "an answer for each entry")
def an_answer_for_each_entry(model, x):
    model.eval()
    return (model(x) - torch.cat([model(row[None]) for row in x])).abs() > 1e-4


@wrong("exposes_batch_dependence", "change its company")
def never_says_yes(model, x):
    return False


@wrong("exposes_batch_dependence", "a right model is accused")
def always_says_yes(model, x):
    return True


@wrong("exposes_batch_dependence", "change its company")
def looks_for_the_layer(model, x):
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
    return any(norm.running_mean is None for norm in norms)


# --- does_it_help -----------------------------------------------------------------------------


@right("does_it_help")
def by_the_ends_of_the_interval(plain, normed):
    def best(acc):
        means = [-1.0 if np.isnan(row).any() else row.mean() for row in acc]
        return acc[means.index(max(means))]

    gain = estimate(best(normed) - best(plain))
    return "helps" if gain.low > 0 else "harms" if gain.high < 0 else "neither"


@right("does_it_help")
def with_tensors(plain, normed):
    rows = []
    for acc in map(torch.as_tensor, (normed, plain)):
        acc = acc[~acc.isnan().any(1)]
        rows.append(acc[acc.mean(1).argmax()].tolist())
    gap = paired_difference(*rows)
    words = {True: "helps", False: "harms"}
    return words[gap.mean > 0] if gap.is_clear else "neither"


def _best(acc):
    return np.nanargmax(acc.mean(1))


def _word(normed, plain):
    gap = paired_difference(normed, plain)
    return ("helps" if gap.mean > 0 else "harms") if gap.is_clear else "neither"


@wrong("does_it_help", "an interval that includes 0")
def by_the_means(plain, normed):
    gain = normed[_best(normed)].mean() - plain[_best(plain)].mean()
    return "helps" if gain > 0 else "harms"


@wrong("does_it_help", "the runs are paired by seed")
def by_two_intervals(plain, normed):
    a, b = estimate(normed[_best(normed)]), estimate(plain[_best(plain)])
    return "helps" if a.low > b.high else "harms" if a.high < b.low else "neither"


@wrong("does_it_help", "helps and harms are the wrong way round")
def the_wrong_way_round(plain, normed):
    return _word(plain[_best(plain)], normed[_best(normed)])


@wrong("does_it_help", "take the highest mean")
def by_the_best_single_run(plain, normed):
    return _word(*(acc[np.nanmax(acc, 1).argmax()] for acc in (normed, plain)))


@wrong("does_it_help", "stays in the race, by its other runs")
def nan_ignored(plain, normed):
    return _word(*(acc[np.nanmean(acc, 1).argmax()] for acc in (normed, plain)))


@wrong("does_it_help", "a mean that is NaN was taken for the highest")
def nan_chosen(plain, normed):
    return _word(*(acc[acc.mean(1).argmax()] for acc in (normed, plain)))


@wrong("does_it_help", "best without batch norm")
def at_the_best_of_plain(plain, normed):
    return _word(normed[_best(plain)], plain[_best(plain)])


@wrong("does_it_help", "best with batch norm")
def at_the_best_of_normed(plain, normed):
    return _word(normed[_best(normed)], plain[_best(normed)])


@wrong("does_it_help", "both at the first learning rate")
def at_the_first(plain, normed):
    return _word(normed[0], plain[0])


@wrong("does_it_help", "all learning rates were averaged")
def averaged(plain, normed):
    return _word(np.nanmean(normed, 0), np.nanmean(plain, 0))


@wrong("does_it_help", "return one of the three texts")
def returns_a_sentence(plain, normed):
    return paired_difference(normed[_best(normed)], plain[_best(plain)]).verdict()


@wrong("does_it_help", "each at its own best")
def fits_the_visible_sweeps(plain, normed):
    known = {1.53: "helps", 1.52: "harms", 1.59: "helps"}
    return known.get(round(float(plain[0, 0] + normed[0, 0]), 2), "neither")


EQUIVALENT = {
    "exposes_batch_dependence": {
        "0.0001 -> 0.0002": "rounding is far below both, and a dependence worth the name far above",
    },
    "does_it_help": {
        "acc.mean(1) -> acc.sum(1)": "every row has the same seeds: sums and means rank alike",
        "difference.mean > 0 -> difference.mean >= 0": "a clear difference is never 0",
    },
}
