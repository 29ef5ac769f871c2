def train_to_best(model, train_epoch, val_loss, epochs, tired):
    """Train `model` in place, leave its best state in it, and return the list of losses."""
    ### BEGIN SOLUTION
    lowest, kept = val_loss(model), copy.deepcopy(model.state_dict())
    losses = [lowest]
    for _ in range(epochs):
        train_epoch(model)
        losses.append(val_loss(model))
        if losses[-1] < lowest:
            lowest, kept = losses[-1], copy.deepcopy(model.state_dict())
        if tired(losses):
            break
    model.load_state_dict(kept)
    return losses
    ### END SOLUTION
