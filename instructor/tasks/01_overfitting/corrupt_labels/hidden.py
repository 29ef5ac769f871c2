from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt
from course_utils.exercises.lesson_01.corrupt_labels import labels_redrawn


class Mistake(Mistakes):
    A_FIXED_NUMBER = (
        "the number of redrawn labels is always the same; decide for each label on its own"
    )


with attempt("corrupt_labels", corrupt_labels, by_hand=check.LABELS_LIBRARY) as hidden:
    labels_redrawn(hidden, corrupt_labels, fraction=0.3, num_classes=3, truth=1)
    labels_redrawn(hidden, corrupt_labels, fraction=0.5, num_classes=2, truth=0)
    generator, y = torch.Generator().manual_seed(8), torch.arange(1000) % 7
    got = corrupt_labels(y, 0.0, 7, generator)
    on, hint = "1000 labels, fraction 0", "nothing is redrawn, so each label keeps its place"
    hidden.close("fraction 0 changes nothing", got, y, on=on, hint=hint)
    on, what = "1000 labels of 7 classes, fraction 1", "fraction 1 redraws every label"
    share = float((corrupt_labels(y, 1.0, 7, generator) == y).double().mean())
    hint = "every label is redrawn, and one in seven gets the true class again"
    hidden.that(abs(share - 1 / 7) < 0.06, what, on=on, expected=1 / 7, got=share, hint=hint)
    y = torch.zeros(50, dtype=torch.long)
    for fraction, classes, p in ((0.5, 1000, 0.4995), (1.0, 2, 0.5)):
        noisy = [corrupt_labels(y, fraction, classes, generator) for _ in range(300)]
        counts = torch.tensor([float((labels != 0).sum()) for labels in noisy])
        # The variance of 50 independent draws; a redrawn label may be the old one again.
        got, wanted = float(counts.var()), 50 * p * (1 - p)
        on = (
            f"50 labels 0, fraction {fraction}, {classes} classes, 300 calls: variance of how many "
        )
        on += "are another class afterwards"
        hint = "draw for each label, independently of others, whether to redraw it and to what"
        hint = Mistake.A_FIXED_NUMBER if got < 0.1 * wanted else hint
        what, about = "labels are redrawn independently", f"about {wanted:.3g}"
        hidden.that(0.6 < got / wanted < 1.5, what, on=on, expected=about, got=got, hint=hint)
