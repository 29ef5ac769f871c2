def paired_interval(a, b):
    """(mean, low, high) of a - b over paired seeds, with the 95% interval of the mean."""
    ### BEGIN SOLUTION
    d = np.asarray(a) - np.asarray(b)
    n = len(d)
    half = stdtrit(n - 1, 0.975) * d.std(ddof=1) / math.sqrt(n)
    return d.mean(), d.mean() - half, d.mean() + half
    ### END SOLUTION
