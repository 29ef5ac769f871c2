from course_utils.exercises import attempt

with attempt("layer_norm", layer_norm, by_hand=check.LIBRARY) as hidden:
    for n, features, eps, dtype in (
        (1, 5, 1e-5, torch.float32),
        (6, 2, 0.1, torch.float64),
        (3, 4, 1e-3, torch.float64),
    ):
        x = 0.1 * torch.randn(n, features, dtype=dtype)
        weight, bias = torch.randn(2, features, dtype=dtype)
        wanted = nn.functional.layer_norm(x, (features,), weight, bias, eps)
        on = f"x of shape ({n}, {features}), spread 0.1, eps = {eps}, {dtype}"
        hint = "mean and variance of each row, in the dtype of x, and the eps that is passed in"
        got = hidden.tensor(layer_norm(x.clone(), weight, bias, eps), (n, features), on=on)
        hidden.that(got.dtype == dtype, "dtype", on=on, expected=dtype, got=got.dtype, hint=hint)
        hidden.close("output", got, wanted, on=on, hint=hint, atol=1e-5)
