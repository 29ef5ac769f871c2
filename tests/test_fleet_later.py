"""What shows only after the first steps: buffers that change places, gates that open, drawing."""

import pytest
import torch
from torch import nn

from course_utils.fleet import Run
from tests.fleets import compared, make_data, mlp, sgd, train

pytestmark = pytest.mark.usefixtures("float64")


class Lagging(nn.Module):
    """From step `since` on it adds the mean activations of the step before the last one."""

    def __init__(self, since):
        super().__init__()
        self.net, self.since = mlp(), since
        self.register_buffer("now", torch.zeros(16))
        self.register_buffer("before", torch.zeros(16))
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, x):
        x = x.flatten(1)
        if self.training:
            self.steps += 1
            self.before = self.now
            self.now = x.mean(0) * (self.steps >= self.since)
        return self.net(x + self.before)


@pytest.mark.parametrize("since", [1, 5, 6])
def test_buffers_that_change_places_keep_their_numbers(since):
    def build(value):
        model = Lagging(since)
        return Run(model, sgd(model, 0.1 + 0.1 * value))

    compared(build)


class Gated(nn.Module):
    """With an open gate, activations depend on the largest of the whole batch."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(16, 8), nn.Linear(8, 3)
        self.gate = nn.Parameter(torch.zeros(8))

    def forward(self, x):
        h = self.first(x.flatten(1)).tanh()
        return self.last(h * (1 + self.gate * h.abs().amax(0)))


def test_samples_that_influence_each_other_only_later_are_scored_at_once():
    """So many runs are scored on a part of the samples at a time, if these are independent."""

    def build(value):
        model = Gated()
        return Run(model, sgd(model, 0.3 + 0.3 * value))

    compared(build, data=make_data(n=6000), epochs=2)


class Counted(torch.optim.SGD):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.steps = 0


class NoisyLate(Counted):
    def step(self):
        self.steps += 1
        if self.steps > 4:
            for p in self.param_groups[0]["params"]:
                p.grad.add_(torch.randn_like(p), alpha=0.1)
        super().step()


def test_an_optimizer_that_begins_to_draw_leaves_the_global_random_state_alone():
    def build(value):
        model = mlp()
        return Run(model, NoisyLate(model.parameters(), lr=0.05 + 0.05 * value))

    before = torch.get_rng_state()
    with pytest.warns(UserWarning, match="its optimizer draws random numbers"):
        train(build, [0, 1])
    assert torch.equal(torch.get_rng_state(), before)


class SlowingDown(Counted):
    def step(self):
        self.steps += 1
        self.param_groups[0]["lr"] = 0.1 / self.steps
        super().step()


def test_an_optimizer_that_counts_its_steps_trains_together_where_the_last_batch_is_short():
    def build(value):
        model = mlp()
        optimizer = SlowingDown(model.parameters(), lr=0.1, momentum=0.5 + 0.1 * value)
        return Run(model, optimizer)

    compared(build)
