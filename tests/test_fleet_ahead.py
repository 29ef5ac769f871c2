"""An epoch may be trained while the one before it is scored, and nobody sees it."""

import pytest
import torch
from torch import nn

from course_utils.fleet import Run, iter_fleet, together
from course_utils.regularizers import l2_penalty
from tests.fleets import BATCH, DATA, SignSGD, mlp, sgd

pytestmark = pytest.mark.usefixtures("float64")


class CountsItsScores(nn.Module):
    """What it returns in evaluation mode depends on how often it was scored."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        if self.training:
            return x * (1 + 0.1 * self.calls)
        self.calls.add_(1)
        return x * self.calls


def _first(layer, optimizer=sgd):
    def build(lr):
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), layer(), nn.ReLU(), nn.Linear(8, 3))
        return Run(model, optimizer(model, lr))

    return build


SCORED_MEANWHILE = {
    "plain": (_first(nn.Identity), True),
    "batch norm": (_first(lambda: nn.BatchNorm1d(8)), True),
    "dropout": (_first(nn.Dropout), True),
    "scoring leaves traces": (_first(CountsItsScores), False),
    "an optimizer of their own": (
        _first(nn.Identity, lambda m, lr: SignSGD(m.parameters(), lr=lr / 10)),
        False,
    ),
}


@pytest.mark.recorder
@pytest.mark.parametrize(
    ("build", "meanwhile"), SCORED_MEANWHILE.values(), ids=SCORED_MEANWHILE.keys()
)
def test_an_epoch_trained_while_another_is_scored_changes_nothing(build, meanwhile, monkeypatch):
    seen, submitted = {}, []
    scorer = together._scorer()
    submit = scorer.submit
    monkeypatch.setattr(scorer, "submit", lambda f: submitted.append(f) or submit(f))
    for spare in (False, True):
        monkeypatch.setattr(together, "_core_to_spare", lambda spare=spare: spare)
        seen[spare] = []
        options = {"seeds": 2, "epochs": 4, "batch_size": BATCH}
        for fleet in iter_fleet(build, DATA, values=[0.1, 0.2], **options):
            assert fleet.fallback is None
            weights = [t.clone() for t in fleet.model(1, 1).state_dict().values()]
            seen[spare].append((weights, fleet.history(1, 1)))
        assert len(submitted) == (4 if spare and meanwhile else 0)
    for (weights, history), (others, other) in zip(seen[False], seen[True], strict=True):
        assert history == other
        assert all(map(torch.equal, weights, others))


@pytest.mark.parametrize("spare", [False, True])
def test_what_changes_between_two_epochs_counts_from_the_next_one_on(spare, monkeypatch):
    monkeypatch.setattr(together, "_core_to_spare", lambda: spare)
    strength = torch.tensor(0.0)

    def build(lam):
        model = mlp()
        return Run(model, sgd(model), penalty=lambda m: strength * lam * l2_penalty(m))

    epochs = iter_fleet(build, DATA, values=[0.0, 0.5], seeds=2, epochs=2, batch_size=BATCH)
    for _ in range(2):
        fleet = next(epochs)
        without, with_it = fleet.train_loss[..., fleet.epoch]
        assert (without == with_it).all()
    strength.fill_(1.0)
    without, with_it = next(epochs).train_loss[..., 2]
    assert (without != with_it).all()


def test_scoring_has_a_thread_of_its_own_and_others_keep_theirs():
    before = torch.get_num_threads()
    scorer = together._scorer()
    assert scorer.submit(torch.get_num_threads).result() == 1
    assert torch.get_num_threads() == before
