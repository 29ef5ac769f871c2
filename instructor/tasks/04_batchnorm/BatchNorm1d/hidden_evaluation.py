from course_utils.exercises import attempt
from course_utils.exercises.tensors import in_double

with attempt("BatchNorm1d", BatchNorm1d, by_hand=check.LIBRARY) as hidden:
    check.own_lines(hidden, BatchNorm1d)
    oracle, layer = nn.BatchNorm1d(3, eps=0.1).eval(), BatchNorm1d(3, eps=0.1).eval()
    check.named_buffers(hidden, layer)
    state = {
        "weight": torch.tensor([1.0, -2.0, 0.5]),
        "bias": torch.tensor([0.0, 1.0, 3.0]),
        "running_mean": torch.tensor([1.0, -1.0, 4.0]),
        "running_var": torch.tensor([0.2, 1.0, 9.0]),
    }
    oracle.load_state_dict(state, strict=False)
    layer.load_state_dict(state, strict=False)
    for n in (1, 5):
        x, on = torch.randn(n, 3), f"{n} samples in evaluation, statistics of an earlier training"
        hint = (
            "use the running statistics and eps, and not the batch; then weight and bias as in "
            "training"
        )
        hidden.close("evaluation", layer(given := x.clone()), oracle(x), on=on, hint=hint)
        hidden.kept([given], [x], on=on)
        for name in ("running_mean", "running_var"):
            kept = dict(layer.named_buffers()).get(name)
            hint = "running statistics move in training only"
            hidden.close(name, kept, state[name], on=f"{on}, afterwards", hint=hint)
    slope = torch.randn(5, 3)
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    out = layer(ours)
    hint = "a network in evaluation can still be differentiated: only the update needs no gradient"
    what, got = "an output has a gradient in evaluation too", "an output without one"
    hidden.that(out.requires_grad, what, on=on, expected="a gradient", got=got, hint=hint)
    (out * slope).sum().backward()
    (oracle(theirs) * slope).sum().backward()
    hidden.close("gradient for x", ours.grad, theirs.grad, on=on, hint=hint)
    mine, right = layer.weight.grad, oracle.weight.grad
    hidden.close("gradient for weight", mine, right, on=on, hint=hint, atol=1e-4)
    x, on = torch.randn(4, 3, dtype=torch.float64), "4 samples in evaluation, torch.float64"
    layer, oracle = layer.double(), oracle.double()
    in_double(hidden, "the output in evaluation", layer(x.clone()), oracle(x), on=on)
