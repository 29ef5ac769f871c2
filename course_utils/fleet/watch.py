"""Compare training together with members that take the same steps alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from course_utils.fleet.alone import Scores
from course_utils.fleet.code import CannotTellError
from course_utils.fleet.dry_run import DryRun
from course_utils.fleet.engine import CannotBatchError
from course_utils.fleet.memory import look_at
from course_utils.fleet.optimizers import Optimizers, StackedOptimizer
from course_utils.fleet.run import Member, Training, tensors_of
from course_utils.fleet.step import Step, disagreement, step_alone
from course_utils.random_streams import SeededDraws
from course_utils.scoring import evaluate

#: How many times in a training a member takes a step alone and is scored alone, unless there are
#: more values or seeds: then as many times as those.
_LOOKS = 8
#: The relative difference that two scores may have because of rounding.
_DIGITS = 1e-3


class DisagreesError(Exception):
    """A step together and the same step alone led to different numbers; the message says where."""


class Watch:
    """Compares the first step of every member, and later steps and scores of members in turn.

    A unit whose input is zero up to rounding may be on in one of the two and off in the other, so
    they may differ once although both are right. So a member that disagrees is compared again in
    the next step, and only a second disagreement counts.
    """

    def __init__(
        self,
        members: Sequence[Member],
        dry_runs: Sequence[DryRun],
        shape: tuple[int, int],
        training: Training,
    ) -> None:
        self._members, self._shape, self._loss_fn = members, shape, training.loss_fn
        self._expected: dict[int, Step] = {}
        for i, dry_run in enumerate(dry_runs):
            assert dry_run.step is not None
            self._expected[i] = dry_run.step
        self._start = [
            {name: t.detach().clone() for name, t in tensors_of(m).items()} for m in members
        ]
        self._suspects: list[int] = []
        self._to_step, self._to_score = _members_in_turn(shape), _members_in_turn(shape)
        self._every = max(1, training.epochs // max(_LOOKS, *shape))
        self._every_scoring = max(1, (training.scorings - 1) // max(_LOOKS, *shape))
        self._last_step = (members[0].data.n_train - 1) // training.batch_size
        self._scorings = 0

    def due(self, epoch: int, step: int) -> list[int]:
        """The members (indices) that take this step alone too; all have taken the first one."""
        if self._suspects:
            return self._suspects
        look, at_epoch = divmod(epoch, self._every)
        # The last batch may be shorter than the others: every second look is at that one.
        wanted = self._last_step if epoch == 1 or look % 2 else 0
        if step == wanted and (epoch == 1 or at_epoch == 0) and (epoch, step) != (1, 0):
            return [next(self._to_step)]
        return []

    def dry_run_step(
        self,
        i: int,
        batch: Tensor,
        noise: Sequence[Tensor],
        state: Mapping[str, Tensor],
        optimizers: Optimizers,
    ) -> None:
        """Take a step of member `i` alone from the stacked `state`, to be compared later."""
        v, s = place = divmod(i, self._shape[1])
        own = [o for o in optimizers if o.place == place[: len(o.place)]]
        if not isinstance(own[0], StackedOptimizer):
            return  # the state of a learner's own optimizer could not be restored
        member, drawn = self._members[i], iter([t[s].clone() for t in noise])
        tensors = tensors_of(member)
        held = {name: t.data for name, t in tensors.items()}
        self._start[i] = {name: t[v, s].clone() for name, t in state.items()}
        for name, t in tensors.items():
            t.data = self._start[i][name]
        own[0].lend_state(member, place[len(own[0].place) :])
        device = member.data.x_train.device
        draws = SeededDraws(member.seed, device, lambda kind, shape: next(drawn))
        self._expected[i] = step_alone(member, batch[s], draws, self._loss_fn)
        member.run.optimizer.state.clear()
        for name, t in tensors.items():
            t.data = held[name]

    def compare(
        self, state: Mapping[str, Tensor], gradients: Mapping[str, Tensor], diverged: Tensor
    ) -> None:
        """Compare the steps taken alone with the stacked `state` after the step together.

        Raises:
            DisagreesError: a member disagrees for the second time in a row.
        """
        if not self._expected:
            return
        suspects = []
        for i, alone in self._expected.items():
            place = divmod(i, self._shape[1])
            names = alone.gradients.keys()
            of_weights = {n: gradients[n][place] if n in gradients else None for n in names}
            together = Step(
                {name: t[place] for name, t in state.items()}, of_weights, bool(diverged[place])
            )
            where = disagreement(together, alone, self._start[i])
            if where is None:
                continue
            if i in self._suspects:
                member = self._members[i]
                raise DisagreesError(
                    f"a step together and the same step alone disagree in {where} (value "
                    f"{member.value!r}, seed {member.seed})"
                )
            suspects.append(i)
        self._suspects, self._expected = suspects, {}

    def check_scores(self, scores: Scores) -> None:
        """Score some members alone too: first one of each value and of each seed, then in turn.

        Raises:
            DisagreesError: a score differs.
        """
        looks = (
            range(max(self._shape))
            if self._scorings == 0
            else range(self._scorings % self._every_scoring == 0)
        )
        for i in (next(self._to_score) for _ in looks):
            member = self._members[i]
            data, loss_fn = member.data, self._loss_fn
            train = evaluate(member.run.model, data.x_train, data.y_train, loss_fn=loss_fn)
            val = evaluate(member.run.model, data.x_val, data.y_val, loss_fn=loss_fn)
            sizes = (1.0, 2 / len(data.y_train), 1.0, 2 / len(data.y_val))
            for together, alone, size in zip(scores[i], (*train, *val), sizes, strict=True):
                room = _DIGITS * (size + abs(alone)) if size == 1.0 else size
                if (
                    math.isfinite(together)
                    and math.isfinite(alone)
                    and abs(together - alone) > room
                ):
                    raise DisagreesError(
                        f"scored together and alone, a model gets {together:.6g} and {alone:.6g} "
                        f"(value {member.value!r}, seed {member.seed})"
                    )
        self._scorings += 1


class SharedByOptimizers:
    """The objects that the code of several optimizers reaches, to be checked for changes.

    An optimizer may change one under a condition on numbers, after many steps in which it did not.
    """

    def __init__(self, dry_runs: Sequence[DryRun]) -> None:
        shared = {id(t): t for dry_run in dry_runs for t in dry_run.shared_by_optimizers}
        self._objects = {str(i): t for i, t in enumerate(shared.values())}
        self._before = self._look()

    def check(self) -> None:
        """Look again, and compare.

        Raises:
            CannotBatchError: an object has changed.
        """
        if self._objects and self._look() != self._before:
            raise CannotBatchError("its optimizer changes what another run's also uses")

    def _look(self) -> object:
        try:
            return look_at(self._objects, {}).tokens
        except CannotTellError as error:
            raise CannotBatchError(str(error)) from error


def _members_in_turn(shape: Sequence[int]) -> Iterator[int]:
    """Members (indices) without end, from the last: every value and every seed comes up soon, and
    in the long run all members come up equally often."""
    n_values, n_seeds = shape
    turn = 0
    while True:
        v, s = -1 - turn, -1 - turn - turn // math.lcm(n_values, n_seeds)
        yield (v % n_values) * n_seeds + s % n_seeds
        turn += 1
