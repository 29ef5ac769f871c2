def exposes_leak(split):
    """True if a sample that `split` puts into training is in validation as well, else False."""
    ### BEGIN SOLUTION
    x = torch.arange(100.0)[:, None]
    x_train, _, x_val, _ = split(x, x[:, 0].long() % 2)
    return bool(torch.isin(x_train, x_val).any())
    ### END SOLUTION
