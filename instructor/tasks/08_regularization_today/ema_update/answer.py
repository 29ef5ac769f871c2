def ema_update(average, model, decay):
    """Move the weights and buffers of `average` towards those of `model`, in place."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        ours = [*average.parameters(), *average.buffers()]
        theirs = [*model.parameters(), *model.buffers()]
        for old, new in zip(ours, theirs, strict=True):
            old.copy_(decay * old + (1 - decay) * new if old.is_floating_point() else new)
    ### END SOLUTION
