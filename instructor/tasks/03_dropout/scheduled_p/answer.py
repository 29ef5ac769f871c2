def scheduled_p(epoch, warmup, p_max):
    """The p of an epoch (a whole number, 0 first), as a float."""
    ### BEGIN SOLUTION
    if epoch >= warmup:
        return p_max
    return p_max * epoch / warmup
    ### END SOLUTION
