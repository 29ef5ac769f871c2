def bias_variance(predictions, truth):
    """(bias2, variance) of the fits, each a mean over the points."""
    ### BEGIN SOLUTION
    mean_fit = predictions.mean(0)
    bias2 = (mean_fit - truth).square().mean()
    variance = (predictions - mean_fit).square().mean()
    return bias2, variance
    ### END SOLUTION
