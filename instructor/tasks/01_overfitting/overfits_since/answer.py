def overfits_since(train_loss, val_loss):
    """(turn, since): the turn, and the epoch from which on to the end it overfits clearly."""
    ### BEGIN SOLUTION
    turn, since = val_loss.mean(0).argmin(), None
    for epoch in range(val_loss.shape[1] - 1, turn, -1):
        up = paired_difference(val_loss[:, epoch], val_loss[:, turn]).low > 0
        down = paired_difference(train_loss[:, epoch], train_loss[:, turn]).high < 0
        if not (up and down):
            break
        since = epoch
    return turn, since
    ### END SOLUTION
