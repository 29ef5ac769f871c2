def proximal_step(model, lr, strength):
    """One step of SGD on all parameters, then the soft threshold on the weights, in place."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
        for _, w in penalized_weights(model):
            w.copy_(w.sign() * (w.abs() - lr * strength).clamp(min=0.0))
    ### END SOLUTION
