from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt


class Mistake(Mistakes):
    CHANGES_THE_LAYER = "an in-place operation (*=, mul_, copy_) changes the layers themselves"
    MODE_LEFT = "the layers are in evaluation mode, and must stay in it"


with attempt("fold", fold, by_hand=check.FOLDING) as hidden:
    for n_in, n_out, has_bias, dtype in (
        (4, 3, True, torch.float32),
        (2, 5, False, torch.float64),
        (3, 3, True, torch.float64),
    ):
        model = nn.Sequential(
            nn.Linear(n_in, n_out, bias=has_bias), nn.BatchNorm1d(n_out, eps=0.01)
        ).to(dtype)
        nn.init.normal_(model[1].weight)
        nn.init.normal_(model[1].bias)
        for _ in range(20):
            model(3 * torch.randn(10, n_in, dtype=dtype) + 1)
        model.eval()
        before = copy.deepcopy(model.state_dict())
        has = "a bias" if has_bias else "no bias"
        on = f"{n_in} inputs, {n_out} units, {has}, {dtype}, after 20 batches"
        x = torch.randn(6, n_in, dtype=dtype)
        wanted = model(x)
        weight, bias = fold(*model)
        weight = hidden.tensor(weight, (n_out, n_in), on=on)
        bias = hidden.tensor(bias, (n_out,), on=on)
        for name, got in (("weight", weight), ("bias", bias)):
            hint, what = "both have the dtype of the layers", f"the dtype of the {name}"
            hidden.that(got.dtype == dtype, what, on=on, expected=dtype, got=got.dtype, hint=hint)
        hint = "scale the rows of weight, and follow the input 0 for the bias; a missing bias is 0"
        hidden.close("output", x @ weight.T + bias, wanted, on=on, hint=hint, atol=1e-4)
        off = (x @ weight.T + bias - wanted).abs().max().item()
        exact, what = dtype == torch.float32 or off < 1e-9, "double precision is kept"
        hint = "keep the dtype of the layers in every step"
        hidden.that(exact, what, on=on, expected="within 1e-9", got=f"off by {off:.1e}", hint=hint)
        kept = all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
        hidden.that(
            kept,
            "both layers are not changed",
            on=on,
            expected="the same numbers before and after",
            got="changed numbers",
            hint=Mistake.CHANGES_THE_LAYER,
        )
        evaluating = not any(part.training for part in model.modules())
        what, hint = "the mode stays", Mistake.MODE_LEFT
        hidden.that(evaluating, what, on=on, expected="evaluation", got="training", hint=hint)
        needs = [p.requires_grad for p in model.parameters()]
        hint = "`.detach()` or `torch.no_grad()` makes numbers without one and changes no layer"
        what, wanted = "requires_grad is not changed", [True] * len(needs)
        hidden.that(needs == wanted, what, on=on, expected=wanted, got=needs, hint=hint)
