import copy

from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt


class Mistake(Mistakes):
    NEARLY_ZERO = "what would cross zero is set to exactly 0, not to a small number"
    SCALES_OF_NORMS_SHRINK = "biases and norms take the gradient step, and only that"


with attempt("proximal_step", proximal_step, by_hand=check.THRESHOLDS) as hidden:
    for lr, strength in ((0.1, 0.3), (0.5, 0.02), (0.2, 0.0)):
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
                hint = "weights of any shape pay lr * strength after each step"
                if wanted.ndim == 1:
                    hint = Mistake.SCALES_OF_NORMS_SHRINK
                hidden.close(f"step {step}", got, wanted, on=on, hint=hint)
                hint = Mistake.NEARLY_ZERO
                zeros = [int((p == 0).sum()) for p in (wanted, got)]
                hidden.close("number of zeros", zeros[1], zeros[0], on=on, hint=hint)
