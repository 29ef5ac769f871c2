def exposes_peeking(choose):
    """True if the test set has a say in `choose`, or is opened more than once, else False."""
    ### BEGIN SOLUTION

    def spied_on(judged, test):
        opened = []

        def open_test():
            opened.append("now")
            return test

        winner, _ = choose(judged, open_test)
        return winner, len(opened)

    for judged in ([0.9, 0.8, 0.7], [0.6, 0.6, 0.6]):
        seen = [spied_on(judged, test) for test in np.eye(len(judged)).tolist()]
        winners = {winner for winner, _ in seen}
        if len(winners) > 1 or any(count > 1 for _, count in seen):
            return True
    return False
    ### END SOLUTION
