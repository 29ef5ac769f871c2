def elastic_net(model, strength, alpha):
    """strength * (alpha * L1 + (1 - alpha) * L2) of a model's weights, a scalar tensor."""
    ### BEGIN SOLUTION
    l1 = l2 = 0.0
    for _, w in penalized_weights(model):
        l1 = l1 + w.abs().sum()
        l2 = l2 + w.square().sum()
    return strength * (alpha * l1 + (1 - alpha) * l2)
    ### END SOLUTION
