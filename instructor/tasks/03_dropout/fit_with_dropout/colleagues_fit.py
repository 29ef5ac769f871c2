def colleagues_fit_with_dropout(model, x, y, x_val, y_val, epochs, lr):
    """Train `model` in place; return its validation losses. One thing is wrong."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    model.train()
    for _ in range(epochs):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(x_val), y_val).item())
    return losses


check.watch_fit(colleagues_fit_with_dropout)
