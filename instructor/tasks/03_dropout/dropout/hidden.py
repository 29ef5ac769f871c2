from course_utils.exercises import attempt

with attempt("dropout", dropout, by_hand=check.LIBRARY) as hidden:
    for shape, dtype in (((4000,), torch.float32), ((10, 20, 30), torch.float64)):
        x = torch.full(shape, -3.0, dtype=dtype)
        y = dropout(x, 0.9, True)
        on = f"-3 everywhere, shape {shape}, {dtype}, p = 0.9"
        hint = "the mask has the shape and the dtype of x, whatever they are"
        hidden.that(y.dtype == dtype, "dtype", on=on, expected=dtype, got=y.dtype, hint=hint)
        hidden.tensor(y, shape, on=on)
        share = float((y == 0).double().mean())
        hidden.that(0.86 < share < 0.94, "share", on=on, expected=0.9, got=share, hint=hint)
        hint = "survivors are divided by 1 - p, for every p"
        hidden.close("scale", y[y != 0], torch.full_like(y[y != 0], -30.0), on=on, hint=hint)
