body, (x, y), to_look_at = check.pretrained(0)


def tried(first, steps, lr):
    """Accuracy on samples to look at, of `first` and a new last layer, all trained together."""
    torch.manual_seed(0)
    model = nn.Sequential(first, nn.LazyLinear(4))
    model(x)  # now the last layer knows how many features there are
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return check.accuracy(model, *to_look_at)


fresh = nn.Sequential(nn.Linear(60, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
print(f"from scratch:                       {tried(fresh, 200, 0.003):.1%} right")
print(f"all layers from the body, lr 0.003: {tried(copy.deepcopy(body), 200, 0.003):.1%} right")
print(f"all layers from the body, lr 0.1:   {tried(copy.deepcopy(body), 200, 0.1):.1%} right")
