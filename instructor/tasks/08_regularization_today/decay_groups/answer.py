def decay_groups(model, weight_decay):
    """Two groups of parameters for an optimizer: those that decay, and those that do not."""
    ### BEGIN SOLUTION
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    ### END SOLUTION
