def exposes_frozen_mask(dropout):
    """True if `dropout` uses the same mask in every call, else False."""
    ### BEGIN SOLUTION
    x = torch.ones(1000)
    return torch.equal(dropout(x, 0.5, True), dropout(x, 0.5, True))
    ### END SOLUTION
