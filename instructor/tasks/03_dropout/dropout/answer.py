def dropout(x, p, training):
    """Inverted dropout of x (any shape) with 0 <= p < 1; a tensor of the same shape."""
    ### BEGIN SOLUTION
    if not training:
        return x
    keep = torch.rand_like(x) >= p
    return x * keep / (1 - p)
    ### END SOLUTION
