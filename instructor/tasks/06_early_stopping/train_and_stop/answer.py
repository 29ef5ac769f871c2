def train_and_stop(x, y):
    """A network from x to logits, trained on a part of the samples, stopped by the rest."""
    ### BEGIN SOLUTION
    model = torch.nn.Sequential(torch.nn.Linear(10, 64), torch.nn.ReLU(), torch.nn.Linear(64, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    cut, lowest = len(x) - 60, math.inf
    for _ in range(150):
        with torch.no_grad():
            val_loss = torch.nn.functional.cross_entropy(model(x[cut:]), y[cut:]).item()
        if val_loss < lowest:
            lowest, best = val_loss, copy.deepcopy(model)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[:cut]), y[:cut]).backward()
        optimizer.step()
    return best
    ### END SOLUTION
