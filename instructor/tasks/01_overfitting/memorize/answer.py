def memorize(x, y):
    """A network that gives each sample of x its label in y, trained on them."""
    ### BEGIN SOLUTION
    units, classes = 256, int(y.max()) + 1
    model = nn.Sequential(nn.Linear(x.shape[1], units), nn.ReLU(), nn.Linear(units, classes))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model
    ### END SOLUTION
