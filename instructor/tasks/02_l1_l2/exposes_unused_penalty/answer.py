def exposes_unused_penalty(train):
    """True if the penalty of `train` has no effect on the trained model, else False."""
    ### BEGIN SOLUTION
    free, _ = train(0.0)
    priced, _ = train(1000.0)
    pairs = zip(free.parameters(), priced.parameters(), strict=True)
    return all(torch.equal(p, q) for p, q in pairs)
    ### END SOLUTION
