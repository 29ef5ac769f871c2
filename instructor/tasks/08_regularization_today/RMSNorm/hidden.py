from course_utils.exercises import attempt
from course_utils.exercises.tensors import transposed

with attempt("RMSNorm", RMSNorm, by_hand=check.NORMS) as hidden:
    check.own_norm(hidden, RMSNorm)
    for shape, options, dtype in (
        ((5,), {}, torch.float32),
        ((4, 3), {"eps": 0.5}, torch.float64),
        ((2, 6, 6), {"eps": 1e-12}, torch.float64),
        ((2, 3, 2, 5), {"eps": 1e-3}, torch.float32),
    ):
        layer, oracle = (make(shape[-1], **options).to(dtype) for make in (RMSNorm, check.Oracle))
        check.one_scale(hidden, layer, shape[-1])
        with torch.no_grad():
            layer.weight.copy_(oracle.weight.normal_())
        size = 0.1 if options else 0.001  # eps matters for small numbers
        x, slope = size * torch.randn(2, *shape, dtype=dtype)
        on = f"x of shape {shape}, {options or 'the default eps'}, {dtype}"
        for training in (True, False):
            given = x.clone() if training else transposed(x)
            got = hidden.tensor(layer.train(training)(given), shape, on=on)
            hint = "the dtype of x, whatever is computed in between"
            hidden.that(
                got.dtype == dtype, "dtype", on=on, expected=dtype, got=got.dtype, hint=hint
            )
            hint = "x / √(mean of its squares + eps) · weight, along the last dimension"
            hidden.close("the output", got, oracle(x), on=on, hint=hint, atol=1e-5)
            hidden.kept([given], [x], on=on)
        ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        got = layer(ours)
        held, hint = got.requires_grad, "compute the result from x and weight with PyTorch"
        hidden.that(held, "it has a gradient", on=on, expected=True, got=False, hint=hint)
        (got * slope).sum().backward()
        (oracle(theirs) * slope).sum().backward()
        hint = "the root depends on x as well, and the gradient passes through it"
        hidden.close("the gradient of x", ours.grad, theirs.grad, on=on, hint=hint, atol=1e-4)
        what, mine = "the gradient of weight", layer.weight.grad
        hidden.close(what, mine, oracle.weight.grad, on=on, hint=hint, atol=1e-4)
