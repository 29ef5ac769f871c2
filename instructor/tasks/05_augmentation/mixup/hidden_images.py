from course_utils.exercises import attempt
from course_utils.exercises.tensors import in_double, transposed

with attempt("mixup", mixup) as hidden:
    for shape in ((6, 3, 4, 5), (5, 1, 5, 5), (1, 2, 3, 3), (6, 3, 4, 5)):
        x, n = torch.randn(shape), shape[0]
        y, share, other = torch.arange(n) % 4, torch.rand(n), torch.randperm(n)
        given = [t.clone() for t in (x, y, share, other)]
        images, _ = mixup(*given, 4)
        wanted = torch.stack([share[i] * x[i] + (1 - share[i]) * x[other[i]] for i in range(n)])
        on = f"images {shape}, shares and partners at random"
        hint = (
            "share[i] of image i, the rest of image other[i] as given, for all channels and pixels"
        )
        hidden.close("images", hidden.tensor(images, shape, on=on), wanted, on=on, hint=hint)
        check.kept(hidden, given, (x, y, share, other), on)
    # Drawn in float64: a number of float32 has no digits to lose.
    x = torch.randn(4, 2, 3, 5, dtype=torch.float64)
    share = torch.rand(4, dtype=torch.float64)
    y, other, by = torch.arange(4), torch.tensor([2, 2, 0, 1]), share[:, None, None, None]
    wanted, on = by * x + (1 - by) * x[other], "images (4, 2, 3, 5), transposed, torch.float64"
    images, _ = mixup(transposed(x), y, share, other, 4)
    hidden.close("images", images, wanted, on=on, hint="the same, for any images")
    in_double(hidden, "each mixed image", images, wanted, on=on)
