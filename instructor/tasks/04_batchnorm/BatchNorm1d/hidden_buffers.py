from course_utils.exercises import attempt

with attempt("BatchNorm1d", BatchNorm1d, by_hand=check.LIBRARY) as hidden:
    for options in ({}, {"momentum": 0.25}, {"momentum": 1.0}):
        layer, oracle = BatchNorm1d(3, **options), nn.BatchNorm1d(3, **options)
        check.named_buffers(hidden, layer)
        for n in (2, 3, 30):
            x = 5 * torch.randn(n, 3) + 2
            layer.train()(x.clone())
            oracle(x)
        for name in ("running_mean", "running_var"):
            hidden.close(
                name,
                dict(layer.named_buffers()).get(name),
                getattr(oracle, name),
                on=f"{options or 'the default momentum'}, after batches of 2, 3 and 30 samples",
                hint="old + momentum * (new - old), with the momentum asked for; the variance "
                "that is stored divides by n - 1",
            )
