def adamw(model, x, y, steps, lr, weight_decay):
    """Train `model` in place for some steps of AdamW; return the list of the losses."""
    ### BEGIN SOLUTION
    parameters, losses = list(model.parameters()), []
    first = [torch.zeros_like(p) for p in parameters]
    second = [torch.zeros_like(p) for p in parameters]
    for step in range(1, steps + 1):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, g, m, v in zip(parameters, gradients, first, second, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                size = (v / (1 - 0.999**step)).sqrt() + 1e-8
                p -= lr * (weight_decay * p + m / (1 - 0.9**step) / size)
    return losses
    ### END SOLUTION
