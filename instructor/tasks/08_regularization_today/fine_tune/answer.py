def fine_tune(body, x, y):
    """A classifier for the classes in `y`, trained on a few samples with the help of `body`."""
    ### BEGIN SOLUTION
    body = copy.deepcopy(body).eval()
    features = body(x).detach()
    head = nn.Linear(features.shape[1], int(y.max()) + 1)
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(head(features), y).backward()
        optimizer.step()
    return nn.Sequential(body, head)
    ### END SOLUTION
