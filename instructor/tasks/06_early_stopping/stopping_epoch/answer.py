def stopping_epoch(val_losses, patience, min_delta=0.0):
    """The epoch after which `patience` runs out, a whole number, or None."""
    ### BEGIN SOLUTION
    best, waited = math.inf, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, waited = loss, 0
        else:
            waited += 1
        if waited >= patience:
            return epoch
    return None
    ### END SOLUTION
