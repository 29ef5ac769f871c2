from torch import Tensor

from course_utils.exercises import attempt
from course_utils.exercises.tensors import transposed

with attempt("random_shift", random_shift, by_hand=check.SHIFTS) as hidden:
    for shape, dtype, arranged in (
        ((5, 3, 4, 9), torch.float64, Tensor.clone),
        ((1, 1, 9, 5), torch.float32, Tensor.clone),
        ((3, 2, 5, 4), torch.int64, Tensor.clone),
        ((4, 3, 6, 5), torch.float32, transposed),
    ):
        # Numbers with more digits than float32 has, where the dtype has them.
        whole = torch.randint(2**40, 2**52, shape)
        x, reach = whole if dtype == torch.int64 else (whole / 2**40).to(dtype), range(-3, 4)
        y, on = random_shift(arranged(x), 3), f"images {shape}, {dtype}, pixels = 3"
        on += ", transposed" if arranged is transposed else ""
        hint = "keep the dtype of x, and do not confuse height and width"
        got, wanted = ((tuple(t.shape), t.dtype) for t in (y, x))
        hidden.that(got == wanted, "shape and dtype", on=on, expected=wanted, got=got, hint=hint)
        for image, result in zip(x, y, strict=True):
            moved = (F.pad(image, (r, -r, d, -d)) for d in reach for r in reach)
            found = any(torch.equal(result, copy) for copy in moved)
            what = "move the image by up to 3 pixels, and let zeros come in"
            hint = "every pixel keeps its number, in the dtype of x, and moves with its neighbors"
            hidden.that(found, "a moved copy", on=on, expected=what, got=result, hint=hint)
    x = torch.zeros(1500, 1, 3, 3)
    x[:, :, 1, 1] = 1
    place = random_shift(x, 1)[:, 0].flatten(1).argmax(1)
    for way, steps in (("down", place // 3), ("right", place % 3)):
        share = steps.bincount(minlength=3) / 1500
        hint = "every step is equally likely, those at both ends too"
        on = f"1500 images of 3 by 3, pixels = 1: shares of the steps {way}, -1, 0 and 1"
        hidden.close("uniform", share, torch.full((3,), 1 / 3), on=on, hint=hint, atol=0.07)
    on = "1500 images of 3 by 3, pixels = 1: how often two images move alike"
    for apart in (1, 2, 750):
        same, hint = (place == place.roll(apart)).double().mean(), "each image has draws of its own"
        hidden.close("each on its own", same, 1 / 9, on=on, hint=hint, atol=0.06)
    x, drawn = torch.rand(40, 1, 5, 5) + 1, []
    for _ in range(2):
        torch.manual_seed(11)
        drawn.append(random_shift(x.clone(), 2))
    on, hint = (
        "40 images, the same seed of PyTorch twice",
        "draw with torch.randint or another function of PyTorch",
    )
    what = "all draws are PyTorch's"
    hidden.that(torch.equal(*drawn), what, on=on, expected=drawn[0], got=drawn[1], hint=hint)
    other = random_shift(x.clone(), 2)
    on, hint = "the same images again, without a seed", "each call draws anew; no seed inside"
    what = "another call draws anew"
    moved = not torch.equal(drawn[1], other)
    hidden.that(moved, what, on=on, expected="other shifts", got="the same ones", hint=hint)
    whole = (10 * x).to(torch.uint8)
    got = random_shift(whole.clone(), 2)
    on, hint = "images of dtype torch.uint8", "the images keep their dtype, whatever it is"
    hidden.that(
        got.dtype == whole.dtype, "dtype", on=on, expected=whole.dtype, got=got.dtype, hint=hint
    )
