def colleagues_adamw(model, x, y, steps, lr, weight_decay):
    """Train `model` in place for some steps of AdamW; return the losses. Two things are wrong."""
    parameters, losses = list(model.parameters()), []
    first = [torch.zeros_like(p) for p in parameters]
    second = [torch.zeros_like(p) for p in parameters]
    for step in range(1, steps + 1):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, g, m, v in zip(parameters, gradients, first, second, strict=True):
                g = g + weight_decay * p
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= lr * (m / (1 - 0.9**step)) / (v.sqrt() + 1e-8)
    return losses


check.compare_with_adamw(colleagues_adamw)
