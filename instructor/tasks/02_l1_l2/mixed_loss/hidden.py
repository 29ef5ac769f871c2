from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt


class Mistake(Mistakes):
    PENALTY_WITHOUT_GRADIENT = (
        "the gradient has to reach the weights through the loss and through the penalty"
    )
    TWO_LAYERS_ONLY = "only the second layer pays L1; every later one has to"
    PENALTY_MISSING = "the penalty is missing here"


with attempt("mixed_loss", mixed_loss) as hidden:
    for depth in (1, 2, 4):
        layers = [nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5)) for _ in range(depth)]
        model, y = nn.Sequential(*layers), torch.randint(5, (9,))
        x = torch.randn(9, 5)
        on = f"a batch norm after each layer, layers: {depth}, l2 = 0.5, l1 = 0.2"
        data = F.cross_entropy(model(x), y)
        first, *later = (layer[0].weight for layer in layers)
        wanted = data + 0.5 * first.pow(2).sum() + 0.2 * sum(w.norm(1) for w in later)
        got = mixed_loss(model, x, y, 0.5, 0.2)[0]
        some = data + 0.5 * first.pow(2).sum() + 0.2 * sum(w.norm(1) for w in later[:1])
        hidden.close(
            "minimized",
            hidden.tensor(got, (), on=on),
            wanted,
            on=on,
            hint="L2 for the first layer, L1 for each of the others, nothing for biases and norms",
            mistakes={
                Mistake.TWO_LAYERS_ONLY: some,
                Mistake.PENALTY_MISSING: data,
            },
        )
        slopes = [torch.autograd.grad(v, layers[-1][0].weight)[0] for v in (got, wanted)]
        hint = Mistake.PENALTY_WITHOUT_GRADIENT
        hidden.close("the gradient", *slopes, on=on, hint=hint, atol=1e-5)
