def mc_predict(model, x, passes):
    """Mean probabilities [n, classes] and spread [n] of `passes` passes with dropout on."""
    ### BEGIN SOLUTION
    before = model.training
    model.train()
    with torch.no_grad():
        votes = torch.stack([model(x).softmax(1) for _ in range(passes)])
    model.train(before)
    mean = votes.mean(0)
    top = mean.argmax(1)
    spread = votes.std(0, correction=0)[torch.arange(len(x)), top]
    return mean, spread
    ### END SOLUTION
