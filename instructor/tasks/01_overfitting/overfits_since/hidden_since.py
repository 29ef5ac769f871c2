from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt


class Mistake(Mistakes):
    NOT_TO_THE_END = "take the last epochs, as long as every one of them is clear"
    NO_SUCH_EPOCH = "there is no such epoch, so return None"
    NOT_BOTH_CLEAR = "validation clearly up and training clearly down: test both, paired by seed"


with attempt("overfits_since", overfits_since) as hidden:
    wave, seeds = np.array([[1.0], [-1.0], [1.0], [-1.0]]), np.array([[0.0], [0.2], [0.4], [0.9]])
    rising, falling = np.array([3, 1, 2, 3, 4, 5.0]), np.array([3, 2, 1.5, 1, 0.5, 0.1])
    unsure = np.array([0, 0, 0, 0, 0, 9.0])
    stretch = Mistake.NOT_TO_THE_END
    both = Mistake.NOT_BOTH_CLEAR
    for name, train, val, wanted, hint in (
        ("validation rises from epoch 1 on", falling, rising, 2, stretch),
        ("the same, on a small scale", falling / 100, rising / 100, 2, both),
        ("the last epoch is unsure", falling, rising + wave * unsure, None, stretch),
        ("validation falls to the end", falling, falling, None, both),
        (
            "validation stays level after epoch 1",
            falling,
            np.minimum([3, 1, 1, 1, 1, 1.0], rising),
            None,
            both,
        ),
        ("both losses rise", rising, rising, None, both),
        ("training stays level", np.maximum(falling, 2.0), rising, None, both),
        ("training rises in the last epochs", falling + unsure, rising, None, both),
        ("training falls early", np.array([3, 2, 1, 1, 1, 1.0]), rising, 2, both),
        ("training unsure", falling + wave * np.array([0, 0, 9, 9, 9, 9]), rising, None, both),
        ("training high in epoch 3", np.array([3, 2, 1, 2.5, 1, 0.5]), rising, 4, both),
        ("a step in the last epoch only", falling, np.array([3, 1, 1, 1, 1, 2.0]), 5, stretch),
        ("epoch 3 unsure", falling, rising + wave * np.array([0, 0, 0, 9, 0, 0]), 4, stretch),
    ):
        on = f"4 seeds, 5 epochs: {name}"
        jitter = 1 + 0.001 * wave
        got = overfits_since(train + seeds, jitter * val + seeds)
        got = hidden.pair(got, "turn, since", on=on)[1]
        if wanted is None and got in (-1, 0, len(rising)):
            hint = Mistake.NO_SUCH_EPOCH
        hidden.close("since", got, wanted, on=on, hint=hint)
    # Records at random: seeds in no order, now and then an outlier among them.
    dice = np.random.default_rng(4)
    for _ in range(40):
        n, last = int(dice.integers(4, 9)), int(dice.integers(4, 9))
        epochs, bend = np.arange(last + 1), dice.integers(1, 4)
        val = 0.1 * np.abs(epochs - bend) * dice.choice([0.3, 1.0])
        val = val + dice.normal(1, 0.3, (n, 1)) + dice.normal(0, dice.choice([0.01, 0.05]), (n, 1))
        val = val + dice.choice([0.01, 0.06]) * dice.normal(size=(n, last + 1))
        val[dice.integers(n), dice.integers(last + 1)] += dice.choice([0.0, 0.5, -0.5])
        train = 2 - 0.2 * epochs + dice.normal(0, 0.3, (n, 1)) + 0.02 * dice.normal(size=val.shape)
        train, val = train.round(3), val.round(3)
        turn, wanted = val.mean(0).argmin(), None
        for epoch in range(last, turn, -1):
            up = paired_difference(val[:, epoch], val[:, turn]).low > 0
            if not (up and paired_difference(train[:, epoch], train[:, turn]).high < 0):
                break
            wanted = epoch
        on = f"train_loss = {train.tolist()}, val_loss = {val.tolist()}"
        got = hidden.pair(overfits_since(train.copy(), val.copy()), "turn, since", on=on)
        hidden.close("turn", got[0], turn, on=on, hint="the mean over the seeds decides")
        hint = "the last stretch of epochs that are all clear, as the text defines it"
        hidden.close("since", got[1], wanted, on=on, hint=hint)
