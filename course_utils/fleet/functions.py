"""Merge the functions that train and score single members into functions of a whole group.

A step, the outputs and their scores are merged once for each length of a batch or of a part.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from course_utils.fleet.engine import (
    BY_MEMBER,
    BY_SEED,
    UNEXPECTED,
    CannotBatchError,
    Engine,
    Merge,
    Merged,
)
from course_utils.fleet.objective import Objective, code_of, draws_of, loss_of, outputs_of, score_of
from course_utils.fleet.recorder.comparing import structure
from course_utils.fleet.recorder.recording import record
from course_utils.fleet.run import Member, tensors_of
from course_utils.fleet.samples import Batches, Scored
from course_utils.random_streams import Request, draw_for_seeds, stream
from course_utils.scoring import LossFn


class Functions:
    """The merged functions of a group.

    Args:
        members: value by value, each value with the same seeds.
        kinds: equal for members whose code reaches equal Python objects; only the first of each
            kind is recorded.
        engine: merges the functions.
        state: the stacked weights and buffers by name, [values, seeds, ...].
        batches: where the training inputs and targets come from.
        loss_fn: as in `fit`.
    """

    def __init__(
        self,
        members: Sequence[Member],
        kinds: Sequence[object],
        engine: Engine,
        state: dict[str, Tensor],
        batches: tuple[Batches, Batches],
        loss_fn: LossFn,
    ) -> None:
        self._members, self._engine, self._loss_fn = members, engine, loss_fn
        self._seeds = list(dict.fromkeys(m.seed for m in members))
        self._shape = (len(members) // len(self._seeds), len(self._seeds))
        self._state, self._names = list(state.values()), list(state)
        self._param_names = [name for name, _ in members[0].run.model.named_parameters()]
        self._device, self._batches = members[0].data.x_train.device, batches
        self._which, firsts = _kinds(kinds)
        self._firsts = [members[i] for i in firsts]
        self._objectives = [Objective(m.run, loss_fn, m.data) for m in self._firsts]
        self._steps: dict[int, tuple[list[Request], Merged]] = {}
        self._merged_outputs: dict[object, Merged] = {}
        self._merged_scores: dict[object, Merged] = {}

    @property
    def uses_constants(self) -> bool:
        """Whether a step uses tensors that other code could change between two epochs."""
        return any(step.uses_constants for _, step in self._steps.values())

    @property
    def scoring_leaves_traces(self) -> bool:
        """Whether scoring changes a buffer."""
        return any(outputs.changes_in_place for outputs in self._merged_outputs.values())

    def _alone(self, member: Member) -> list[Tensor]:
        """Copies of one member's weights and buffers, because recording may change buffers."""
        place = divmod(self._members.index(member), self._shape[1])
        return [t[place].clone() for t in self._state]

    def step(self, length: int) -> tuple[list[Request], Merged]:
        """The draws of a step on `length` samples, and the function to all members' gradients.

        Raises:
            CannotBatchError: the members cannot be merged, or draw different random numbers.
        """
        if length not in self._steps:
            given = [
                [*self._alone(m), m.data.x_train[:length].clone(), m.data.y_train[:length].clone()]
                for m in self._firsts
            ]
            drawn = [
                draws_of(objective, self._names, [t.clone() for t in inputs], member.seed)
                for objective, inputs, member in zip(
                    self._objectives, given, self._firsts, strict=True
                )
            ]
            requests = drawn[0][0]
            if any(other != requests for other, _ in drawn):
                raise CannotBatchError("its members draw different random numbers")
            first = torch.arange(length).expand(len(self._seeds), length)
            generators = [stream("draws", seed) for seed in self._seeds]
            noise = next(draw_for_seeds(requests, generators, self._device))
            step = self._engine(
                Merge(
                    [loss_of(objective, self._names) for objective in self._objectives],
                    [[*inputs, *noise] for inputs, (_, noise) in zip(given, drawn, strict=True)],
                    self._which,
                    self._shape,
                    [
                        *(t.clone() for t in self._state),
                        *(source.take(source.rows(first)) for source in self._batches),
                        *noise,
                    ],
                    [
                        *[BY_MEMBER] * len(self._names),
                        *(source.dims for source in self._batches),
                        *[BY_SEED] * len(noise),
                    ],
                    n_params=len(self._param_names),
                    code=code_of(self._objectives[0]),
                )
            )
            self._steps[length] = requests, step
        return self._steps[length]

    def outputs(self, sample: Scored) -> Merged:
        """The function (state, x) -> (outputs [values, seeds, n, ...],)."""
        key = sample.x.shape
        if key not in self._merged_outputs:
            self._merged_outputs[key] = self._engine(
                Merge(
                    [outputs_of(objective, self._names) for objective in self._objectives],
                    [[*self._alone(m), sample.x_of(self._members.index(m))] for m in self._firsts],
                    self._which,
                    self._shape,
                    [*(t.clone() for t in self._state), sample.x.clone()],
                    [*[BY_MEMBER] * len(self._names), sample.x_dims],
                    code=("outputs", code_of(self._objectives[0])),
                )
            )
        return self._merged_outputs[key]

    def score(self, sample: Scored, outputs: Tensor) -> Merged:
        """The function (outputs, y) -> (loss, number of correct outputs), each [values, seeds]."""
        key = outputs.shape, sample.y.shape
        if key not in self._merged_scores:
            score = score_of(self._loss_fn, self._members[0].data)
            self._merged_scores[key] = self._engine(
                Merge(
                    [score],
                    [[outputs[0, 0].clone(), sample.y_of(0)]],
                    [0] * len(self._members),
                    self._shape,
                    [outputs.clone(), sample.y.clone()],
                    [BY_MEMBER, sample.y_dims],
                    code=("score", code_of(self._objectives[0])),
                )
            )
        return self._merged_scores[key]


def structure_of(member: Member, batch_size: int, loss_fn: LossFn) -> object:
    """A value that is equal for members whose training and scoring differ at most in numbers; None
    if that cannot be known."""
    objective = Objective(member.run, loss_fn, member.data)
    state, data = tensors_of(member), member.data
    names = list(state)

    def given(x: Tensor) -> list[Tensor]:
        return [*(t.detach().clone() for t in state.values()), x.clone()]

    batch = [*given(data.x_train[:batch_size]), data.y_train[:batch_size].clone()]
    try:
        _, noise = draws_of(objective, names, [t.clone() for t in batch], member.seed)
        step = structure(record(loss_of(objective, names), [*batch, *noise]))
        return step, structure(record(outputs_of(objective, names), given(data.x_val)))
    except (CannotBatchError, *UNEXPECTED):
        return None


def _kinds(keys: Sequence[object]) -> tuple[list[int], list[int]]:
    """For each key the number of its kind, and for each kind the place of the first such key."""
    kinds: dict[object, int] = {}
    which = [kinds.setdefault(key, len(kinds)) for key in keys]
    return which, [which.index(kind) for kind in range(len(kinds))]


def stack(members: Sequence[Member], shape: tuple[int, int]) -> dict[str, Tensor]:
    """The members' weights and buffers by name, [values, seeds, ...]."""
    of_members = [tensors_of(m) for m in members]
    return {
        name: torch.stack([tensors[name].detach() for tensors in of_members]).unflatten(0, shape)
        for name in of_members[0]
    }
