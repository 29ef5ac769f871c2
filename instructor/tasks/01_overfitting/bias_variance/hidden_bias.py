from course_utils.exercises import attempt
from course_utils.exercises.tensors import digits_of_double, transposed

with attempt("bias_variance", bias_variance) as hidden:
    for fits, points in ((7, 30), (1, 5), (40, 3)):
        predictions = torch.randn(fits, points, dtype=torch.float64) * torch.arange(1, points + 1)
        truth = torch.linspace(-2, 3, points, dtype=torch.float64)[torch.randperm(points)]
        on = f"{fits} random fits at {points} points, double precision"
        given = transposed(predictions)
        got = hidden.pair(bias_variance(given, truth), "bias2, variance", on=on)[0]
        wanted = ((predictions.sum(0) / fits - truth) ** 2).sum() / points
        hint = "average the fits, subtract the truth, square, average over the points"
        hidden.close("bias2", got, wanted, on=on, hint=hint)
        digits_of_double(hidden, "bias2", float(got), float(wanted), on=on)
