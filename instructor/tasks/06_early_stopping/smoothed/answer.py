def smoothed(val_losses, beta):
    """The running means of val_losses, a new list of as many entries."""
    ### BEGIN SOLUTION
    means = [val_losses[0]]
    for loss in val_losses[1:]:
        if math.isnan(loss):
            means.append(means[-1])
        else:
            means.append(beta * means[-1] + (1 - beta) * loss)
    return means
    ### END SOLUTION
