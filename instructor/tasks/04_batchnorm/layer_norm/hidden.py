from course_utils.exercises import attempt
from course_utils.exercises.tensors import in_double, transposed

with attempt("layer_norm", layer_norm, by_hand=check.LIBRARY) as hidden:
    for n, features, eps, dtype, around in (
        (1, 5, 1e-5, torch.float32, 0.0),
        (6, 2, 0.1, torch.float64, 0.0),
        (3, 4, 1e-3, torch.float64, 1e4),
    ):
        x = around + 0.1 * torch.randn(n, features, dtype=dtype)
        weight, bias = torch.randn(2, features, dtype=dtype)
        wanted = nn.functional.layer_norm(x, (features,), weight, bias, eps)
        on = f"x of shape ({n}, {features}), {around:g} ± 0.1, eps = {eps}, {dtype}"
        hint = "mean and variance of each row, in the dtype of x, with the eps that is passed in"
        got = hidden.tensor(layer_norm(transposed(x), weight, bias, eps), (n, features), on=on)
        hidden.that(got.dtype == dtype, "dtype", on=on, expected=dtype, got=got.dtype, hint=hint)
        hidden.close("output", got, wanted, on=on, hint=hint, atol=1e-5)
        if dtype == torch.float64 and not around:
            in_double(hidden, "the output", got, wanted, on=on)
        given = [t.clone() for t in (x, weight, bias)]
        layer_norm(*given, eps)
        kept = all(map(torch.equal, given, (x, weight, bias)))
        hint = "`-=`, `*=` and names ending in _ write into what was passed in"
        what, same = "x, weight and bias are not changed", "the same numbers before and after"
        hidden.that(kept, what, on=on, expected=same, got="changed numbers", hint=hint)
        ours, theirs = ([t.clone().requires_grad_() for t in (x, weight, bias)] for _ in range(2))
        slope = torch.randn(n, features, dtype=dtype)
        got = layer_norm(*ours, eps)
        hint = "the gradient passes through mean and variance, to x, to weight and to bias"
        what = "the output has a gradient"
        hidden.that(got.requires_grad, what, on=on, expected=True, got=False, hint=hint)
        (got * slope).sum().backward()
        right = nn.functional.layer_norm(theirs[0], (features,), *theirs[1:], eps)
        (right * slope).sum().backward()
        for name, mine, right in zip(("x", "weight", "bias"), ours, theirs, strict=True):
            what = f"the gradient of {name}"
            hidden.close(what, mine.grad, right.grad, on=on, hint=hint, atol=1e-4)
