def layer_norm(x, weight, bias, eps):
    """x [n, features], each row normalized; weight and bias are [features], eps is a float."""
    ### BEGIN SOLUTION
    mean = x.mean(1, keepdim=True)
    var = x.var(1, correction=0, keepdim=True)
    return (x - mean) / (var + eps).sqrt() * weight + bias
    ### END SOLUTION
