"""Right and wrong answers to adamw."""

import math

import torch
import torch.nn.functional as F

from instructor.answers import UNNAMED, right, wrong


@right
def with_backward_and_lerp(model, x, y, steps, lr, weight_decay):
    state = {p: (torch.zeros_like(p), torch.zeros_like(p)) for p in model.parameters()}
    record = []
    for t in range(steps):
        model.zero_grad()
        value = F.cross_entropy(model(x), y)
        value.backward()
        record.append(value.item())
        for p, (m, v) in state.items():
            m.lerp_(p.grad, 1 - 0.9)
            v.mul_(0.999).addcmul_(p.grad, p.grad, value=1 - 0.999)
            p.data.mul_(1 - lr * weight_decay)
            root = v.sqrt() / math.sqrt(1 - 0.999 ** (t + 1)) + 1e-8
            p.data.addcdiv_(m, root, value=-lr / (1 - 0.9 ** (t + 1)))
    return record


@right
def with_new_tensors(model, x, y, steps, lr, weight_decay):
    moments, losses = [[0, 0] for _ in model.parameters()], []
    for step in range(1, 1 + steps):
        loss = F.nll_loss(F.log_softmax(model(x), 1), y)
        losses += [loss.detach().item()]
        slopes = torch.autograd.grad(loss, tuple(model.parameters()))
        for i, (p, slope) in enumerate(zip(model.parameters(), slopes, strict=True)):
            moments[i] = [
                0.9 * moments[i][0] + 0.1 * slope,
                0.999 * moments[i][1] + 0.001 * slope.square(),
            ]
            m, v = moments[i][0] / (1 - 0.9**step), moments[i][1] / (1 - 0.999**step)
            with torch.no_grad():
                p.copy_(p - lr * weight_decay * p - lr * m / (torch.sqrt(v) + 1e-8))
    return losses


@right
def over_one_long_vector(model, x, y, steps, lr, weight_decay):
    vector = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    m, v, losses = vector * 0, vector * 0, []
    for step in range(steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, list(model.parameters()))
        g = torch.cat([grad.flatten() for grad in grads])
        m, v = m + (1 - 0.9) * (g - m), v + (1 - 0.999) * (g**2 - v)
        bias = 1 - 0.9 ** (step + 1), 1 - 0.999 ** (step + 1)
        vector = vector * (1 - lr * weight_decay) - lr * m / bias[0] / ((v / bias[1]) ** 0.5 + 1e-8)
        torch.nn.utils.vector_to_parameters(vector, model.parameters())
    return losses


def _trained(model, x, y, steps, move, start=1):
    """The loop that the answers below share; `move` says what becomes of p."""
    state, losses = [(torch.zeros_like(p), torch.zeros_like(p)) for p in model.parameters()], []
    for t in range(start, start + steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, list(model.parameters()))
        for p, g, (m, v) in zip(model.parameters(), grads, state, strict=True):
            p.data = move(p.data, g, m, v, t)
    return losses


def _adam(g, m, v, t, root_corrected=True):
    m.copy_(0.9 * m + 0.1 * g)
    v.copy_(0.999 * v + 0.001 * g**2)
    root = (v / (1 - 0.999**t) if root_corrected else v).sqrt()
    return m / (1 - 0.9**t) / (root + 1e-8)


@wrong("as_given")
def nothing_repaired(model, x, y, steps, lr, weight_decay):
    def move(p, g, m, v, t):
        return p - lr * _adam(g + weight_decay * p, m, v, t, root_corrected=False)

    return _trained(model, x, y, steps, move)


@wrong("decay_in_the_gradient")
def only_the_root_repaired(model, x, y, steps, lr, weight_decay):
    def move(p, g, m, v, t):
        return p - lr * _adam(g + weight_decay * p, m, v, t)

    return _trained(model, x, y, steps, move)


@wrong("second_moment_uncorrected")
def only_the_decay_repaired(model, x, y, steps, lr, weight_decay):
    def move(p, g, m, v, t):
        return p * (1 - lr * weight_decay) - lr * _adam(g, m, v, t, root_corrected=False)

    return _trained(model, x, y, steps, move)


@wrong("decay_without_the_rate")
def decay_not_times_lr(model, x, y, steps, lr, weight_decay):
    return _trained(
        model,
        x,
        y,
        steps,
        lambda p, g, m, v, t: p - weight_decay * p - lr * _adam(g, m, v, t),
    )


@wrong("decay_forgotten")
def line_deleted(model, x, y, steps, lr, weight_decay):
    return _trained(model, x, y, steps, lambda p, g, m, v, t: p - lr * _adam(g, m, v, t))


@wrong("decay_after_the_step")
def decays_what_has_moved(model, x, y, steps, lr, weight_decay):
    def move(p, g, m, v, t):
        moved = p - lr * _adam(g, m, v, t)
        return moved - lr * weight_decay * moved

    return _trained(model, x, y, steps, move)


@wrong("library_used")
def by_the_library(model, x, y, steps, lr, weight_decay):
    optimizer, losses = torch.optim.AdamW(model.parameters(), lr, weight_decay=weight_decay), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@wrong("losses_missing")
def without_a_return(model, x, y, steps, lr, weight_decay):
    with_backward_and_lerp(model, x, y, steps, lr, weight_decay)


@wrong("losses_missing")
def the_last_loss_alone(model, x, y, steps, lr, weight_decay):
    return (with_new_tensors(model, x, y, steps, lr, weight_decay) or [0.0])[-1]


@wrong("losses_missing")
def losses_with_their_graph(model, x, y, steps, lr, weight_decay):
    kept = []

    def watched(samples):
        kept.append(F.cross_entropy(model(samples), y))
        return model_of(samples)

    model_of = model.forward
    over_one_long_vector(model, x, y, steps, lr, weight_decay)
    for _ in range(steps):
        watched(x)
    return kept


@wrong(UNNAMED)
def corrections_exchanged(model, x, y, steps, lr, weight_decay):
    def move(p, g, m, v, t):
        m.lerp_(g, 0.1)
        v.lerp_(g * g, 0.001)
        root = (v / (1 - 0.9**t)).sqrt() + 1e-8
        return p - lr * weight_decay * p - lr * m / (1 - 0.999**t) / root

    return _trained(model, x, y, steps, move)


@wrong(UNNAMED)
def one_step_too_far(model, x, y, steps, lr, weight_decay):
    def move(p, g, m, v, t):
        return p * (1 - lr * weight_decay) - lr * _adam(g, m, v, t)

    return _trained(model, x, y, steps, move, start=2)


@wrong(UNNAMED)
def eps_under_the_root(model, x, y, steps, lr, weight_decay):
    def move(p, g, m, v, t):
        m.lerp_(g, 0.1)
        v.lerp_(g * g, 0.001)
        return (
            p * (1 - lr * weight_decay) - lr * m / (1 - 0.9**t) / (v / (1 - 0.999**t) + 1e-8).sqrt()
        )

    return _trained(model, x, y, steps, move)


@wrong(UNNAMED)
def a_decay_that_grows(model, x, y, steps, lr, weight_decay):
    return _trained(
        model,
        x,
        y,
        steps,
        lambda p, g, m, v, t: p * (1 - lr * weight_decay) ** t - lr * _adam(g, m, v, t),
    )


@wrong(UNNAMED)
def biases_spared(model, x, y, steps, lr, weight_decay):
    def move(p, g, m, v, t):
        return p * (1 - lr * weight_decay * (p.ndim > 1)) - lr * _adam(g, m, v, t)

    return _trained(model, x, y, steps, move)


@wrong(UNNAMED)
def switches_to_training_mode(model, x, y, steps, lr, weight_decay):
    model.train()
    P, losses = (list(model.parameters()), [])
    M = [torch.zeros_like(p) for p in P]
    V = [torch.zeros_like(p) for p in P]
    for t in range(1, steps + 1):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        G = torch.autograd.grad(loss, P)
        with torch.no_grad():
            for p, g, m, v in zip(P, G, M, V, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= lr * weight_decay * p
                p -= lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-08)
    return losses


@wrong(UNNAMED)
def the_first_sixteen_samples(model, x, y, steps, lr, weight_decay):
    P, losses = (list(model.parameters()), [])
    M = [torch.zeros_like(p) for p in P]
    V = [torch.zeros_like(p) for p in P]
    for t in range(1, steps + 1):
        loss = F.cross_entropy(model(x[:16]), y[:16])
        losses.append(loss.item())
        G = torch.autograd.grad(loss, P)
        with torch.no_grad():
            for p, g, m, v in zip(P, G, M, V, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= lr * weight_decay * p
                p -= lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-08)
    return losses


@wrong(UNNAMED)
def moments_in_single_precision(model, x, y, steps, lr, weight_decay):
    P, losses = (list(model.parameters()), [])
    M = [torch.zeros(p.shape) for p in P]
    V = [torch.zeros(p.shape) for p in P]
    for t in range(1, steps + 1):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        G = torch.autograd.grad(loss, P)
        with torch.no_grad():
            for p, g, m, v in zip(P, G, M, V, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= lr * weight_decay * p
                p -= lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-08)
    return losses


@wrong(UNNAMED)
def corrections_that_pile_up(model, x, y, steps, lr, weight_decay):
    P, losses = (list(model.parameters()), [])
    M = [torch.zeros_like(p) for p in P]
    V = [torch.zeros_like(p) for p in P]
    for t in range(1, steps + 1):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        G = torch.autograd.grad(loss, P)
        with torch.no_grad():
            for p, g, m, v in zip(P, G, M, V, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                m /= 1 - 0.9**t
                v /= 1 - 0.999**t
                p -= lr * weight_decay * p
                p -= lr * m / (v.sqrt() + 1e-08)
    return losses


@wrong(UNNAMED)
def one_size_for_a_whole_tensor(model, x, y, steps, lr, weight_decay):
    P, losses = (list(model.parameters()), [])
    M = [0.0] * len(P)
    V = [0.0] * len(P)
    for t in range(1, steps + 1):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        G = torch.autograd.grad(loss, P)
        with torch.no_grad():
            for i, (p, g) in enumerate(zip(P, G, strict=True)):
                M[i] = 0.9 * M[i] + 0.1 * g
                V[i] = 0.999 * V[i] + 0.001 * g.pow(2).mean()
                p -= lr * weight_decay * p
                p -= lr * (M[i] / (1 - 0.9**t)) / ((V[i] / (1 - 0.999**t)).sqrt() + 1e-08)
    return losses


@wrong(UNNAMED, at="hidden-moments")
def trains_in_training_mode_and_switches_back(model, x, y, steps, lr, weight_decay):
    mode = model.training
    losses = with_new_tensors(model.train(), x, y, steps, lr, weight_decay)
    model.train(mode)
    return losses


@wrong("gradients_added", at="visible")
def gradients_never_cleared(model, x, y, steps, lr, weight_decay):
    return _with_backward(model, x, y, steps, lr, weight_decay, cleared=False)


@wrong(UNNAMED, at="hidden-moments")
def gradients_cleared_after_the_step(model, x, y, steps, lr, weight_decay):
    return _with_backward(model, x, y, steps, lr, weight_decay, cleared=True)


def _with_backward(model, x, y, steps, lr, weight_decay, cleared):
    """AdamW that never clears the gradients, or only after each step."""
    state, losses = {p: (torch.zeros_like(p), torch.zeros_like(p)) for p in model.parameters()}, []
    for t in range(1, steps + 1):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for p, (m, v) in state.items():
                m.lerp_(p.grad, 0.1)
                v.lerp_(p.grad**2, 0.001)
                p *= 1 - lr * weight_decay
                p -= lr * m / (1 - 0.9**t) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        if cleared:
            model.zero_grad()
    return losses


EQUIVALENT = {
    "zip(parameters, gradients, first, second, strict=True) -> zip(parameters, gradients, first, "
    "second)": "all four have one entry for each parameter",
    "True -> False": "this is zip's strict, and all four are equally long",
}
