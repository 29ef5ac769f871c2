def clearly_confused(before, after):
    """Pairs (true, read) of different classes whose share rose clearly, largest rise first."""
    ### BEGIN SOLUTION
    was, now = (counts / counts.sum(2, keepdims=True) for counts in (before, after))
    rises = {}
    _, classes, _ = before.shape
    for i in range(classes):
        for j in range(classes):
            change = paired_difference(now[:, i, j], was[:, i, j])
            if i != j and change.low > 0:
                rises[i, j] = change.mean
    return sorted(rises, key=rises.get, reverse=True)
    ### END SOLUTION
