"""Right and wrong answers to exposes_batch_dependence."""

import numpy as np
import torch
from torch import nn

from instructor.answers import right, wrong


@right
def in_other_company(model, x):
    model.eval()
    with torch.no_grad():
        usual = model(x)
        if (model(x[:1])[0] - usual[0]).abs().max() > 1e-4:
            return True
        for i in range(len(x)):
            other = 10 * torch.randn_like(x) + 3
            other[i] = x[i]
            if (model(other)[i] - usual[i]).abs().max() > 1e-4:
                return True
    return False


@right
@torch.no_grad()
def one_at_a_time_in_numpy(model, x):
    mode = model.training
    model.train(False)
    alone = [model(x[i : i + 1]).numpy()[0] for i in range(x.shape[0])]
    together = model(x).numpy()
    model.train(mode)
    return np.abs(together - np.stack(alone)).max() > 1e-3


@right
@torch.no_grad()
def in_batches_of_many_sizes(model, x):
    model.eval()
    alone = torch.cat([model(sample[None]) for sample in x])
    for more in (0, 1, 2, 5, 20, 60):
        both = torch.cat([x, 5 * torch.randn(more, x.shape[1])])
        if ((model(both)[: len(x)] - alone).abs() > 1e-4).any():
            return True
    return False


@wrong("bug_missed")
def by_two_halves(model, x):
    model.eval()
    parts = [model(part) for part in x.tensor_split(2)]
    return not torch.allclose(model(x), torch.cat(parts), atol=1e-4)


@wrong("right_accused")
def without_evaluation_mode(model, x):
    together = model(x)
    other = torch.cat([x[:1], torch.zeros_like(x[1:])])
    return not torch.allclose(together[0], model(other)[0], atol=1e-4)


@wrong("right_accused")
def to_the_last_bit(model, x):
    model.eval()
    return not torch.equal(model(x), torch.cat([model(x[i : i + 1]) for i in range(len(x))]))


@wrong("bug_missed")
def by_shuffling(model, x):
    model.eval()
    order = torch.arange(len(x)).flip(0)
    return not torch.allclose(model(x)[order], model(x[order]), atol=1e-4)


@wrong("bug_missed")
def by_asking_twice(model, x):
    model.eval()
    return not torch.allclose(model(x), model(x), atol=1e-4)


@wrong("bug_missed")
def only_the_first_sample(model, x):
    model.eval()
    return not torch.allclose(model(x)[:1], model(x[:1]), atol=1e-4)


@wrong("not_yes_or_no")
def an_answer_for_each_entry(model, x):
    model.eval()
    return (model(x) - torch.cat([model(row[None]) for row in x])).abs() > 1e-4


@wrong("bug_missed")
def never_says_yes(model, x):
    return False


@wrong("right_accused")
def always_says_yes(model, x):
    return True


@wrong("bug_missed")
def looks_for_the_layer(model, x):
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
    return any(norm.running_mean is None for norm in norms)


@right
def in_every_pair(model, x):
    before = model.training
    try:
        outputs = [model.eval()(x).detach()]
        for i, sample in enumerate(x):
            doubled = model(torch.stack([sample, sample])).detach()
            if not torch.allclose(doubled[0], outputs[0][i], atol=3e-4):
                return True
            if not torch.allclose(doubled[1], outputs[0][i], atol=3e-4):
                return True
            lonely = model(x[i : i + 1]).detach()[0]
            if (lonely - outputs[0][i]).abs().max().item() > 3e-4:
                return True
    finally:
        model.train(before)
    return False


def _eval(model, batch):
    with torch.inference_mode():
        return model.train(False)(batch).double()


@wrong("bug_missed")
def by_the_class_alone(model, x):
    def classes(out):
        return out.flatten(1).argmax(1) if out.ndim > 1 else out.sign()

    alone = torch.cat([_eval(model, x[i : i + 1]) for i in range(len(x))])
    return not torch.equal(classes(_eval(model, x)), classes(alone))


@wrong("bug_missed")
def by_the_mean_output(model, x):
    alone = sum(_eval(model, x[i : i + 1]).sum() for i in range(len(x)))
    return bool((alone - _eval(model, x).sum()).abs() > 1e-3)


@wrong("bug_missed")
def with_a_coarse_tolerance(model, x):
    alone = torch.cat([_eval(model, x[i : i + 1]) for i in range(len(x))])
    return bool((alone - _eval(model, x)).abs().max() > 0.05)


@wrong("bug_missed")
def by_repeating_the_batch(model, x):
    twice = _eval(model, torch.cat([x, x]))
    return bool((twice[: len(x)] - _eval(model, x)).abs().max() > 2e-4)


@wrong("bug_missed")
def without_the_last_one(model, x):
    shorter = _eval(model, x[:-1])
    return bool((shorter - _eval(model, x)[:-1]).abs().max() > 2e-4)


@wrong("bug_missed")
def two_halves(model, x):
    cut = len(x) // 2 + 1
    outer, inner = _eval(model, x)[:cut], _eval(model, x[:cut])
    return bool((outer - inner).abs().max() > 2e-4)


#: Mutants of the model answer that behave like it, each with the reason.


@wrong("bug_missed")
def mean_abs(model, x):
    model.eval()
    with torch.no_grad():
        together = model(x)
        alone = torch.cat([model(x[i : i + 1]) for i in range(len(x))])
    return bool((together - alone).abs().mean() > 1e-4)


@wrong("bug_missed")
def first_output(model, x):
    model.eval()
    with torch.no_grad():
        together = model(x)
        alone = torch.cat([model(x[i : i + 1]) for i in range(len(x))])
    return bool((together - alone)[:, 0].abs().max() > 1e-4)


@wrong("input_changed")
def mutates(model, x):
    model.eval()
    with torch.no_grad():
        x -= x.mean(0)
        together = model(x)
        alone = torch.cat([model(x[i : i + 1]) for i in range(len(x))])
    return not torch.allclose(together, alone, atol=1e-4, rtol=0)


@wrong("bug_missed")
def two_only(model, x):
    model.eval()
    with torch.no_grad():
        a = model(x[:2])
        return bool((a[0] - model(x[:1])[0]).abs().max() > 1e-4) or bool(
            (a[1] - model(x[1:2])[0]).abs().max() > 1e-4
        )


@wrong("input_changed")
def resets_weights(model, x):
    model.eval()
    for p in model.parameters():
        p.data.fill_(1.0)
    with torch.no_grad():
        together = model(x)
        alone = torch.cat([model(x[i : i + 1]) for i in range(len(x))])
    return not torch.allclose(together, alone, atol=1e-4, rtol=0)


@wrong("bug_missed")
def skips_last(model, x):
    model.eval()
    with torch.no_grad():
        together = model(x)
        alone = torch.cat([model(x[i : i + 1]) for i in range(len(x) - 1)])
    return not torch.allclose(together[:-1], alone, atol=1e-4, rtol=0)


@wrong("bug_missed", at="hidden")
def with_as_many_zeros_for_company(model, x):
    for i in range(len(x)):
        others = torch.zeros_like(x)
        others[i] = x[i]
        if (_eval(model, others)[i] - _eval(model, x)[i]).abs().max() > 1e-4:
            return True
    return False


EQUIVALENT = {
    "0.0001 -> 0.0002": "rounding is far below both, and a dependence worth the name far above",
}
