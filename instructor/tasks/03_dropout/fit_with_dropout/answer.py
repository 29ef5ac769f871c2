def fit_with_dropout(model, x, y, x_val, y_val, epochs, lr):
    """Train `model` in place on all of x; return its validation loss after each epoch."""
    ### BEGIN SOLUTION
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        model.train()
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(x_val), y_val).item())
    return losses
    ### END SOLUTION
