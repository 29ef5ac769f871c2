from course_utils.exercises import attempt
from course_utils.exercises.tensors import in_double

with attempt("BatchNorm1d", BatchNorm1d, by_hand=check.LIBRARY) as hidden:
    check.own_lines(hidden, BatchNorm1d)
    for n, features, options, dtype, around in (
        (7, 4, {}, torch.float32, 0.0),
        (2, 1, {"eps": 0.5}, torch.float64, 0.0),
        (40, 3, {"eps": 1e-3}, torch.float64, 0.0),
        (9, 2, {}, torch.float64, 100.0),
    ):
        oracle = nn.BatchNorm1d(features, **options).to(dtype)
        nn.init.normal_(oracle.weight)
        nn.init.normal_(oracle.bias)
        layer = BatchNorm1d(features, **options).to(dtype)
        check.named_buffers(hidden, layer)
        layer.load_state_dict(oracle.state_dict(), strict=False)
        x = around + 0.005 * torch.randn(n, features, dtype=dtype)
        ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        got, wanted = layer(ours), oracle(theirs)
        eps = options or "the default eps"
        on = f"{n} samples of {features} features, {around:g} ± 0.005, {eps}, {dtype}, in training"
        hint = "add the given eps to the biased variance of each feature"
        hidden.that(got.dtype == dtype, "dtype", on=on, expected=dtype, got=got.dtype, hint=hint)
        hidden.close("output", got, wanted, on=on, hint=hint, atol=1e-4)
        if dtype == torch.float64 and not around:
            in_double(hidden, "the output", got, wanted, on=on)
        weights = torch.randn(n, features, dtype=dtype)
        (got * weights).sum().backward()
        (wanted * weights).sum().backward()
        hint = "mean and variance of the batch depend on x, and the gradient passes through them"
        hidden.close("gradient", ours.grad, theirs.grad, on=on, hint=hint, atol=2e-2)
        layer(given := x.clone())  # one without a gradient could be changed in place
        hidden.kept([ours.detach(), given], [x, x], on=on)
