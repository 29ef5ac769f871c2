def useful_inputs(x, y):
    """The places of the inputs that y depends on, in increasing order."""
    ### BEGIN SOLUTION
    w, step, strength = torch.zeros(x.shape[1]), 0.1, 0.3
    for _ in range(400):
        w = w - step * x.T @ (x @ w - y) / len(y)
        w = w.sign() * (w.abs() - step * strength).clamp(min=0)
    return w.nonzero().flatten().tolist()
    ### END SOLUTION
