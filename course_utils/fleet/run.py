"""The runs of a fleet: what `build` returns, and how members are built from it."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.argument_checks import check_loss, check_model, check_parts, check_run
from course_utils.data import Dataset
from course_utils.fleet.content import World, address, digest
from course_utils.scoring import LossFn
from course_utils.training import Augment, Penalty, own_state


@dataclass
class Run:
    """A model and its optimizer, with an optional penalty and augmentation, as in `fit`."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    penalty: Penalty | None = None
    augment: Augment | None = None


Build = Callable[[Any], Run]
DataFor = Dataset | Callable[[Any, int], Dataset]


@dataclass(frozen=True)
class Training:
    """The arguments that are the same for all members; see `train_fleet`."""

    build: Build
    data: DataFor
    epochs: int
    batch_size: int
    loss_fn: LossFn
    score_at: Collection[int] | None = None

    def is_scored(self, epoch: int) -> bool:
        """Whether the weights after `epoch` epochs are scored: the first and last always are."""
        return self.score_at is None or epoch in (0, self.epochs) or epoch in self.score_at

    @property
    def scorings(self) -> int:
        """How many times the members are scored."""
        return sum(map(self.is_scored, range(self.epochs + 1)))


@dataclass
class Member:
    """A run of the fleet with its value, its seed and its data."""

    value_index: int
    seed_index: int
    value: Any
    seed: int
    run: Run
    data: Dataset
    #: The global random state after its model was built, which `fit` would start from.
    random_state: Tensor
    #: The states then of those of Python's and NumPy's generators that `build` used or seeded.
    world: World

    def build_again(self, training: Training) -> None:
        """Build the run anew, because trying its code may have changed the state that it keeps."""
        self.run, self.random_state, self.world = seeded(training.build, self.value, self.seed)
        own_state(self.run.optimizer)
        self.data = _own_data(training.data, self.run, self.value, self.seed)


def tensors_of(member: Member) -> dict[str, Tensor]:
    """A member's own weights and buffers by name."""
    model = member.run.model
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def seeded(build: Build, value: Any, seed: int) -> tuple[Run, Tensor, World]:
    """``build(value)`` with the random numbers of `seed`, and the random states afterwards:
    PyTorch's, and those of Python's and NumPy's generators that have changed."""
    with _random_numbers_of(seed):
        before = World()
        run = build(value)
        afterwards, world = torch.get_rng_state(), before.moved()
    if not isinstance(run, Run):
        raise TypeError(f"build({value!r}) must return a Run(model, optimizer, ...), got {run!r}")
    check_model(run.model)
    check_parts(run.penalty, run.augment)
    return run, afterwards, world


@contextmanager
def _random_numbers_of(seed: int) -> Iterator[None]:
    """Inside, PyTorch's, NumPy's and Python's generators are seeded with `seed`."""
    world = World()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        random.seed(seed % 2**32)
        np.random.seed(seed % 2**32)  # noqa: NPY002  # learners use it
        try:
            yield
        finally:
            world.put_back()


def build_members(
    training: Training, values: Sequence[Any], seeds: Sequence[int]
) -> Iterator[Member]:
    """Call ``build(value)`` for every value and seed, value by value.

    Members that share a seed start from the same weights, because the seed is set before each call.
    """
    if isinstance(training.build, nn.Module | Run) or not callable(training.build):
        raise TypeError(
            f"build must be a function of a value, got a {type(training.build).__name__}; write "
            "def build(value): ... return Run(model, optimizer)"
        )
    models: dict[int, nn.Module] = {}
    trained: set[int] = set()
    given: list[tuple[Member, list[object]]] = []
    for v, value in enumerate(values):
        for s, seed in enumerate(seeds):
            run, random_state, world = seeded(training.build, value, seed)
            if id(run.model) in models:
                raise ValueError(
                    f"build({value!r}) returned a model that another run has already; "
                    "make a new model and a new optimizer inside build"
                )
            models[id(run.model)] = run.model
            _refuse_trained_by_others(run, value, trained)
            own = _own_data(training.data, run, value, seed)
            member = Member(v, s, value, seed, run, own, random_state, world)
            check_run(
                run.model,
                member.data,
                run.optimizer,
                epochs=training.epochs,
                batch_size=training.batch_size,
            )
            check_loss(training.loss_fn, member.data.y_train)
            own_state(run.optimizer)
            if not isinstance(training.data, Dataset):
                given.append((member, _contents(member.data)))
            yield member
    for member, contents in given:
        if _contents(member.data) != contents:
            raise ValueError(
                f"data({member.value!r}, {member.seed}) returned tensors that a later call has "
                "changed; make new ones in each call, for example with x.clone()"
            )


def _contents(data: Dataset) -> list[object]:
    return [digest(t) for t in (data.x_train, data.y_train, data.x_val, data.y_val)]


def _refuse_trained_by_others(run: Run, value: Any, trained: set[int]) -> None:
    """Refuse weights that another run trains too; frozen ones may be shared. `trained` holds the
    addresses of the weights of other runs, and this run's are added."""
    groups = getattr(run.optimizer, "param_groups", [])
    stepped = {id(p) for group in groups for p in group["params"]}
    own = {n: p for n, p in run.model.named_parameters() if p.requires_grad and id(p) in stepped}
    places = {address(p): name for name, p in own.items()}
    if shared := places.keys() & trained:
        raise ValueError(
            f"build({value!r}) returned a model whose weights {places[shared.pop()]!r} another run "
            "trains too; make every layer with weights inside build"
        )
    trained.update(places)


def _own_data(data: DataFor, run: Run, value: Any, seed: int) -> Dataset:
    if isinstance(data, Dataset):
        own = data
    elif not callable(data):
        raise TypeError(
            f"data must be a Dataset, or a function of a value and a seed, got {data!r:.60}; "
            "use for example load_dataset('digits') or Dataset.from_tensors(x, y)"
        )
    else:
        with _random_numbers_of(seed):
            own = data(value, seed)
        if not isinstance(own, Dataset):
            raise TypeError(f"data({value!r}, {seed}) must return a Dataset, got {own!r:.60}")
    device = next((p.device for p in run.model.parameters()), None)
    return own if device is None else own.to(device)
