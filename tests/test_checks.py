"""The checks are checked: right answers pass however they are written, wrong ones are named."""

import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils import checks
from course_utils.augmentation import RandomShift
from course_utils.checks import CheckFailed
from course_utils.history import History
from course_utils.noise import stream
from course_utils.regularizers import BatchNorm1d, Dropout, stopping_epoch
from course_utils.regularizers import l1_penalty as course_l1
from course_utils.regularizers import l2_penalty as course_l2
from course_utils.regularizers import soft_threshold as course_threshold
from course_utils.training import evaluate, fit, shuffled_batches

nan, inf = math.nan, math.inf


def passes(check, *answers):
    for answer in answers:
        result = check(answer)
        assert f"✓ {check.__name__}: {len(result.properties)} properties hold" == repr(result)
        assert len(set(result.properties)) == len(result.properties) >= 4


def named(check, answer, hint):
    """`answer` is rejected, and its mistake is told."""
    with pytest.raises(CheckFailed) as caught:
        check(answer)
    message = str(caught.value)
    assert hint in message, message
    for part in (f"{check.__name__}: ", "  on: ", "  expected: ", "  got: ", "  hint: "):
        assert part in message


def cases(**answers):
    return pytest.mark.parametrize(("answer", "hint"), answers.values(), ids=answers.keys())


# --- l2_penalty and l1_penalty ----------------------------------------------------------------


def weights(model):
    return [p for p in model.parameters() if p.ndim > 1]


def l2_in_a_loop(model):
    total = torch.zeros(())
    for _, p in model.named_parameters():
        if p.dim() >= 2:
            total = total + (p**2).sum()
    return total


def l1_by_norm(model):
    return sum(torch.linalg.vector_norm(p, 1) for p in weights(model))


def l1_by_sign(model):
    return torch.cat([p.flatten() for p in weights(model)]).abs().sum()


def test_right_penalties_pass():
    passes(
        checks.l2_penalty,
        course_l2,
        l2_in_a_loop,
        lambda m: sum(p.norm() ** 2 for p in weights(m)),
        lambda m: sum(torch.sum(p * p) for p in weights(m)),
    )
    passes(checks.l1_penalty, course_l1, l1_by_norm, l1_by_sign)


def first_return(term):
    def answer(model):
        for p in weights(model):
            return term(p)

    return answer


def last_only(term):
    def answer(model):
        for p in weights(model):
            total = term(p)
        return total

    return answer


def in_place_abs(model):
    with torch.no_grad():
        for p in weights(model):
            p.abs_()
    return course_l1(model)


captured = nn.Linear(3, 2)
square, size = (lambda p: p.square().sum()), (lambda p: p.abs().sum())


@cases(
    half=(lambda m: 0.5 * course_l2(m), "this is half of it"),
    root=(lambda m: course_l2(m).sqrt(), "square root of what was asked for"),
    norms=(lambda m: sum(p.norm() for p in weights(m)), "a square root) for each layer"),
    mean=(lambda m: course_l2(m) / sum(p.numel() for p in weights(m)), "this is a mean"),
    means=(lambda m: sum(p.square().mean() for p in weights(m)), "means of the layers"),
    l1=(course_l1, "which is the L1 penalty"),
    late=(lambda m: sum(p.sum() ** 2 for p in weights(m)), "squares after adding up"),
    biases=(
        lambda m: sum(square(p) for n, p in m.named_parameters() if "1." not in n),
        "biases are penalized too",
    ),
    everything=(lambda m: sum(square(p) for p in m.parameters()), "every parameter is penalized"),
    by_name=(
        lambda m: sum(square(p) for n, p in m.named_parameters() if "weight" in n),
        "the batch norm's scale is penalized too",
    ),
    all_biases=(
        lambda m: sum(square(p) for n, p in m.named_parameters() if n != "1.weight"),
        "and the batch norm's",
    ),
    first=(first_return(square), "only the first layer counts"),
    last=(last_only(square), "only the last layer counts"),
    negative=(lambda m: -course_l2(m), "this is negative"),
    number=(lambda m: course_l2(m).item(), "a Python number, which no gradient can pass"),
    data=(lambda m: sum(square(p.data) for p in weights(m)), "cut the gradient off"),
    half_cut=(
        lambda m: (
            square(m[0].weight) + square(m[3].weight.detach())
            if len(list(m.children()))
            else course_l2(m)
        ),
        "part of the sum is cut off",
    ),
    vector=(lambda m: weights(m)[0].square().sum(1), "the shape is not the one asked for"),
    nothing=(lambda m: None, "is there a `return`"),
    linear_only=(
        lambda m: sum(square(p) for p in m.parameters() if p.ndim == 2) + 0 * course_l2(m),
        "two dimensions or more, not always exactly two",
    ),
    captured=(lambda m: course_l2(captured), "work it out by hand"),
)
def test_wrong_l2(answer, hint):
    named(checks.l2_penalty, answer, hint)


@cases(
    no_abs=(lambda m: sum(p.sum() for p in weights(m)), "the `abs` is missing"),
    late_abs=(lambda m: sum(p.sum().abs() for p in weights(m)), "takes `abs` after adding up"),
    squares=(course_l2, "which is the L2 penalty"),
    count=(
        lambda m: sum((p != 0).sum() for p in weights(m)).float(),
        "counts the weights that are not zero",
    ),
    half=(lambda m: course_l1(m) / 2, "this is half of it"),
    mean=(lambda m: course_l1(m) / sum(p.numel() for p in weights(m)), "this is a mean"),
    means=(lambda m: sum(p.abs().mean() for p in weights(m)), "means of the layers"),
    everything=(lambda m: sum(size(p) for p in m.parameters()), "every parameter is penalized"),
    first=(first_return(size), "only the first layer counts"),
    last=(last_only(size), "only the last layer counts"),
    detached=(lambda m: course_l1(m).detach(), "cut the gradient off"),
    rebuilt=(lambda m: torch.tensor(course_l1(m).item()), "cut the gradient off"),
    root=(
        lambda m: sum((p**2).sqrt().sum() for p in weights(m)),
        "no gradient at a weight of exactly 0",
    ),
    in_place=(in_place_abs, "changes the weights themselves"),
    nothing=(lambda m: None, "is there a `return`"),
)
def test_wrong_l1(answer, hint):
    named(checks.l1_penalty, answer, hint)


# --- soft_threshold ---------------------------------------------------------------------------


def threshold_by_where(w, t):
    return torch.where(w > t, w - t, torch.where(w < -t, w + t, torch.zeros_like(w)))


def threshold_in_place(w, t):
    w.copy_(course_threshold(w, t))
    return w


def test_right_thresholds_pass():
    passes(
        checks.soft_threshold,
        course_threshold,
        F.softshrink,
        threshold_by_where,
        lambda w, t: torch.relu(w - t) - torch.relu(-w - t),
        lambda w, t: w - w.clamp(-t, t),
    )


@cases(
    sign=(lambda w, t: (w.abs() - t).clamp(min=0), "the sign is lost: negative weights"),
    sign_at_zero=(
        lambda w, t: w / w.abs() * (w.abs() - t).clamp(min=0),
        "the sign is lost at zero",
    ),
    negatives=(lambda w, t: (w - t).clamp(min=0), "all negative weights became 0"),
    no_cut=(lambda w, t: w.sign() * (w.abs() - t), "jump over zero to the other side"),
    hard=(lambda w, t: torch.where(w.abs() > t, w, 0.0), "a hard threshold, not a soft one"),
    clipped=(lambda w, t: w.clamp(-t, t), "cuts off what is large"),
    all_down=(lambda w, t: w - t, "subtracts from all"),
    grows=(lambda w, t: w.sign() * (w.abs() + t), "the threshold is added"),
    scales=(lambda w, t: w * (1 - t), "scaled by a factor"),
    nothing_done=(lambda w, t: w.clone(), "nothing happened"),
    in_place=(threshold_in_place, "changes the input"),
    fixed=(lambda w, t: course_threshold(w, 0.5), "the threshold that was passed in"),
    nothing=(lambda w, t: None, "is there a `return`"),
    norm=(lambda w, t: w * max(0.0, 1 - t / float(w.norm())), "by hand"),
)
def test_wrong_thresholds(answer, hint):
    named(checks.soft_threshold, answer, hint)


# --- dropout ----------------------------------------------------------------------------------


def plain_dropout(x, p, training):
    if not training:
        return x
    return x * (torch.rand_like(x) >= p) / (1 - p)


def bernoulli_dropout(x, p, training):
    mask = torch.bernoulli(torch.full(x.shape, 1 - p)) if training else torch.ones_like(x)
    return mask * x / (1 - p if training else 1)


def module_dropout(x, p, training):
    return Dropout(p).train(training)(x)


def numpy_dropout(x, p, training):
    if not training or p == 0:
        return x
    mask = torch.from_numpy(np.random.rand(*x.shape) >= p)  # noqa: NPY002
    return x * mask / (1 - p)


def test_right_dropouts_pass():
    passes(checks.dropout, plain_dropout, bernoulli_dropout, module_dropout, numpy_dropout)
    passes(checks.dropout, F.dropout)


def dropping(mask, scale=lambda p: 1 - p):
    """Dropout with another mask, or another scale."""

    def answer(x, p, training):
        return x * mask(x, p) / scale(p) if training else x

    return answer


def keep(x, p):
    return torch.rand_like(x) >= p


def reseeded(x, p):
    torch.manual_seed(42)
    return keep(x, p)


def own_generator(x, p):
    return torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) >= p


def remembered():
    masks = {}
    return lambda x, p: masks.setdefault((x.shape, p), keep(x, p))


def classic(x, p, training):
    return x * keep(x, p) if training else x * (1 - p)


def inverted_twice(x, p, training):
    return x * keep(x, p) / (1 - p) if training else x / (1 - p)


def in_place(x, p, training):
    if training:
        with torch.no_grad():
            x *= keep(x, p) / (1 - p)
    return x


@cases(
    swapped=(dropping(lambda x, p: torch.rand_like(x) < p, lambda p: p), "this is 0 / 0"),
    swapped_but_at_0=(
        dropping(lambda x, p: (torch.rand_like(x) < p) | (p == 0), lambda p: p or 1.0),
        "p and 1 - p are swapped",
    ),
    unscaled=(dropping(keep, lambda p: 1.0), "survivors are not rescaled"),
    scaled_by_p=(dropping(keep, lambda p: p or 1.0), "survivors are divided by p"),
    shrunk=(dropping(keep, lambda p: 1 / (1 - p)), "which shrinks them twice"),
    times_p=(dropping(keep, lambda p: 1 / (p or 1.0)), "survivors are multiplied by p"),
    classic=(classic, "scaled in evaluation as well"),
    inverted_twice=(inverted_twice, "scaled up in evaluation as well"),
    active_in_evaluation=(lambda x, p, training: plain_dropout(x, p, True), "vanish in evaluation"),
    training_inverted=(
        lambda x, p, training: plain_dropout(x, p, not training),
        "vanish in evaluation",
    ),
    reseeded=(dropping(reseeded), "the mask is frozen"),
    own_generator=(dropping(own_generator), "the mask is frozen"),
    remembered=(dropping(remembered()), "the mask is frozen"),
    one_for_all=(
        dropping(lambda x, p: (torch.rand(x.shape[1:]) >= p).expand_as(x)),
        "one mask serves the whole batch",
    ),
    whole_samples=(
        dropping(lambda x, p: torch.rand(len(x), 1) >= p),
        "one draw decides for all units of a sample",
    ),
    normal_draw=(dropping(lambda x, p: torch.randn_like(x) >= p), "p = 0 every unit survives"),
    in_place=(in_place, "changes the activations themselves"),
    detached=(
        lambda x, p, training: plain_dropout(x.detach(), p, training),
        "cut the gradient off",
    ),
    nothing=(lambda x, p, training: x if not training else None, "is there a `return`"),
    never=(lambda x, p, training: x, "compare a uniform draw"),
)
def test_wrong_dropouts(answer, hint):
    named(checks.dropout, answer, hint)


# --- batch_norm -------------------------------------------------------------------------------


class Own(nn.Module):
    """A right one with other names; its parts are what the wrong ones below replace."""

    momentum, eps = 0.1, 1e-5

    def __init__(self, n):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n))
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("var", torch.ones(n))

    def statistics(self, x):
        return x.mean(0), ((x - x.mean(0)) ** 2).mean(0)

    def to_store(self, x):
        return x.mean(0), x.var(0)

    def update(self, x):
        mean, var = self.to_store(x)
        self.mean = (1 - self.momentum) * self.mean + self.momentum * mean.detach()
        self.var = (1 - self.momentum) * self.var + self.momentum * var.detach()

    def evaluated(self, x):
        return self.mean, self.var

    def forward(self, x):
        if self.training:
            mean, var = self.statistics(x)
            self.update(x)
        else:
            mean, var = self.evaluated(x)
        return (x - mean) / torch.sqrt(var + self.eps) * self.gamma + self.beta


def like_own(**parts):
    return type("Own", (Own,), parts)


def test_right_batch_norms_pass():
    passes(checks.batch_norm, nn.BatchNorm1d, BatchNorm1d, Own)


def forward_updating_always(self, x):
    mean, var = self.statistics(x) if self.training else self.evaluated(x)
    out = (x - mean) / torch.sqrt(var + self.eps) * self.gamma + self.beta
    self.update(x)
    return out


def with_attributes(self, n):
    Own.__init__(self, n)
    del self.mean, self.var
    self.mean, self.var = torch.zeros(n), torch.ones(n)


def without_parameters(self, n):
    Own.__init__(self, n)
    del self.gamma, self.beta
    self.gamma, self.beta = torch.ones(n), torch.zeros(n)


def update_with_graph(self, x):
    mean, var = self.to_store(x)
    self.mean = 0.9 * self.mean + 0.1 * mean * self.gamma / self.gamma
    self.var = 0.9 * self.var + 0.1 * var * self.gamma / self.gamma


def only_last(self, x):
    self.mean, self.var = (s.detach() for s in self.to_store(x))


@cases(
    unbiased=(like_own(statistics=lambda self, x: (x.mean(0), x.var(0))), "the unbiased variance"),
    per_sample=(
        like_own(
            statistics=lambda self, x: (
                x.mean(1, keepdim=True),
                x.var(1, keepdim=True, correction=0),
            )
        ),
        "layer normalization",
    ),
    all_together=(
        like_own(statistics=lambda self, x: (x.mean(), x.var(correction=0))),
        "one mean and variance serve all features",
    ),
    running_in_training=(
        like_own(statistics=lambda self, x: (self.mean, self.var)),
        "x comes back as it was",
    ),
    no_eps=(like_own(eps=0.0), "dividing by that is 0 / 0"),
    no_root=(
        like_own(
            forward=lambda self, x: (
                (x - x.mean(0)) / (x.var(0, correction=0) + 1e-5) * self.gamma + self.beta
            )
        ),
        "its square root has the units of x",
    ),
    no_division=(
        like_own(statistics=lambda s, x: (x.mean(0), torch.ones(3))),
        "nothing is divided",
    ),
    no_parameters=(like_own(__init__=without_parameters), "nn.Parameter makes both learnable"),
    no_shift=(
        like_own(
            forward=lambda self, x: (
                (x - x.mean(0)) / torch.sqrt(x.var(0, correction=0) + 1e-5) * self.gamma
            )
        ),
        "the shift starts at 0 and is added",
    ),
    biased_store=(
        like_own(to_store=lambda self, x: (x.mean(0), x.var(0, correction=0))),
        "the running variance is biased",
    ),
    momentum=(like_own(momentum=0.9), "momentum is the wrong way round"),
    no_update=(like_own(update=lambda self, x: None), "the running statistics never move"),
    only_last=(like_own(update=only_last), "only the last batch counts"),
    batch_in_evaluation=(
        like_own(evaluated=lambda self, x: (x.mean(0), x.var(0, correction=0))),
        "evaluation normalizes with the batch that it is given",
    ),
    update_in_evaluation=(
        like_own(forward=forward_updating_always),
        "running statistics are updated in evaluation too",
    ),
    update_first_in_evaluation=(
        like_own(
            evaluated=lambda self, x: (self.update(x), (self.mean, self.var))[1],
        ),
        "running statistics are updated in evaluation too",
    ),
    attributes=(like_own(__init__=with_attributes), "a plain attribute is neither saved nor moved"),
    graph=(like_own(update=update_with_graph), "each step drags all earlier ones along"),
    detached=(
        like_own(statistics=lambda self, x: (x.mean(0).detach(), x.var(0, correction=0).detach())),
        "mean and variance depend on x too",
    ),
    identity=(
        like_own(forward=lambda self, x: x * self.gamma + self.beta),
        "x comes back as it was",
    ),
    nothing=(like_own(forward=lambda self, x: None), "is there a `return`"),
)
def test_wrong_batch_norms(answer, hint):
    named(checks.batch_norm, answer, hint)


# --- early_stopping ---------------------------------------------------------------------------


def stop_by_index(losses, patience, min_delta):
    """Written from the record's end: how long ago was the last improvement?"""
    best, when = inf, -1
    for epoch, loss in enumerate(losses):
        if best - loss > min_delta or (best == inf and loss < inf):
            best, when = loss, epoch
        if epoch - when >= patience:
            return epoch
    return None


def stop_by_slices(losses, patience, min_delta):
    for end in range(1, len(losses) + 1):
        best, last = losses[0], 0
        for e in range(1, end):
            if losses[e] < best - min_delta:
                best, last = losses[e], e
        if end - 1 - last >= patience:
            return end - 1
    return None


def test_right_rules_pass():
    passes(checks.early_stopping, stopping_epoch, stop_by_index, stop_by_slices)


def stopping(improved=None, late=0, reset=0, start=inf, best_of=None, after=None, end=None):
    """Patience with one thing done differently."""
    improved = improved or (lambda loss, best, delta: loss < best - delta)

    def answer(losses, patience, min_delta):
        best, waited = start, 0
        for epoch, loss in enumerate(losses):
            if improved(loss, best, min_delta):
                best, waited = loss, reset if reset is not None else waited
            else:
                waited += 1
                if best_of:
                    best = best_of(best, loss)
            if waited >= patience + late:
                return after(losses, epoch) if after else epoch
        return end(losses) if end else None

    return answer


def changes_the_record(losses, patience, min_delta):
    answer = stopping_epoch(losses, patience, min_delta)
    losses.sort()
    return answer


@cases(
    late=(stopping(late=1), "patience + 1 epochs"),
    early=(
        lambda ls, p, d: stopping_epoch(ls, max(p - 1, 1), d),
        "one epoch too early",
    ),
    from_one=(stopping(after=lambda ls, e: e + 1), "epochs are counted from 1"),
    ties=(stopping(lambda loss, best, d: loss <= best - d), "ties count as improvements"),
    nan_improves=(
        stopping(lambda loss, best, d: not loss >= best - d),
        "NaN counts as an improvement",
    ),
    nan_is_best=(
        stopping(best_of=lambda best, loss: nan if math.isnan(loss) else best),
        "NaN takes the place of the best loss",
    ),
    no_min_delta=(stopping(lambda loss, best, d: loss < best), "`min_delta` is ignored"),
    added=(stopping(lambda loss, best, d: loss < best + d), "added to the best loss"),
    before=(stopping(best_of=lambda best, loss: loss), "compared with the one before"),
    no_reset=(stopping(reset=None), "never set back to 0"),
    best_epoch=(
        stopping(
            after=lambda ls, e: min(
                range(e + 1), key=lambda i: (math.isnan(ls[i]), ls[i] if ls[i] == ls[i] else 0)
            )
        ),
        "this is the best epoch",
    ),
    last=(stopping(end=lambda ls: len(ls) - 1), "None says that nothing happened"),
    drift=(stopping(best_of=min), "so they never add up"),
    from_zero=(stopping(start=0.0), "the best loss starts at 0"),
    never=(lambda ls, p, d: None, "it never stops"),
    truth=(lambda ls, p, d: stopping_epoch(ls, p, d) is not None, "by hand"),
    fixed=(lambda ls, p, d: stopping_epoch(ls, 2, d), "by hand"),
    changes=(changes_the_record, "changes nothing"),
)
def test_wrong_rules(answer, hint):
    named(checks.early_stopping, answer, hint)


# --- random_shift -----------------------------------------------------------------------------


def shift_in_a_loop(x, pixels):
    out = torch.zeros_like(x)
    height, width = x.shape[-2:]
    for i in range(len(x)):
        down, right = torch.randint(-pixels, pixels + 1, (2,)).tolist()
        rows = slice(max(down, 0), height + min(down, 0))
        columns = slice(max(right, 0), width + min(right, 0))
        out[i][:, rows, columns] = x[i][
            :,
            slice(max(-down, 0), height + min(-down, 0)),
            slice(max(-right, 0), width + min(-right, 0)),
        ]
    return out


def crop(x, top, left, pixels, fill=0.0, mode="constant"):
    padded = F.pad(x, [pixels] * 4, mode=mode, **({"value": fill} if mode == "constant" else {}))
    return padded[..., top : top + x.shape[-2], left : left + x.shape[-1]]


def cropping(draw, **options):
    """Each image cropped from its padded self where `draw(pixels)` says (top, left)."""

    def answer(x, pixels):
        if pixels == 0:
            return x.clone()
        return torch.stack([crop(image, *draw(pixels), pixels, **options) for image in x])

    return answer


def anywhere(pixels):
    return torch.randint(2 * pixels + 1, (2,)).tolist()


def test_right_shifts_pass():
    passes(
        checks.random_shift,
        shift_in_a_loop,
        cropping(anywhere),
        lambda x, pixels: RandomShift(pixels)(x),
    )


def one_for_all(x, pixels):
    return crop(x, *anywhere(pixels), pixels)


def frozen(x, pixels):
    torch.manual_seed(0)
    return shift_in_a_loop(x, pixels)


def rolled(x, pixels):
    return torch.stack(
        [torch.roll(i, torch.randint(-pixels, pixels + 1, (2,)).tolist(), (-2, -1)) for i in x]
    )


def without_the_end(x, pixels):
    def draw(pixels):
        down, right = torch.randint(-pixels, pixels, (2,)).tolist()
        return pixels - down, pixels - right

    return cropping(draw)(x, pixels)


def into_the_input(x, pixels):
    x.copy_(shift_in_a_loop(x.clone(), pixels))
    return x


def diagonal(pixels):
    step = int(torch.randint(2 * pixels + 1, ()))
    return step, step


@cases(
    one_for_all=(one_for_all, "one shift serves the whole batch"),
    frozen=(frozen, "the draw is frozen"),
    wraps=(rolled, "comes back on the other"),
    upper_end=(without_the_end, "the upper end of torch.randint is left out"),
    one_way=(
        cropping(lambda pixels: torch.randint(pixels + 1, (2,)).tolist()),
        "images only ever move one way",
    ),
    only_across=(
        cropping(lambda pixels: (pixels, anywhere(pixels)[1])),
        "images only ever move one way",
    ),
    diagonal=(cropping(diagonal), "one number moves an image down and right at once"),
    too_far=(
        lambda x, pixels: shift_in_a_loop(x, 2 * pixels),
        "its size has a limit",
    ),
    border=(cropping(anywhere, mode="replicate"), "not a copy of the border"),
    gray=(cropping(anywhere, fill=0.5), "not a copy of the border"),
    shuffled=(
        lambda x, pixels: shift_in_a_loop(x.flip(0) if pixels else x, pixels),
        "another image of the batch",
    ),
    channels_apart=(
        lambda x, pixels: shift_in_a_loop(x.flatten(0, 1)[:, None], pixels).view_as(x),
        "the channels of one image moved apart",
    ),
    in_place=(into_the_input, "changes the training set itself"),
    blurred=(
        lambda x, pixels: F.avg_pool2d(x, 3, 1, 1) if pixels else x,
        "nothing is blended",
    ),
    smaller=(lambda x, pixels: x[..., pixels:], "the shape is not the one asked for"),
    not_0=(lambda x, pixels: shift_in_a_loop(x, pixels + 1), "with no room to move"),
    nothing=(lambda x, pixels: None, "is there a `return`"),
)
def test_wrong_shifts(answer, hint):
    named(checks.random_shift, answer, hint)


# --- training_loop ----------------------------------------------------------------------------


def score_by_hand(model, x, y):
    model.eval()
    with torch.no_grad():
        logits = model(x)
        loss = F.cross_entropy(logits, y).item()
    return loss, (logits.argmax(1) == y).float().mean().item()


def looping(
    *,
    clear="before",
    step=True,
    train_mode="every epoch",
    score=score_by_hand,
    batches=lambda all_batches: next(all_batches),
    reduction="mean",
    epochs_of=lambda n: range(n + 1),
    first_score=True,
    give_back=lambda history: history,
    sets=lambda data: ((data.x_train, data.y_train), (data.x_val, data.y_val)),
):
    """The loop of lesson 01, with one thing done differently."""

    def loop(model, data, *, optimizer, epochs, batch_size=50, seed=0):
        all_batches, history = shuffled_batches(data.n_train, batch_size, seed), History()
        if train_mode == "once":
            model.train()
        for epoch in epochs_of(epochs):
            if epoch > 0:
                if train_mode == "every epoch":
                    model.train()
                for batch in batches(all_batches):
                    x, y = data.x_train[batch], data.y_train[batch]
                    loss = F.cross_entropy(model(x), y, reduction=reduction)
                    if clear == "before":
                        optimizer.zero_grad()
                    loss.backward()
                    if clear == "after":
                        optimizer.zero_grad()
                    if step:
                        optimizer.step()
            if epoch > 0 or first_score:
                history.record(*(score(model, x, y) for x, y in sets(data)))
        return give_back(history)

    return loop


def short_loop(model, data, *, optimizer, epochs):
    """Without the arguments that a loop may leave out."""
    return fit(model, data, optimizer=optimizer, epochs=epochs)


def own_shuffle(model, data, *, optimizer, epochs, batch_size, seed):
    """The same batches, made by hand."""
    history, generator = History(), stream("order of batches", seed)
    for epoch in range(epochs + 1):
        if epoch:
            model.train()
            order = torch.randperm(data.n_train, generator=generator)
            for start in range(0, data.n_train, batch_size):
                rows = order[start : start + batch_size]
                optimizer.zero_grad()
                F.cross_entropy(model(data.x_train[rows]), data.y_train[rows]).backward()
                optimizer.step()
        history.record(
            evaluate(model, data.x_train, data.y_train), evaluate(model, data.x_val, data.y_val)
        )
    return history


def test_right_loops_pass():
    passes(checks.training_loop, fit, looping(), short_loop, own_shuffle)


def score_in_training(model, x, y):
    model.train()
    with torch.no_grad():
        logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def score_with_gradients(model, x, y):
    model.train()
    logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def batch_means(model, x, y):
    parts = [score_by_hand(model, *part) for part in zip(x.split(8), y.split(8), strict=True)]
    return tuple(sum(column) / len(parts) for column in zip(*parts, strict=True))


def swapped(model, x, y):
    return score_by_hand(model, x, y)[::-1]


def in_order(all_batches):
    return torch.arange(28).split(8)


def always_first():
    kept = []

    def batches(all_batches):
        kept.extend(next(all_batches) if not kept else ())
        return kept

    return batches


def on_validation(model, data, *, optimizer, epochs, batch_size=50, seed=0):
    model.train()
    for _ in range(epochs):
        F.cross_entropy(model(data.x_val), data.y_val).backward()
        optimizer.step()


@cases(
    kept=(looping(clear="never"), "gradients of earlier steps are still there"),
    cleared_late=(looping(clear="after"), "gradients cleared before `backward`"),
    no_step=(looping(step=False), "is there a step after the gradient"),
    summed=(looping(reduction="sum"), "the loss of a batch is a sum here"),
    no_train_mode=(
        looping(train_mode="never", score=score_by_hand),
        "need training mode before the batches",
    ),
    train_mode_once=(looping(train_mode="once"), "need training mode before the batches"),
    stays_in_evaluation=(
        looping(train_mode="once", first_score=False),
        "every epoch has to switch back",
    ),
    in_order=(looping(batches=in_order), "in the order they are stored in"),
    no_last=(looping(batches=lambda b: next(b)[:-1]), "the last batch of an epoch is missing"),
    same=(looping(batches=always_first()), "every epoch has the same batches"),
    whole=(
        looping(batches=lambda b: [torch.arange(28)]),
        "the whole training set goes into each",
    ),
    too_few=(looping(epochs_of=range), "2 epochs of training for epochs = 3"),
    too_many=(looping(epochs_of=lambda n: range(n + 2)), "4 epochs of training for epochs = 3"),
    own_order=(
        looping(batches=lambda b: torch.randperm(28).split(8)),
        "take them from shuffled_batches",
    ),
    validation=(on_validation, "samples of the validation set are trained on"),
    scored_in_training=(looping(score=score_in_training), "scores are taken in training mode"),
    scored_with_gradients=(
        looping(score=score_with_gradients),
        "scores are taken in training mode",
    ),
    no_entry_0=(looping(first_score=False), "entry 0 is missing"),
    batch_means=(looping(score=batch_means), "a mean of batch means"),
    swapped=(looping(score=swapped), "loss and accuracy have changed places"),
    exchanged=(
        looping(sets=lambda d: ((d.x_val, d.y_val), (d.x_train, d.y_train))),
        "training and validation scores have changed places",
    ),
    nothing=(looping(give_back=lambda history: None), "return the record at the end"),
    a_list=(looping(give_back=lambda history: history.val_loss), "fills a History()"),
)
def test_wrong_loops(answer, hint):
    named(checks.training_loop, answer, hint)


def test_another_learning_rate_is_told_in_general():
    def loop(model, data, *, optimizer, epochs, **options):
        optimizer.param_groups[0]["lr"] = 0.1
        return fit(model, data, optimizer=optimizer, epochs=epochs, **options)

    named(checks.training_loop, loop, "the steps differ")


# --- all of them ------------------------------------------------------------------------------

ALL = [
    (checks.l2_penalty, course_l2),
    (checks.l1_penalty, course_l1),
    (checks.soft_threshold, course_threshold),
    (checks.dropout, plain_dropout),
    (checks.dropout, dropping(reseeded)),
    (checks.batch_norm, BatchNorm1d),
    (checks.early_stopping, stopping_epoch),
    (checks.random_shift, shift_in_a_loop),
    (checks.random_shift, frozen),
    (checks.training_loop, fit),
]


@pytest.mark.parametrize(("check", "answer"), ALL)
def test_a_check_leaves_every_random_state_alone(check, answer):
    torch.manual_seed(5)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    outcomes = []
    for _ in range(2):
        try:
            outcomes.append(repr(check(answer)))
        except CheckFailed as failure:
            outcomes.append(str(failure))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert (np.random.get_state()[1] == before[2]).all()  # noqa: NPY002
    assert outcomes[0] == outcomes[1]


def test_an_error_in_the_answer_comes_through():
    def broken(model):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        checks.l2_penalty(broken)


def test_a_failed_check_is_an_assertion():
    assert issubclass(CheckFailed, AssertionError)


def test_a_message_in_full():
    with pytest.raises(CheckFailed) as caught:
        checks.l1_penalty(lambda m: sum(p.sum() for p in weights(m)))
    assert str(caught.value) == (
        "l1_penalty: this does not hold: the absolute values of all weights, added up\n"
        "  on:       weights [[1, -2], [0.5, 0]] and [[-3, 4]], with biases and a batch norm\n"
        "  expected: 10.5\n"
        "  got:      0.5\n"
        "  hint:     negative weights cancel positive ones here; the `abs` is missing"
    )
