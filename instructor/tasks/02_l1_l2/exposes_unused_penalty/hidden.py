from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt, in_any_order
from course_utils.regularizers import l1_penalty, l2_penalty


class Mistake(Mistakes):
    NAN_TAKEN_FOR_EQUAL = (
        "a right training is accused: its weights become NaN, which is neither equal to a number "
        "nor larger than one. torch.equal finds the difference"
    )


def trainer(penalty, *, steps=3, lr=0.1, reports=False, decay=False, scale=1.0):
    def train(strength):
        torch.manual_seed(5)
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
        x, y, losses = torch.randn(12, 3), torch.arange(12) % 2, []
        sgd = torch.optim.SGD(model.parameters(), lr, weight_decay=strength if decay else 0)
        for _ in range(steps):
            loss = F.cross_entropy(model(x), y)
            cost = scale * strength * penalty(model)
            sgd.zero_grad()
            (loss + cost).backward()
            sgd.step()
            losses.append((loss + cost * reports).item())
        return model, losses

    return train


def reported_only(strength):
    model, losses = check.never_added(strength)
    return model, [loss + strength * l2_penalty(model).item() for loss in losses]


def second_layer(model):
    return model[2].weight.abs().sum()


def first_layer(model):
    return model[0].weight.abs().sum()


def biases(model):
    return sum((p - 1).square().sum() for p in model.parameters() if p.ndim == 1)


def distance_from_size_1(model):
    return sum((p.abs() - 1).square().sum() for p in model.parameters())


def thresholded(scale):
    def train(strength):
        model, losses = trainer(nothing)(0.0)
        for layer in (model[0], model[2]):
            layer.weight.data = F.softshrink(layer.weight.data, scale * strength)
        return model, losses

    return train


def in_whole_numbers(strength):
    return trainer(l2_penalty)(int(strength))


def nothing(model):
    return torch.zeros(())


with (
    attempt("exposes_unused_penalty", exposes_unused_penalty) as hidden,
    in_any_order(hidden, exposes_unused_penalty) as judge,
):
    detached = trainer(lambda model: l2_penalty(model).detach(), reports=True)
    for train, what in (
        (reported_only, "a penalty that is added to the reported loss alone"),
        (detached, "a penalty without a gradient, in the loss and in the report"),
        (trainer(nothing), "a penalty of 0"),
    ):
        check.verdict(judge, train, broken=True, what=what)
    for train, what in (
        (trainer(l2_penalty, lr=1.0), "a penalty under which large strengths blow the weights up"),
        (trainer(l1_penalty, scale=1e-4), "an L1 penalty with a weak scale inside"),
        (trainer(second_layer, steps=1), "a penalty on the second layer, one step"),
        (trainer(first_layer, steps=1), "a penalty on the first layer, one step"),
        (trainer(biases, steps=1), "a penalty on the biases alone, one step"),
        (trainer(distance_from_size_1), "a penalty that pulls every parameter to the size 1"),
        (thresholded(0.1), "a soft threshold; all weights are 0 from some strength on"),
        (thresholded(3.0), "a soft threshold; all weights are 0 from strength 1 on"),
        (in_whole_numbers, "a penalty that rounds the strength down to a whole number"),
        (trainer(l2_penalty, steps=1), "one step, whose report comes before any effect"),
        (trainer(nothing, decay=True), "a strength that acts as weight_decay"),
    ):
        check.verdict(judge, train, broken=False, what=what)
    what, train = (
        "a penalty under which all weights become NaN",
        trainer(l2_penalty, lr=0.9, steps=20),
    )
    hint = Mistake.NAN_TAKEN_FOR_EQUAL
    check.verdict(judge, train, broken=False, what=what, accused=hint)
