class BatchNorm1d(nn.Module):
    """Batch normalization of x [n, features]."""

    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__()
        ### BEGIN SOLUTION
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        ### END SOLUTION

    def forward(self, x):
        """x normalized, [n, features]."""
        ### BEGIN SOLUTION
        mean, var = self.running_mean, self.running_var
        if self.training:
            if len(x) < 2:
                raise ValueError("one sample has no variance; a batch needs two or more")
            mean, var = x.mean(0), x.var(0, correction=0)
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (x.var(0) - self.running_var)
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias
        ### END SOLUTION
