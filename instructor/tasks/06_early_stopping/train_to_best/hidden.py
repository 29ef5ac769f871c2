import numpy as np

from course_utils.exercises import attempt
from course_utils.exercises.lesson_06.train_to_best import Mistake as TrainToBestMistake

with attempt("train_to_best", train_to_best) as hidden:
    nan, last = math.nan, TrainToBestMistake.LAST_WEIGHTS
    what = "a NaN is never the best"
    check.play(hidden, train_to_best, [3, 2, nan, 4, 5], 9, what, last)
    check.play(hidden, train_to_best, [5, nan, 2, nan, 4, 3, 1], 2, what, last)
    what = "the untrained model can be the best"
    check.play(hidden, train_to_best, [1, 2, 3, 4], 2, what, last)
    check.play(hidden, train_to_best, [7], 3, "no epochs at all: one loss", last)

    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).double()
    x, states = torch.randn(8, 3).double(), []
    scores = iter([3.0, 2.0, 1.0, 1.5, 2.5])

    def one_epoch(model):
        gradients = torch.autograd.grad(model.train()(x).pow(3).sum(), list(model.parameters()))
        for weights, gradient in zip(model.parameters(), gradients, strict=True):
            weights.data -= 0.1 * gradient

    def score(model):
        states.append({k: v.clone() for k, v in model.state_dict().items()})
        return next(scores)

    train_to_best(model, one_epoch, score, 4, lambda losses: False)
    on = "a layer with batch norm, double precision, losses 3, 2, 1, 1.5, 2.5"
    hint = "every tensor must be that of the lowest loss, from a copy made at that time"
    for name, value in model.state_dict().items():
        what, due = f"{name} is the best one", states[2][name]
        hidden.close(what, value, due, on=on, hint=hint)
        hint_exact, got = "keep it in its own dtype", "rounded numbers"
        same, due = torch.equal(value, due), "exactly the same numbers"
        hidden.that(same, what, on=on, expected=due, got=got, hint=hint_exact)
    # Rules other than patience: only `tired` decides, whatever the losses do.
    for script, rule, until in (
        ([3, 2, 1, 0.5, 0.2], lambda losses: len(losses) == 4, "when there are four losses"),
        ([5, 6, 7, 2, 8, 9], lambda losses: losses[-1] < 3, "at a loss below 3"),
        ([3, 4, 5, 6, 1, 2], lambda losses: sum(losses) > 23, "when the losses add up to over 23"),
        ([4, 3, 3.5, 2, 2.5, 1], lambda losses: losses.count(2) == 1, "once a loss of 2 is there"),
        ([2, 3, 1, 4], lambda losses: False, "never"),
        ([3, 2, 4, 1, 5, 2, 0.5], lambda losses: len(losses) == 6, "when there are six losses"),
        ([5, 4, 3, 6, 2], lambda losses: losses[-1] >= 5, "at a loss of 5 or more"),
        ([2, 1.00002, 1.00001, 1.00003], lambda losses: False, "never"),
        (
            [5, 4, 1, 3, 2, 0.5],
            lambda losses: np.bool_(losses[-1] == 3),
            "at a loss of 3, which a bool of NumPy says",
        ),
        ([3, 2, 1], lambda losses: np.bool_(False), "never, which a bool of NumPy says"),
    ):
        what = "the best weights come back, whatever the rule"
        check.play(hidden, train_to_best, script, 0, what, last, tired=rule, until=until)
