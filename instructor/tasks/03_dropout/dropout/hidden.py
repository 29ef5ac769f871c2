from course_utils.exercises import attempt
from course_utils.exercises.tensors import transposed

with attempt("dropout", dropout, by_hand=check.LIBRARY) as hidden:
    for shape, dtype in (((4000,), torch.float32), ((10, 20, 30), torch.float64)):
        x = torch.full(shape, -3.0, dtype=dtype)
        y = dropout(x, 0.9, True)
        on = f"-3 everywhere, shape {shape}, {dtype}, p = 0.9"
        hint = "the mask has the shape and the dtype of x, whatever they are"
        hidden.that(y.dtype == dtype, "dtype", on=on, expected=dtype, got=y.dtype, hint=hint)
        hidden.tensor(y, shape, on=on)
        share = float((y == 0).double().mean())
        hint = "each entry is dropped with probability p, whatever the shape of x"
        hidden.that(0.86 < share < 0.94, "share", on=on, expected=0.9, got=share, hint=hint)
        hint = "survivors are divided by 1 - p, for every p"
        hidden.close("scale", y[y != 0], torch.full_like(y[y != 0], -30.0), on=on, hint=hint)
    x = torch.randn(40, 6, 5, dtype=torch.float64)
    y, on = dropout(transposed(x), 0.3, True), "normal numbers (40, 6, 5), transposed, p = 0.3"
    kept, hint = y != 0, "divide what is kept by 1 - p; every entry stays in its place"
    hidden.close("what is kept", y, kept * x / 0.7, on=on, hint=hint)
    y, hint = dropout(transposed(x), 0.3, False), "x itself, while not training"
    hidden.close("evaluation", y, x, on=f"{on}, not training", hint=hint)
    # The number dropped varies from call to call, as it does for independent draws.
    masks = torch.stack([dropout(torch.ones(8, 16), 0.4, True) == 0 for _ in range(400)]).double()
    shares = masks.mean(0)
    got = f"from {float(shares.min()):.3g} to {float(shares.max()):.3g}"
    on = "ones of shape (8, 16), p = 0.4, 400 calls: how often each entry is 0"
    hint = "every entry is dropped equally often"
    even, what = (
        bool((shares - 0.4).abs().max() < 0.15),
        "every entry is dropped with probability p",
    )
    hidden.that(even, what, on=on, expected="about 0.4 everywhere", got=got, hint=hint)
    for where, counts in (
        ("in all", masks.flatten(1).sum(1)),
        ("in the first row", masks[:, 0].sum(1)),
        ("in the first column", masks[:, :, 0].sum(1)),
    ):
        n = {"in all": 128, "in the first row": 16, "in the first column": 8}[where]
        ratio = float(counts.var() / (n * 0.4 * 0.6))
        on = f"ones of shape (8, 16), p = 0.4, 400 calls: variance of how many are 0 {where}"
        hint = "draw for each entry independently of the others"
        expected = f"about {n * 0.24:.4g}, as for {n} independent draws"
        what, got = "entries are dropped independently", float(counts.var())
        hidden.that(0.6 < ratio < 1.5, what, on=on, expected=expected, got=got, hint=hint)
