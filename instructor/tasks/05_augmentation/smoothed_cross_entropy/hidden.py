from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt
from course_utils.exercises.tensors import transposed


class Mistake(Mistakes):
    LOG_OF_SOFTMAX = (
        "exp(1000) is inf, and a probability of 0 has no logarithm; log_softmax does both at once, "
        "and stays finite"
    )


with attempt("smoothed_cross_entropy", smoothed_cross_entropy, by_hand=check.LOSSES) as hidden:
    for n, classes, smoothing, dtype in (
        (6, 10, 0.1, torch.float32),
        (1, 4, 0.5, torch.float64),
        (5, 2, 0.0, torch.float32),
        (4, 5, 1.0, torch.float64),
    ):
        logits, y = torch.randn(n, classes, dtype=dtype) + 3.0, torch.arange(n) % classes
        on = f"{n} images, {classes} classes, smoothing = {smoothing}, {dtype}"
        wanted = F.cross_entropy(logits, y, label_smoothing=smoothing)
        given = logits.clone(), y.clone()
        got = hidden.tensor(smoothed_cross_entropy(*given, smoothing), (), on=on)
        hint = "smoothing / K for each of the K classes, and the rest for the right one"
        hidden.close("the loss", got, wanted, on=on, hint=hint)
        hidden.kept(given, (logits, y), on=on)
        kept = dtype == torch.float32 or got.dtype == dtype
        hint = "compute the loss in the dtype of the logits"
        hidden.that(kept, "the dtype", on=on, expected=dtype, got=got.dtype, hint=hint)
        ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
        got = smoothed_cross_entropy(ours, y, smoothing)
        hint = "from the logits to the loss, use only PyTorch's operations on the given tensors"
        what, has = "its gradient reaches the logits", "no gradient"
        hidden.that(got.requires_grad, what, on=on, expected="a gradient", got=has, hint=hint)
        got.backward()
        F.cross_entropy(theirs, y, label_smoothing=smoothing).backward()
        hidden.that(ours.grad is not None, what, on=on, expected=theirs.grad, got="none", hint=hint)
        hidden.close(what, ours.grad, theirs.grad, on=on, hint=hint)
    logits = 1e6 + torch.tensor([[0.0, 0.7, 0.1], [0.4, 0.2, 0.9]], dtype=torch.float64)
    on, y = "logits of about a million, torch.float64, smoothing = 0.3", torch.tensor([1, 0])
    got = smoothed_cross_entropy(logits.clone(), y, 0.3)
    hint = "compute the loss in the dtype of the logits, all the way; float32 rounds them here"
    wanted = F.cross_entropy(logits, y, label_smoothing=0.3)
    hidden.close("the loss", got, wanted, on=on, hint=hint)
    on = "logits [1000, 0], label 0, smoothing = 0.1"
    got = smoothed_cross_entropy(torch.tensor([[1000.0, 0.0]]), torch.tensor([0]), 0.1)
    hint = Mistake.LOG_OF_SOFTMAX
    hidden.close("the loss", got, 50.0, on=on, hint=hint)
    logits, y = torch.randn(6, 5, dtype=torch.float64), torch.arange(6) % 5
    on = "6 images, 5 classes, transposed logits, smoothing = 0.3, torch.float64"
    wanted = F.cross_entropy(logits, y, label_smoothing=0.3)
    ours, theirs = transposed(logits).requires_grad_(), logits.clone().requires_grad_()
    got = smoothed_cross_entropy(ours, y, 0.3)
    hint = "the same for any logits, however they lie in memory"
    hidden.close("the loss", got, wanted, on=on, hint=hint)
    got.backward()
    F.cross_entropy(theirs, y, label_smoothing=0.3).backward()
    hidden.close("its gradient", ours.grad, theirs.grad, on=on, hint=hint)
