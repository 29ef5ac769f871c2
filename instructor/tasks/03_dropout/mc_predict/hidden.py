from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt
from course_utils.exercises.tensors import in_double


class Mistake(Mistakes):
    SPREAD_OF_CLASS_0 = "this is the spread of class 0"


with attempt("mc_predict", mc_predict) as hidden:
    model = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.Dropout(0.5)).double().eval()
    model[0].bias.requires_grad_(False)  # as after a training that left it out
    images = torch.randn(7, 5, dtype=torch.float64)
    before = [p.detach().clone() for p in model.parameters()]
    for n, passes in ((7, 50), (7, 3), (7, 1), (1, 4)):
        x, on = images[:n], f"n = {n} images, 3 classes, {passes} passes"
        torch.manual_seed(1)
        mean, spread = mc_predict(model, given := x.clone(), passes)
        torch.manual_seed(1)
        votes = torch.stack([model.train()(x).softmax(1) for _ in range(passes)])
        wanted = votes.mean(0)
        same = mean.dtype == spread.dtype == wanted.dtype
        what, hint = "results have the dtype of x", "do not convert anything to float32"
        hidden.that(
            same, what, on=on, expected=wanted.dtype, got=[mean.dtype, spread.dtype], hint=hint
        )
        hidden.close("mean", mean, wanted, on=on, hint="the mean of the softmax over the passes")
        in_double(hidden, "mean", mean, wanted, on=on)
        hidden.close(
            "spread",
            hidden.tensor(spread, (n,), on=on),
            votes.var(0, correction=0).sqrt().gather(1, wanted.argmax(1)[:, None])[:, 0],
            on=on,
            hint="each image has its own top class, and the spread is that class's",
            mistakes={Mistake.SPREAD_OF_CLASS_0: votes.std(0, correction=0)[:, 0]},
        )
        hidden.kept([given, *(p.detach() for p in model.parameters())], [x, *before], on=on)
        trained = {name: p.requires_grad for name, p in model.named_parameters()}
        hidden.that(
            trained == {"0.weight": True, "0.bias": False},
            "which parameters need a gradient stays as it is",
            on="a model whose bias is frozen and whose weight is not",
            expected={"0.weight": True, "0.bias": False},
            got=trained,
            hint="with torch.no_grad() around the passes there is nothing to switch off and on",
        )
