from course_utils.exercises import attempt


class Shared(nn.Module):
    """A layer under two names, and a frozen one."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.again = self.first
        self.frozen = nn.Linear(2, 1).requires_grad_(False)

    def forward(self, x):
        return self.frozen(self.again(self.first(x)))


class Tied(nn.Module):
    """Two layers with one weight; buffers: a running scale, a count, a size that is not saved."""

    def __init__(self):
        super().__init__()
        self.write, self.read = nn.Linear(2, 2), nn.Linear(2, 2)
        self.read.weight = self.write.weight
        self.register_buffer("scale", torch.ones(2))
        self.register_buffer("steps", torch.tensor([3], dtype=torch.int32))
        self.register_buffer("size", torch.ones(1), persistent=False)

    def forward(self, x):
        self.scale += 0.1 * (x.abs().mean(0) - self.scale)
        self.steps += 7
        self.size += 0.5
        return self.read(self.write(x)) * self.scale


with attempt("ema_update", ema_update, by_hand=check.AVERAGES) as hidden:
    norm = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)).double()
    for model, decay, what in (
        (norm, 0.99, "a network with batch norm, float64"),
        (norm, 0.0, "a network with batch norm, float64"),
        (norm, 1.0, "a network with batch norm, float64"),
        (Shared(), 0.5, "two layers that share their weights, and a frozen one"),
        (Tied(), 0.5, "two layers with one weight, and buffers `scale`, `steps` and `size`"),
        (
            Tied().double(),
            0.9,
            "two layers with one weight, and buffers `scale`, `steps` and `size`",
        ),
    ):
        check.followed(hidden, ema_update, model, decay, what, steps=3)
