def does_it_help(plain, normed):
    """Say "helps", "harms" or "neither", from two arrays [learning rates, seeds]."""
    ### BEGIN SOLUTION
    best = [acc[np.nanargmax(acc.mean(1))] for acc in (normed, plain)]
    difference = paired_difference(*best)
    if not difference.is_clear:
        return "neither"
    return "helps" if difference.mean > 0 else "harms"
    ### END SOLUTION
