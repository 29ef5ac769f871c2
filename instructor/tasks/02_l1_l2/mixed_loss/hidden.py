from collections import OrderedDict

from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt


class Mistake(Mistakes):
    PENALTY_WITHOUT_GRADIENT = (
        "the gradient must reach the weights through the loss and through the penalty"
    )
    TWO_LAYERS_ONLY = "only the second layer has the L1 penalty; every later one must have it"
    PENALTY_MISSING = "the penalty is missing here"
    MODE_CHANGED = "make the pass in the mode that the model is in, and do not change it"
    BACKWARD_CALLED = "return the loss; the caller calls `backward()`"


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
    # In the order of the alphabet the first layer would come last.
    parts = {"stem": nn.Conv2d(1, 2, 3), "flat": nn.Flatten(), "hidden": nn.Linear(8, 3)}
    parts |= {"dropout": nn.Dropout(0.5), "head": nn.Linear(3, 4)}
    model = nn.Sequential(OrderedDict(parts)).eval()
    weights = [model[i].weight for i in (0, 2, 4)]
    x, y = torch.randn(5, 1, 4, 4), torch.randint(4, (5,))
    wanted = F.cross_entropy(model(x), y) + 0.3 * weights[0].pow(2).sum()
    wanted = wanted + 0.7 * sum(w.abs().sum() for w in weights[1:])
    got = mixed_loss(model, x, y, 0.3, 0.7)[0]
    on = "a small CNN in evaluation mode: one convolution, two linear layers, dropout"
    modes = {part.training for part in model.modules()}
    hint, same = Mistake.MODE_CHANGED, "evaluation mode afterwards"
    what = "the mode is not changed"
    hidden.that(modes == {False}, what, on=on, expected=same, got="another mode", hint=hint)
    hint = "L2 for the first layer's weights, whatever its kind, L1 for those of all later ones"
    hidden.close("minimized", hidden.tensor(got, (), on=on), wanted, on=on, hint=hint)
    held = [w.grad for w in weights]
    hint, what = Mistake.BACKWARD_CALLED, "the gradients are left to the caller"
    none, some = "no gradients yet", "gradients"
    hidden.that(held == [None] * 3, what, on=on, expected=none, got=some, hint=hint)
