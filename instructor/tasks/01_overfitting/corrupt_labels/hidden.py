from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt
from course_utils.exercises.lesson_01.corrupt_labels import labels_redrawn


class Mistake(Mistakes):
    A_FIXED_NUMBER = "the number is always the same; each label is redrawn with its own chance"


with attempt("corrupt_labels", corrupt_labels, by_hand=check.LABELS_LIBRARY) as hidden:
    labels_redrawn(hidden, corrupt_labels, fraction=0.3, num_classes=3, truth=1)
    labels_redrawn(hidden, corrupt_labels, fraction=0.5, num_classes=2, truth=0)
    generator, y = torch.Generator().manual_seed(8), torch.arange(1000) % 7
    got = corrupt_labels(y, 0.0, 7, generator)
    on, hint = "1000 labels, fraction 0", "nothing is redrawn, so each label keeps its place"
    hidden.close("fraction 0 changes nothing", got, y, on=on, hint=hint)
    on, what = "1000 labels of 7 classes, fraction 1", "fraction 1 leaves nothing of the truth"
    share = float((corrupt_labels(y, 1.0, 7, generator) == y).double().mean())
    hint = "every label is redrawn, and one in seven hits the truth"
    hidden.that(abs(share - 1 / 7) < 0.06, what, on=on, expected=1 / 7, got=share, hint=hint)
    y = torch.zeros(50, dtype=torch.long)
    # Of 1000 classes, a redrawn label hits class 0 again now and then, and looks kept.
    changed = [corrupt_labels(y, 0.5, 1000, generator) != 0 for _ in range(60)]
    counts = {int(c.sum()) for c in changed}
    on = "50 labels, fraction 0.5, sixty times: how many are redrawn"
    hint = Mistake.A_FIXED_NUMBER
    what = "each label has its own chance"
    hidden.that(len(counts) > 4, what, on=on, expected="many numbers", got=counts, hint=hint)
