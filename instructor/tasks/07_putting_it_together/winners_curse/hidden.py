from course_utils.exercises import attempt

with attempt("winners_curse", winners_curse) as hidden:
    rng = np.random.default_rng(0)
    for searches, settings, tried in ((50, 20, 20), (7, 30, 4), (1, 5, 3), (12, 9, 1), (7, 30, 4)):
        merit = rng.normal(0.85, 0.02, settings)
        judged, fresh = merit + rng.normal(0, 0.03, (2, searches, settings))
        wanted = 0.0
        for mine, again in zip(judged, fresh, strict=True):
            winner = max(range(tried), key=lambda i, mine=mine: mine[i])
            wanted += (mine[winner] - again[winner]) / searches
        hidden.close(
            "how much too good",
            winners_curse(judged.copy(), fresh.copy(), tried),
            wanted,
            on=f"{searches} searches among {settings} settings, of which {tried} were tried",
            hint="each search has its own winner, among the first settings that were tried",
        )
    judged = np.array([[0.8, 0.6, 0.7], [0.5, 0.9, 0.7]])
    fresh = np.array([[0.9, 0.8, 0.1], [0.8, 0.85, 0.7]])
    on = f"judged = {judged.tolist()}, fresh = {fresh.tolist()}, tried = 2"
    hint = "a winner may be better than its judged score; then its difference is below 0"
    got = winners_curse(judged.copy(), fresh.copy(), 2)
    hidden.close("how much too good", got, -0.025, on=on, hint=hint)
    got, on = winners_curse(judged - 2, fresh - 2, 2), "the same scores, each 2 lower"
    hint = "all scores are below 0; the highest wins"
    hidden.close("how much too good", got, -0.025, on=on, hint=hint)
    judged, fresh = np.random.default_rng(3).normal(0.8, 0.1, (2, 5, 7))
    given = judged.copy(), fresh.copy()
    winners_curse(*given, 4)
    hidden.kept(given, (judged, fresh), on="5 searches of 7 settings, 4 tried")
