def colleagues_train_head(body, head, x, y, steps, lr):
    """Train `head` on the outputs of `body` for x; return the losses. Something is wrong."""
    for p in body.parameters():
        p.requires_grad_(False)
    model = nn.Sequential(body, head).train()
    optimizer = torch.optim.SGD(head.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


check.watch_train_head(colleagues_train_head)
