from course_utils.exercises import attempt


class Reader(nn.Module):
    """A small transformer, with an embedding shared by the output layer, and a temperature."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.block = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        self.norm = nn.RMSNorm(4)
        self.read = nn.Linear(4, 7)
        self.read.weight = self.embed.weight
        self.place = nn.Parameter(torch.zeros(5, 4))
        self.temperature = nn.Parameter(torch.tensor(1.0))


with attempt("decay_groups", decay_groups) as hidden:
    images = nn.Sequential(
        nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3)
    )
    images[0].weight.requires_grad_(False)
    check.groups(hidden, decay_groups, images, 0.3, "a CNN whose first layer is frozen")
    check.groups(hidden, decay_groups, Reader(), 0.01, "a transformer that shares its embedding")
    check.groups(hidden, decay_groups, nn.Linear(4, 1), 0.2, "one output: a weight of shape [1, 4]")
    column = nn.Sequential(nn.Linear(1, 3), nn.LayerNorm(3, bias=False), nn.PReLU())
    check.groups(hidden, decay_groups, column, 0.2, "one input: a weight of shape [3, 1]")
    check.groups(hidden, decay_groups, nn.BatchNorm1d(3), 0.1, "a batch norm alone")
    check.groups(hidden, decay_groups, nn.Linear(2, 3, bias=False), 0.0, "a decay of 0")
    twins = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    twins[2].load_state_dict(twins[0].state_dict())
    check.groups(hidden, decay_groups, twins, 0.1, "two layers that begin with equal numbers")
