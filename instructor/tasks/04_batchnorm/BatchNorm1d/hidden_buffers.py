from course_utils.checks.batch_norm import Mistake as BatchNormMistake
from course_utils.exercises import attempt
from course_utils.exercises.tensors import in_double

with attempt("BatchNorm1d", BatchNorm1d, by_hand=check.LIBRARY) as hidden:
    check.own_lines(hidden, BatchNorm1d)
    for options, dtype in (
        ({}, torch.float32),
        ({"momentum": 0.25}, torch.float64),
        ({"momentum": 1.0}, torch.float32),
    ):
        layer, oracle = (kind(3, **options).to(dtype) for kind in (BatchNorm1d, nn.BatchNorm1d))
        check.named_buffers(hidden, layer)
        for n in (2, 3, 30):
            x = 5 * torch.randn(n, 3, dtype=dtype) + 2
            layer.train()(x.clone())
            oracle(x)
        for name in ("running_mean", "running_var"):
            got = dict(layer.named_buffers()).get(name)
            on = f"{options or 'the default momentum'}, {dtype}, after batches of 2, 3, 30 samples"
            hidden.that(
                got is None or got.dtype == dtype,
                f"{name} keeps its dtype",
                on=on,
                expected=dtype,
                got=getattr(got, "dtype", None),
                hint="the statistics of a layer in double precision are float64, and stay it",
            )
            hidden.close(
                name,
                got,
                getattr(oracle, name),
                on=on,
                hint="old + momentum * (new - old), with the given momentum; the stored variance "
                "divides by n - 1",
            )
            if dtype == torch.float64:
                in_double(hidden, name, got, getattr(oracle, name), on=on)
    layer, before = BatchNorm1d(3), []
    for step in range(3):
        layer(torch.randn(6, 3, requires_grad=True)).sum().backward()
        on = f"training step {step + 1} of 3, each with its own backward()"
        for name, value in layer.named_buffers():
            hint = BatchNormMistake.STATISTICS_IN_THE_GRAPH
            what = f"{name} keeps no graph"
            held = not value.requires_grad
            hidden.that(held, what, on=on, expected="no gradient", got="a graph", hint=hint)
