from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt
from course_utils.exercises.tensors import transposed


class Mistake(Mistakes):
    ROUNDED = "the number is due as it comes, not rounded"


with attempt("bias_variance", bias_variance) as hidden:
    for fits, points in ((7, 30), (1, 5), (40, 3)):
        predictions = torch.randn(fits, points, dtype=torch.float64) * torch.arange(1, points + 1)
        truth = torch.linspace(-2, 3, points, dtype=torch.float64)
        on = f"{fits} random fits at {points} points, double precision"
        given = transposed(predictions)
        got = hidden.pair(bias_variance(given, truth), "bias2, variance", on=on)[1]
        wanted = ((predictions - predictions.sum(0) / fits) ** 2).sum() / (fits * points)
        hint = "the variance among fits at each point; for a single fit it is 0"
        mistakes = {"this divides by fits - 1": wanted * fits / max(fits - 1, 1)}
        hidden.close("variance", got, wanted, on=on, hint=hint, mistakes=mistakes)
    high = 1e4 + torch.randn(8, 5, dtype=torch.float64)
    on = "8 random fits at 5 points, all about 10000 and of spread 1, double precision"
    got = hidden.pair(bias_variance(high, high.mean(0)), "bias2, variance", on=on)[1]
    wanted = ((high - high.sum(0) / 8) ** 2).sum() / 40
    hint = "take the differences from the mean before you square, in the dtype of the inputs"
    if float(got) == round(float(got), 4) and abs(float(got) - float(wanted)) < 1e-3:
        hint = Mistake.ROUNDED
    hidden.close("variance", got, wanted, on=on, hint=hint)
    on, small = "the same fits, of spread 0.001", 1e-3 * (high - 1e4)
    got = hidden.pair(bias_variance(small, small.mean(0)), "bias2, variance", on=on)[1]
    scaled = 1e6 * float(got)
    hidden.close("variance · 10⁶", scaled, wanted, on=on, hint=Mistake.ROUNDED)
    given = torch.randn(4, 6), torch.randn(6)
    copies = [t.clone() for t in given]
    bias_variance(*copies)
    hidden.kept(copies, given, on="4 random fits at 6 points")
