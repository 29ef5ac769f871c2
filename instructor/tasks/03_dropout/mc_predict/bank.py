"""Right and wrong answers to mc_predict."""

import numpy as np
import torch
import torch.nn.functional as F

from instructor.answers import UNNAMED, right, wrong


@right
def by_running_sums(model, x, passes):
    mode, total, squares = model.training, 0.0, 0.0
    model.train(True)
    for _ in range(passes):
        with torch.no_grad():
            probabilities = F.softmax(model(x), dim=-1)
        total, squares = total + probabilities, squares + probabilities**2
    model.train(mode)
    mean = total / passes
    variance = (squares / passes - mean**2).clamp(min=0)
    return mean, variance.sqrt().gather(1, mean.argmax(1, keepdim=True)).squeeze(1)


@right
@torch.no_grad()
def image_by_image(model, x, passes):
    mode = model.training
    model.train()
    votes = [model(x).log_softmax(1).exp() for _ in range(passes)]
    model.train(mode)
    mean = sum(votes) / passes
    spread = [
        np.std([float(vote[i, mean[i].argmax()]) for vote in votes]) for i in range(x.shape[0])
    ]
    return mean, torch.tensor(np.array(spread), dtype=mean.dtype)


def _votes(model, x, passes):
    mode = model.training
    model.train()
    with torch.no_grad():
        votes = torch.stack([model(x) for _ in range(passes)])
    model.train(mode)
    return votes


def _spread(votes, correction=0):
    top = votes.mean(0).argmax(1, keepdim=True)
    return votes.std(0, correction=correction).gather(1, top)[:, 0]


@wrong("in_evaluation_mode")
def in_evaluation_mode(model, x, passes):
    model.eval()
    with torch.no_grad():
        votes = torch.stack([model(x).softmax(1) for _ in range(passes)])
    return votes.mean(0), _spread(votes)


@wrong("mode_left")
def left_in_training_mode(model, x, passes):
    model.train()
    with torch.no_grad():
        votes = torch.stack([model(x).softmax(1) for _ in range(passes)])
    return votes.mean(0), _spread(votes)


@wrong("softmax_of_the_mean")
def softmax_of_the_mean(model, x, passes):
    votes = _votes(model, x, passes)
    return votes.mean(0).softmax(1), _spread(votes.softmax(2))


@wrong("softmax_over_the_images")
def softmax_over_the_images(model, x, passes):
    votes = _votes(model, x, passes).softmax(1)
    return votes.mean(0), _spread(votes)


@wrong("softmax_over_the_passes")
def softmax_over_the_passes(model, x, passes):
    votes = _votes(model, x, passes).softmax(0)
    return votes.mean(0), _spread(votes)


@wrong("mean_of_logits")
def mean_of_logits(model, x, passes):
    votes = _votes(model, x, passes)
    return votes.mean(0), _spread(votes)


@wrong("unbiased_spread")
def unbiased_spread(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    return votes.mean(0), _spread(votes, correction=1)


@wrong("variance_for_spread")
def variance_for_spread(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    return votes.mean(0), _spread(votes) ** 2


@wrong("gradients_recorded")
def with_gradients(model, x, passes):
    mode = model.training
    model.train()
    votes = torch.stack([model(x).softmax(1) for _ in range(passes)])
    model.train(mode)
    return votes.mean(0), _spread(votes)


@wrong("spread_of_class_0")
def spread_of_class_0(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    return votes.mean(0), votes.std(0, correction=0)[:, 0]


@wrong("gradients_recorded")
def gradient_tracking_returned(model, x, passes):
    was = model.training
    model.train()
    probs = torch.stack([model(x).softmax(1) for _ in range(passes)])
    model.train(was)
    mean = probs.mean(0)
    return mean.detach(), probs.std(0, correction=0)[torch.arange(len(x)), mean.argmax(1)]


@wrong("gradients_left_off")
def freezes(model, x, passes):
    was = model.training
    model.train()
    for p in model.parameters():
        p.requires_grad_(False)
    probs = torch.stack([model(x).softmax(1) for _ in range(passes)])
    model.train(was)
    mean = probs.mean(0)
    return mean, probs.std(0, correction=0)[torch.arange(len(x)), mean.argmax(1)]


@wrong("one_large_batch")
def all_passes_in_one_batch(model, x, passes):
    mode = model.training
    model.train()
    with torch.no_grad():
        votes = model(x.repeat(passes, 1)).softmax(1).unflatten(0, (passes, len(x)))
    model.train(mode)
    return votes.mean(0), _spread(votes)


@wrong(UNNAMED, at="hidden")
def in_single_precision(model, x, passes):
    votes = _votes(model, x, passes).float().softmax(2)
    return votes.mean(0), _spread(votes)


@wrong(UNNAMED, at="visible")
def a_pass_to_count_the_classes(model, x, passes):
    return _votes(model, x, passes + 1)[1:].softmax(2).mean(0), _spread(
        _votes(model, x, passes).softmax(2)
    )


@wrong(UNNAMED)
def ten_passes_at_least(model, x, passes):
    votes = _votes(model, x, max(passes, 10)).softmax(2)
    return votes.mean(0), _spread(votes)


@wrong("wrong_shape", at="hidden")
def squeezed(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    top = votes.mean(0).argmax(1, keepdim=True)
    return votes.mean(0), votes.std(0, correction=0).gather(1, top).squeeze()


@wrong("single_precision", at="hidden")
def probabilities_added_up_in_float32(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    return votes.float().mean(0).to(votes.dtype), _spread(votes)


@wrong(UNNAMED, at="hidden")
def freezes_all_and_trains_all_afterwards(model, x, passes):
    for p in model.parameters():
        p.requires_grad_(False)
    votes = _votes(model, x, passes).softmax(2)
    for p in model.parameters():
        p.requires_grad_(True)
    return votes.mean(0), _spread(votes)


@wrong(UNNAMED, at="hidden")
def trains_what_was_frozen(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    frozen = [p for p in model.parameters() if not p.requires_grad]
    for p in frozen:
        p.requires_grad_(True)
    return votes.mean(0), _spread(votes)


@right
def frozen_and_put_back(model, x, passes):
    needed = [(p, p.requires_grad) for p in model.parameters()]
    for p, _ in needed:
        p.requires_grad_(False)
    votes = _votes(model, x, passes).softmax(2)
    for p, before in needed:
        p.requires_grad_(before)
    return votes.mean(0), _spread(votes)


@wrong("input_changed", at="hidden")
def images_centered_in_place(model, x, passes):
    votes = _votes(model, x, passes).softmax(2)
    x -= x.mean()
    return votes.mean(0), _spread(votes)
