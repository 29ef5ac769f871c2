"""The check of the soft threshold: right answers pass, wrong ones are named."""

import torch
import torch.nn.functional as F

from course_utils import checks
from course_utils.regularizers import soft_threshold as course_threshold
from tests.checking import cases, named, passes


def threshold_by_where(w, t):
    return torch.where(w > t, w - t, torch.where(w < -t, w + t, torch.zeros_like(w)))


def threshold_in_place(w, t):
    w.copy_(course_threshold(w, t))
    return w


def test_right_thresholds_pass():
    passes(
        checks.soft_threshold,
        course_threshold,
        F.softshrink,
        threshold_by_where,
        lambda w, t: torch.relu(w - t) - torch.relu(-w - t),
        lambda w, t: w - w.clamp(-t, t),
    )


@cases(
    sign=(lambda w, t: (w.abs() - t).clamp(min=0), "the sign is lost: negative weights"),
    sign_at_zero=(
        lambda w, t: w / w.abs() * (w.abs() - t).clamp(min=0),
        "the sign is lost at zero",
    ),
    negatives=(lambda w, t: (w - t).clamp(min=0), "all negative weights became 0"),
    no_cut=(lambda w, t: w.sign() * (w.abs() - t), "jump over zero to the other side"),
    hard=(lambda w, t: torch.where(w.abs() > t, w, 0.0), "a hard threshold, not a soft one"),
    clipped=(lambda w, t: w.clamp(-t, t), "cuts off what is large"),
    all_down=(lambda w, t: w - t, "subtracts from all"),
    grows=(lambda w, t: w.sign() * (w.abs() + t), "the threshold is added"),
    scales=(lambda w, t: w * (1 - t), "scaled by a factor"),
    nothing_done=(lambda w, t: w.clone(), "nothing happened"),
    in_place=(threshold_in_place, "changes the input"),
    fixed=(lambda w, t: course_threshold(w, 0.5), "the threshold that is passed in decides"),
    nothing=(lambda w, t: None, "is there a `return`"),
    norm=(lambda w, t: w * max(0.0, 1 - t / float(w.norm())), "by hand"),
)
def test_wrong_thresholds(answer, hint):
    named(checks.soft_threshold, answer, hint)
