from course_utils.exercises import attempt
from course_utils.exercises.lesson_05.mixup import Mistake as MixupMistake

with attempt("mixup", mixup) as hidden:
    for n, classes in ((7, 10), (5, 2), (4, 3), (5, 2)):
        x, y = torch.randn(n, 1, 2, 2), torch.arange(n) // 2 % classes
        share, other = torch.rand(n), torch.arange(n).roll(1)
        _, targets = mixup(x, y, share, other, classes)
        wanted = torch.zeros(n, classes)
        for i in range(n):
            wanted[i, y[i]] += share[i]
            wanted[i, y[other[i]]] += 1 - share[i]
        on = f"y = {y.tolist()}, other = {other.tolist()}, {classes} classes"
        hint = "every row has num_classes entries, the shares of its two labels in two of them"
        size, wide = tuple(targets.shape), (n, classes)
        hidden.that(size == wide, "the shape", on=on, expected=wide, got=size, hint=hint)
        apart, close = y != y[other], torch.isclose(targets.double(), wanted.double(), atol=1e-4)
        if close[apart].all() and not close.all():
            hint = MixupMistake.SAME_LABEL_OVERWRITTEN
        hidden.close("targets", targets, wanted, on=on, hint=hint)
    x, share = torch.randn(5, 1, 2, 2).double(), torch.rand(5, dtype=torch.float64)
    y, other, by = torch.tensor([0, 2, 1, 2, 0]), torch.arange(5).roll(2), share[:, None]
    hot, on = F.one_hot(y, 3), "y = [0, 2, 1, 2, 0], 3 classes, torch.float64"
    _, targets = mixup(x, y, share, other, 3)
    wanted = by * hot + (1 - by) * hot[other]
    hidden.close("targets", targets, wanted, on=on, hint="the shares of the two labels")
