from torch import nn

from course_utils.exercises import attempt

with attempt("elastic_net", elastic_net, by_hand=check.PENALTIES) as hidden:
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3), nn.Linear(3, 2)
    ).double()
    weights = [model[i].weight for i in (0, 3, 4)]
    for strength, alpha in ((1.0, 0.5), (0.003, 0.2), (7.0, 0.9), (0.0, 0.4)):
        on = f"a small CNN in double precision, strength = {strength}, alpha = {alpha}"
        l1, l2 = (sum(w.norm(p) ** p for w in weights) for p in (1, 2))
        wanted = strength * alpha * l1 + strength * (1 - alpha) * l2
        got = hidden.tensor(elastic_net(model, strength, alpha), (), on=on)
        hint = "the formula holds for any strength, any alpha, and any number and kind of layers"
        hidden.close("the mix", got, wanted, on=on, hint=hint)
        exact = got.dtype == wanted.dtype and bool((got - wanted).abs() <= 1e-10 * wanted.abs())
        what, hint = "double precision is kept", "both sums are taken in the dtype of the weights"
        hidden.that(exact, what, on=on, expected=wanted, got=got, hint=hint)
        slopes = [torch.autograd.grad(value, weights[1])[0] for value in (got, wanted)]
        hidden.close(
            "the gradient", *slopes, on=on, hint="both parts have a gradient for each weight"
        )
