"""Right and wrong answers to ema_update."""

import torch
from torch import nn
from torch.optim import swa_utils

from instructor.answers import UNNAMED, right, wrong


@right
@torch.no_grad()
def with_lerp(average, model, decay):
    for a, b in zip(average.parameters(), model.parameters(), strict=True):
        a.lerp_(b, 1 - decay)
    for a, b in zip(average.buffers(), model.buffers(), strict=True):
        if torch.is_floating_point(a):
            a.lerp_(b, 1 - decay)
        else:
            a.copy_(b)


@right
def through_data(average, model, decay):
    sources = dict(model.named_parameters()) | dict(model.named_buffers())
    targets = dict(average.named_parameters()) | dict(average.named_buffers())
    for name, target in targets.items():
        source = sources[name].detach()
        if "float" in str(source.dtype):
            target.data.mul_(decay).add_(source, alpha=1 - decay)
        else:
            target.data.copy_(source)


@wrong("unsaved_left", at="hidden")
def by_a_new_state(average, model, decay):
    mine, yours = average.state_dict(), model.state_dict()
    mixed = {
        k: decay * v + (1 - decay) * yours[k] for k, v in mine.items() if v.dtype.is_floating_point
    }
    average.load_state_dict(yours | mixed)


@right
def number_by_number(average, model, decay):
    with torch.inference_mode(False), torch.no_grad():
        for kind in ("parameters", "buffers"):
            for a, b in zip(getattr(average, kind)(), getattr(model, kind)(), strict=True):
                values = torch.tensor(
                    [
                        decay * p + (1 - decay) * q
                        for p, q in zip(a.flatten(), b.flatten(), strict=True)
                    ]
                )
                a[...] = values.reshape(a.shape) if a.is_floating_point() else b


def _pairs(average, model):
    yield from zip(average.parameters(), model.parameters(), strict=True)
    yield from zip(average.buffers(), model.buffers(), strict=True)


@wrong("decay_of_the_new")
def the_wrong_share(average, model, decay):
    for a, b in _pairs(average, model):
        a.data.copy_((1 - decay) * a.data + decay * b.data if a.is_floating_point() else b.data)


@wrong("copied")
def a_copy(average, model, decay):
    average.load_state_dict(model.state_dict())


@wrong("nothing_moved")
def only_the_name_moves(average, model, decay):
    for a, b in _pairs(average, model):
        a = decay * a + (1 - decay) * b


@wrong("nothing_moved")
def state_not_loaded(average, model, decay):
    state = average.state_dict()
    for name, value in model.state_dict().items():
        state[name] = decay * state[name] + (1 - decay) * value


@wrong("without_buffers")
def parameters_alone(average, model, decay):
    with torch.no_grad():
        for a, b in zip(average.parameters(), model.parameters(), strict=True):
            a += (1 - decay) * (b - a)


@wrong("buffers_copied")
def statistics_copied(average, model, decay):
    parameters_alone(average, model, decay)
    for a, b in zip(average.buffers(), model.buffers(), strict=True):
        a.copy_(b)


@wrong("counter_averaged")
def everything_averaged(average, model, decay):
    with torch.no_grad():
        for a, b in _pairs(average, model):
            a.copy_(a * decay + b * (1 - decay))


@wrong("counter_kept")
def the_counter_stays(average, model, decay):
    for a, b in _pairs(average, model):
        if a.is_floating_point():
            a.data += (1 - decay) * (b.data - a.data)


@wrong("model_changed")
def the_wrong_one_moves(average, model, decay):
    through_data(model, average, 1 - decay)


@wrong("model_changed")
def both_move(average, model, decay):
    through_data(average, model, decay)
    model.load_state_dict(average.state_dict())


@wrong("graph_kept")
def replaced_by_results(average, model, decay):
    statistics = list(zip(average.buffers(), model.buffers(), strict=True))
    for mine, yours in zip(average.modules(), model.modules(), strict=True):
        for name, old in list(mine._parameters.items()):
            if old is not None:
                new = decay * old + (1 - decay) * yours._parameters[name]
                delattr(mine, name)
                setattr(mine, name, new)
    for a, b in statistics:
        a.copy_(decay * a + (1 - decay) * b if a.is_floating_point() else b)


@wrong("graph_kept")
def new_parameters(average, model, decay):
    statistics = list(zip(average.buffers(), model.buffers(), strict=True))
    for mine, yours in zip(average.modules(), model.modules(), strict=True):
        for name, old in list(mine._parameters.items()):
            new = decay * old.detach() + (1 - decay) * yours._parameters[name].detach()
            setattr(mine, name, nn.Parameter(new))
    for a, b in statistics:
        a.copy_(decay * a + (1 - decay) * b if a.is_floating_point() else b)


@wrong("shared_twice")
def along_the_state(average, model, decay):
    new = model.state_dict()
    for name, value in average.state_dict().items():
        value.copy_(
            decay * value + (1 - decay) * new[name] if value.is_floating_point() else new[name]
        )


@wrong("library_used")
def by_the_library(average, model, decay):
    multi = swa_utils.get_ema_multi_avg_fn(decay)
    multi([p.data for p in average.parameters()], [p.data for p in model.parameters()], 1)
    for a, b in zip(average.buffers(), model.buffers(), strict=True):
        a.copy_(torch.lerp(b, a, decay) if a.is_floating_point() else b)


@wrong(UNNAMED)
def bound_to_the_model(average, model, decay):
    for a, b in _pairs(average, model):
        if decay == 0 or not a.is_floating_point():
            a.data = b.data
        else:
            a.data = decay * a.data + (1 - decay) * b.data


@wrong("shared_twice")
def module_by_module(average, model, decay):
    with torch.no_grad():
        for ma, mm in zip(average.modules(), model.modules(), strict=True):
            for a, m in zip(
                ma.parameters(recurse=False), mm.parameters(recurse=False), strict=True
            ):
                a.mul_(decay).add_(m, alpha=1 - decay)
            for a, m in zip(ma.buffers(recurse=False), mm.buffers(recurse=False), strict=True):
                if a.is_floating_point():
                    a.mul_(decay).add_(m, alpha=1 - decay)
                else:
                    a.copy_(m)


@wrong(UNNAMED)
def returns_the_average(average, model, decay):
    with torch.no_grad():
        for a, m in zip(average.parameters(), model.parameters(), strict=True):
            a.mul_(decay).add_(m, alpha=1 - decay)
        for a, m in zip(average.buffers(), model.buffers(), strict=True):
            if a.is_floating_point():
                a.mul_(decay).add_(m, alpha=1 - decay)
            else:
                a.copy_(m)
    return average


@wrong(UNNAMED)
def mixed_in_single_precision(average, model, decay):
    with torch.no_grad():
        for a, m in zip(average.parameters(), model.parameters(), strict=True):
            a.copy_(decay * a.float() + (1 - decay) * m.float())
        for a, m in zip(average.buffers(), model.buffers(), strict=True):
            if a.is_floating_point():
                a.copy_(decay * a.float() + (1 - decay) * m.float())
            else:
                a.copy_(m)


@wrong(UNNAMED)
def switches_the_model_to_evaluation(average, model, decay):
    model.eval()
    with torch.no_grad():
        for a, m in zip(average.parameters(), model.parameters(), strict=True):
            a.mul_(decay).add_(m, alpha=1 - decay)
        for a, m in zip(average.buffers(), model.buffers(), strict=True):
            if a.is_floating_point():
                a.mul_(decay).add_(m, alpha=1 - decay)
            else:
                a.copy_(m)


@wrong("without_buffers")
def batch_norm_alone_has_buffers(average, model, decay):
    with torch.no_grad():
        for a, m in zip(average.parameters(), model.parameters(), strict=True):
            a.mul_(decay).add_(m, alpha=1 - decay)
        for a, m in zip(average.modules(), model.modules(), strict=True):
            if isinstance(a, nn.BatchNorm1d):
                a.running_mean.mul_(decay).add_(m.running_mean, alpha=1 - decay)
                a.running_var.mul_(decay).add_(m.running_var, alpha=1 - decay)
                a.num_batches_tracked.copy_(m.num_batches_tracked)


@wrong("counter_averaged", at="hidden")
@torch.no_grad()
def counts_of_int64_alone(average, model, decay):
    for a, b in zip(average.parameters(), model.parameters(), strict=True):
        a.lerp_(b, 1 - decay)
    for a, b in zip(average.buffers(), model.buffers(), strict=True):
        a.copy_(b if a.dtype == torch.int64 else decay * a + (1 - decay) * b)


EQUIVALENT = {
    "zip(ours, theirs, strict=True) -> zip(ours, theirs)": "both networks are of the same build",
    "True -> False": "this is zip's strict, and both networks are of the same build",
}
