from torch import nn

from course_utils.checks.mistakes import Common
from course_utils.exercises import attempt

with attempt("elastic_net", elastic_net, by_hand=check.PENALTIES) as hidden:
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3), nn.Linear(3, 2)
    ).double()
    weights = [model[i].weight for i in (0, 3, 4)]
    for strength, alpha in ((1.0, 0.5), (0.003, 0.2), (0.0, 0.4), (7.0, 0.9)):
        on = f"a small CNN in double precision, strength = {strength}, alpha = {alpha}"
        l1, l2 = (sum(w.norm(p) ** p for w in weights) for p in (1, 2))
        wanted = strength * alpha * l1 + strength * (1 - alpha) * l2
        got = hidden.tensor(elastic_net(model, strength, alpha), (), on=on)
        hint = "the formula holds for any strength, any alpha, and any number and kind of layers"
        hidden.close("the mix", got, wanted, on=on, hint=hint)
        off = float((got - wanted).detach().abs() / wanted.detach().abs().clamp(min=1e-300))
        what, hint = "double precision is kept", "both sums are taken in the dtype of the weights"
        if got.dtype == wanted.dtype and off > 1e-6:  # more than rounding does
            what, hint = (
                "nothing is added",
                "L1 is made of |w| and L2 of w², with nothing beside it",
            )
        exact = got.dtype == wanted.dtype and off <= 1e-10
        hidden.that(exact, what, on=on, expected=f"{wanted:.12g}", got=f"{got:.12g}", hint=hint)
        what, expected = "the gradient reaches the weights", "a tensor with a gradient"
        hint, has = Common.GRADIENT_CUT, "a tensor without one"
        hidden.that(got.requires_grad, what, on=on, expected=expected, got=has, hint=hint)
        slopes = [torch.autograd.grad(value, weights[1])[0] for value in (got, wanted)]
        hidden.close(
            "the gradient", *slopes, on=on, hint="both parts have a gradient for each weight"
        )
    model[3].requires_grad_(False)
    on, hint = f"{on}, one layer frozen", "all weights count, those of a frozen layer too"
    hidden.close("the mix", elastic_net(model, strength, alpha), wanted, on=on, hint=hint)
    with torch.no_grad():
        model[4].weight.mul_(2)
    l1, l2 = (sum(w.norm(p) ** p for w in weights) for p in (1, 2))
    wanted = strength * alpha * l1 + strength * (1 - alpha) * l2
    on, hint = f"{on}; the weights of the last have doubled", "the weights are those of this call"
    hidden.close("the mix", elastic_net(model, strength, alpha), wanted, on=on, hint=hint)
