def train_head(body, head, x, y, steps, lr):
    """Train `head` on what `body` makes of x; return the losses. The body stays as it is."""
    ### BEGIN SOLUTION
    features = copy.deepcopy(body).eval()(x).detach()
    optimizer = torch.optim.SGD(head.train().parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = nn.functional.cross_entropy(head(features), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
    ### END SOLUTION
