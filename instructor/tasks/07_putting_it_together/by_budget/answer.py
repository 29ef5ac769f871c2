def by_budget(train, budgets):
    """For each number of epochs whether the technique "helps", "harms", or does "neither"."""
    ### BEGIN SOLUTION
    words = []
    for epochs in budgets:
        treated = [train(True, epochs, seed) for seed in range(8)]
        plain = [train(False, epochs, seed) for seed in range(8)]
        gain = paired_difference(treated, plain)
        words.append(("helps" if gain.mean > 0 else "harms") if gain.is_clear else "neither")
    return words
    ### END SOLUTION
