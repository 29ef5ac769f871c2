"""Right and wrong answers to decay_groups."""

from torch import nn

from instructor.answers import UNNAMED, right, wrong


@right
def by_one_loop(model, weight_decay):
    pays, free = [], []
    for _, tensor in model.named_parameters():
        (pays if tensor.dim() > 1 else free).append(tensor)
    return [{"params": pays, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0}]


@right
def by_identity(model, weight_decay):
    found = {id(p): p for p in model.parameters()}
    flat = [key for key, p in found.items() if len(p.shape) in (0, 1)]
    return (
        {
            "weight_decay": weight_decay,
            "params": tuple(p for k, p in found.items() if k not in flat),
        },
        {"weight_decay": 0.0, "params": tuple(found[k] for k in flat)},
    )


@right
def walking_through_the_layers(model, weight_decay):
    groups, seen = [{"params": [], "weight_decay": w} for w in (weight_decay, 0.0)], set()
    for layer in model.modules():
        for p in layer.parameters(recurse=False):
            if p not in seen:
                seen.add(p)
                groups[p.ndim < 2]["params"].append(p)
    return groups


@right
def by_filter(model, weight_decay):
    return [
        {"params": filter(lambda p: p.ndim > 1, model.parameters()), "weight_decay": weight_decay},
        {"params": filter(lambda p: p.ndim <= 1, model.parameters()), "weight_decay": 0.0},
    ]


@right
def by_generator_expressions(model, weight_decay):
    return [
        {"params": (p for p in model.parameters() if p.ndim > 1), "weight_decay": weight_decay},
        {"params": (p for p in model.parameters() if p.ndim < 2), "weight_decay": 0.0},
    ]


def _two(pays, free, weight_decay, rest=0.0):
    return [{"params": pays, "weight_decay": weight_decay}, {"params": free, "weight_decay": rest}]


@wrong("all_in_one")
def everything_decays(model, weight_decay):
    return _two(list(model.parameters()), [], weight_decay)


@wrong("norms_pay")
def biases_by_name(model, weight_decay):
    named = dict(model.named_parameters())
    free = [named.pop(key) for key in list(named) if key.endswith("bias")]
    return _two(list(named.values()), free, weight_decay)


@wrong("biases_pay")
def norms_by_their_type(model, weight_decay):
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d | nn.LayerNorm)]
    free = {p for m in norms for p in m.parameters()}
    return _two([p for p in model.parameters() if p not in free], list(free), weight_decay)


@wrong("exchanged")
def the_flat_ones_first(model, weight_decay):
    ordered = sorted(model.parameters(), key=lambda p: p.ndim)
    cut = sum(p.ndim < 2 for p in ordered)
    return _two(ordered[:cut], ordered[cut:], weight_decay)


@wrong("free_group_without_zero")
def nothing_said_of_the_second(model, weight_decay):
    kinds = {True: [], False: []}
    for p in model.parameters():
        kinds[p.ndim > 1].append(p)
    return [{"params": kinds[True], "weight_decay": weight_decay}, {"params": kinds[False]}]


@wrong("free_group_without_zero")
def both_decay(model, weight_decay):
    tall, low = [], []
    for p in model.parameters():
        (low, tall)[p.ndim >= 2].append(p)
    return _two(tall, low, weight_decay, weight_decay)


@wrong("shared_twice")
def layer_by_layer(model, weight_decay):
    every = [p for layer in model.modules() for p in layer._parameters.values() if p is not None]
    return _two([p for p in every if p.ndim > 1], [p for p in every if p.ndim < 2], weight_decay)


@wrong("left_out")
def weights_and_biases_of_linear_layers(model, weight_decay):
    linear = [m for m in model.modules() if isinstance(m, nn.Linear)]
    return _two([m.weight for m in linear], [m.bias for m in linear], weight_decay)


@wrong("left_out")
def what_learns(model, weight_decay):
    learns = [p for p in model.parameters() if p.requires_grad]
    return _two([p for p in learns if p.ndim > 1], [p for p in learns if p.ndim < 2], weight_decay)


@wrong("not_two_groups")
def tensors_alone(model, weight_decay):
    return [p for p in model.parameters() if p.ndim > 1], [
        p for p in model.parameters() if p.ndim <= 1
    ]


@wrong("not_two_groups")
def one_dict(model, weight_decay):
    return {"params": list(model.parameters()), "weight_decay": weight_decay}


@wrong("copies")
def copies_of_them(model, weight_decay):
    copied = [p.detach().clone() for p in model.parameters()]
    return _two([p for p in copied if p.ndim > 1], [p for p in copied if p.ndim < 2], weight_decay)


@wrong(UNNAMED)
def a_decay_of_its_own(model, weight_decay):
    flat = [p for p in model.parameters() if not p.ndim > 1]
    return _two([p for p in model.parameters() if p.ndim > 1], flat, 0.1)


@wrong("left_out")
def matrices_only(model, weight_decay):
    shapes = [(len(p.shape), p) for p in model.parameters()]
    return _two([p for n, p in shapes if n == 2], [p for n, p in shapes if n == 1], weight_decay)


@wrong("norms_pay")
def norms_by_their_name(model, weight_decay):
    pairs = list(model.named_parameters())
    free = [p for name, p in pairs if "norm" in name or "bias" in name]
    return _two([p for n, p in pairs if "norm" not in n and "bias" not in n], free, weight_decay)


@wrong(UNNAMED)
def embeddings_are_free(model, weight_decay):
    tables = {m.weight for m in model.modules() if isinstance(m, nn.Embedding)}
    pays = [p for p in model.parameters() if p.ndim > 1 and p not in tables]
    return _two(pays, [p for p in model.parameters() if p.ndim < 2 or p in tables], weight_decay)


@wrong(UNNAMED)
def dimensions_of_length_1_left_out(model, weight_decay):
    ps = list(model.parameters())
    return [
        {"params": [p for p in ps if p.squeeze().dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in ps if p.squeeze().dim() < 2], "weight_decay": 0.0},
    ]


@wrong(UNNAMED)
def freezes_what_does_not_decay(model, weight_decay):
    ps = list(model.parameters())
    for p in ps:
        if p.dim() < 2:
            p.requires_grad_(False)
    return [
        {"params": [p for p in ps if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in ps if p.dim() < 2], "weight_decay": 0.0},
    ]


@wrong(UNNAMED)
def unfreezes_everything(model, weight_decay):
    ps = list(model.parameters())
    for p in ps:
        p.requires_grad_(True)
    return [
        {"params": [p for p in ps if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in ps if p.dim() < 2], "weight_decay": 0.0},
    ]


@wrong(UNNAMED)
def by_the_number_of_entries(model, weight_decay):
    ps = list(model.parameters())
    return [
        {"params": [p for p in ps if p.numel() > 4], "weight_decay": weight_decay},
        {"params": [p for p in ps if p.numel() <= 4], "weight_decay": 0.0},
    ]


@wrong("copies")
def names_for_parameters(model, weight_decay):
    ps = dict(model.named_parameters())
    return [
        {"params": [n for n in ps if ps[n].dim() >= 2], "weight_decay": weight_decay},
        {"params": [n for n in ps if ps[n].dim() < 2], "weight_decay": 0.0},
    ]


@wrong("left_out", at="hidden")
def equal_numbers_taken_for_one_parameter(model, weight_decay):
    pays, free = [], []
    for p in model.parameters():
        group = pays if p.ndim > 1 else free
        if not any(p.shape == q.shape and bool((p == q).all()) for q in group):
            group.append(p)
    return [{"params": pays, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


EQUIVALENT = {}
