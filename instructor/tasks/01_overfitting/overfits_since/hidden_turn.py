from course_utils.exercises import attempt

with attempt("overfits_since", overfits_since) as hidden:
    for low in (0, 2, 7, 9):
        val = 1 + 0.1 * np.abs(np.arange(10) - low) + np.linspace(0, 0.5, 6)[:, None]
        val[3, 5] -= 0.3
        on = f"6 seeds, 9 epochs, a valley whose floor is epoch {low}, one lucky seed in epoch 5"
        got = overfits_since(np.exp(-np.arange(10)) + 0 * val, val)
        got = hidden.pair(got, "turn, since", on=on)[0]
        hidden.close("turn", got, low, on=on, hint="the mean over the seeds decides")
    val = 1 + 0.003 * np.abs(np.arange(10) - 4) + np.linspace(0, 0.5, 6)[:, None]
    on = "6 seeds, 9 epochs, a valley so flat that its floor, epoch 4, is lower by 0.003"
    got = overfits_since(np.exp(-np.arange(10)) + 0 * val, val)
    got = hidden.pair(got, "turn, since", on=on)[0]
    hidden.close("turn", got, 4, on=on, hint="take the lowest mean, however small the difference")
    train, val = check.small_record()
    given = train.copy(), val.copy()
    overfits_since(*given)
    hidden.kept(given, (train, val), on="the losses of 4 seeds over 8 epochs")
