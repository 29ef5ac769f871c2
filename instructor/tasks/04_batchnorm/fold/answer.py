def fold(linear, norm):
    """(weight [out, in], bias [out]) of a linear layer that does the work of both."""
    ### BEGIN SOLUTION
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    shift = norm.bias - scale * norm.running_mean
    if linear.bias is not None:
        shift = shift + scale * linear.bias
    return linear.weight * scale[:, None], shift
    ### END SOLUTION
