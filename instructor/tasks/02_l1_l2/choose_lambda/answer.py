def choose_lambda(values, val_acc):
    """(best, clear): the λ with the highest mean, and whether it clearly beats λ = 0."""
    ### BEGIN SOLUTION
    best = np.nanargmax(val_acc.mean(1))
    return values[best], paired_difference(val_acc[best], val_acc[0]).is_clear
    ### END SOLUTION
