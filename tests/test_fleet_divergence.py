"""A member that diverges leaves the others alone."""

import warnings

import numpy as np
import pytest
from torch import nn

from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.training import DivergedError
from tests.fleets import LooksAtItsData, alone, sgd, train

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("kind", ["batched", "alone"])
def test_a_member_that_diverges_leaves_the_others_alone(kind):
    def build(lr):
        if kind == "batched":
            model = MLP(16, (8, 8), 3)
        else:
            model = nn.Sequential(LooksAtItsData(), nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 3))
        return Run(model, sgd(model, lr))

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "4 of 4 runs" if kind == "alone" else "never")
        fleet = train(build, [0.2, 1e300])
    for curve in (fleet.train_loss, fleet.val_loss, fleet.train_acc, fleet.val_acc):
        assert np.isfinite(curve[0]).all()
        assert np.isfinite(curve[1, :, 0]).all()
        assert np.isnan(curve[1, :, -1]).all()
    expected, _ = alone(build, 0.2, 1)
    assert fleet.val_loss[0, 1] == pytest.approx(expected.val_loss, abs=1e-5)
    with pytest.raises(DivergedError):
        alone(build, 1e300, 0)
