import copy

from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt


class Mistake(Mistakes):
    NEARLY_ZERO = "a weight that would cross zero becomes exactly 0, not a small number"
    GRADIENTS_CHANGED = "do not change the gradients; the caller clears them before the next step"
    BUFFERS_CHANGED = "running statistics are not parameters; a step must not change them"
    SCALES_OF_NORMS_SHRINK = "biases and norms take the gradient step, and only that"


with attempt("proximal_step", proximal_step, by_hand=check.THRESHOLDS) as hidden:
    for lr, strength in ((0.1, 0.3), (0.5, 0.02), (0.2, 0.0), (0.1, 30.0)):
        torch.manual_seed(1)
        model = nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(27, 4)
        ).double()
        x, y = torch.randn(6, 1, 5, 5).double(), torch.arange(6) % 4
        mine = copy.deepcopy(model)
        for step in range(1, 4):
            model.zero_grad()
            mine.zero_grad()
            F.cross_entropy(model(x), y).backward()
            F.cross_entropy(mine(x), y).backward()
            proximal_step(mine, lr, strength)
            for p in model.parameters():
                after = p.detach() - lr * p.grad
                p.data = F.softshrink(after, lr * strength) if p.ndim > 1 else after
            pairs = zip(model.named_parameters(), mine.parameters(), strict=True)
            for (name, wanted), got in sorted(pairs, key=lambda pair: -pair[1].ndim):
                on = f"a small CNN in double precision, lr = {lr}, strength = {strength}: {name}"
                hint = (
                    "the threshold lr * strength applies to weights of any shape, after each step"
                )
                if wanted.ndim == 1:
                    hint = Mistake.SCALES_OF_NORMS_SHRINK
                hidden.close(f"step {step}", got, wanted, on=on, hint=hint)
                hint = Mistake.NEARLY_ZERO
                zeros = [int((p == 0).sum()) for p in (wanted, got)]
                hidden.close("number of zeros", zeros[1], zeros[0], on=on, hint=hint)
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).double()
    for value in (*model.parameters(), *model.buffers()):
        if value.is_floating_point():
            value.data.normal_().mul_(100)
    for p in model.parameters():
        p.grad = torch.randn_like(p)
    model[0].weight.grad[0] = 0.0
    moved = {name: p.detach() - 0.1 * p.grad for name, p in model.named_parameters()}
    moved["0.weight"] = F.softshrink(moved["0.weight"], 0.1 * 4.0)
    gradients = [p.grad.clone() for p in model.parameters()]
    buffers = [buffer.clone() for buffer in model.buffers()]
    proximal_step(model, 0.1, 4.0)
    on = "weights of size 100, double precision, one row without a gradient; lr = 0.1, strength = 4"
    for name, p in model.named_parameters():
        off = float((p.detach() - moved[name]).abs().max())
        hint = "keep the dtype of the parameter, and apply the threshold to every weight"
        what = "double precision is kept"
        hidden.that(off < 1e-6, what, on=f"{on}: {name}", expected=moved[name], got=p, hint=hint)
    for now, then, what, hint in (
        ([p.grad for p in model.parameters()], gradients, "gradients", Mistake.GRADIENTS_CHANGED),
        (list(model.buffers()), buffers, "buffers", Mistake.BUFFERS_CHANGED),
    ):
        same = all(a is not None and torch.equal(a, b) for a, b in zip(now, then, strict=True))
        hidden.that(same, f"{what} stay", on=on, expected=then, got=now, hint=hint)
    model = nn.Linear(2, 1)
    model.weight.data.copy_(torch.tensor([[0.0, 0.5]]))
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    proximal_step(model, 0.1, 0.0)
    on = "weights [0, 0.5] without a slope, lr = 0.1, strength = 0"
    hint = "strength and gradients are 0, so no weight moves, not even one of 0; avoid 0 / 0"
    hidden.close("a strength of 0 moves nothing", model.weight, [[0.0, 0.5]], on=on, hint=hint)
