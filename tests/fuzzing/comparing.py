"""What of a fleet is compared with the same runs alone."""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.data import Dataset
from course_utils.fleet import Fleet
from tests.fuzzing.alone import (
    CURVES,
    Alone,
    attempt,
    copied,
    one_plain_step,
    outputs,
    tensors,
)
from tests.fuzzing.recipes import Recipe

#: Words of the machinery, which a learner never asked about.
MACHINERY = re.compile(r"vmap|functorch|batching rule|make_fx|aten::|aten\.|performance", re.I)


#: Kinds of what may be found, the worst first.
KINDS = (
    "silent difference",
    "unsaid",
    "fit changed data",
    "fleet changed data",
    "trains what fit refuses",
    "fleet crashed",
    "other error",
    "difference when alone",
    "module",
    "score",
    "fit moved the random state",
    "fleet moved the random state",
    "words",
)


@dataclass
class Verdict:
    """What differed; nothing if the promise was kept."""

    found: list[str] = field(default_factory=list)
    #: How the case ended: "together", "alone" or "refused".
    how: str = "refused"
    fallback: str | None = None

    def add(self, kind: str, words: str) -> None:
        self.found.append(f"{kind}: {words}")
        self.found.sort(key=lambda line: KINDS.index(line.partition(":")[0]))


class DataWatch:
    """Knows what data sets held when it was made."""

    def __init__(self, sets: Any) -> None:
        self.sets = list({id(data): data for data in sets}.values())
        self.copies = [self._parts(data, clone=True) for data in self.sets]

    def changed(self) -> list[str]:
        """The names of the tensors that hold something else now."""
        return [
            name
            for data, copies in zip(self.sets, self.copies, strict=True)
            for name, tensor in self._parts(data).items()
            if not torch.equal(tensor, copies[name]) or tensor.requires_grad
        ]

    def restore(self) -> None:
        """Give the data back what they held, so that one fault is reported once."""
        for data, copies in zip(self.sets, self.copies, strict=True):
            for name, tensor in self._parts(data).items():
                tensor.requires_grad_(False).copy_(copies[name])

    def _parts(self, data: Dataset, clone: bool = False) -> dict[str, Tensor]:
        names = ("x_train", "y_train", "x_val", "y_val", "y_clean")
        parts = {name: getattr(data, name) for name in names}
        return {name: part.clone() for name, part in parts.items()} if clone else parts


def random_states() -> dict[str, Any]:
    """The state of each global generator."""
    return {
        "PyTorch's global generator": torch.get_rng_state().tolist(),
        "random": random.getstate(),
        "numpy.random": np.random.get_state()[1].tolist(),  # noqa: NPY002
    }


def judge_refusal(verdict: Verdict, error: Exception, expected: list[Exception]) -> None:
    """The fleet raised: it must be what `fit` raised for one of its members, in the same words."""
    said = _words(error)
    for other in expected:
        words = _words(other)
        if type(error) is type(other) and len(said & words) >= 0.5 * len(words):
            return
    kind = "other error" if expected else "fleet crashed"
    instead = f"fit said {expected[0]!r:.200}" if expected else "fit trains it"
    verdict.add(kind, f"{error!r:.200}; {instead}")


def judge_words(verdict: Verdict, fleet: Fleet, warned: set[str]) -> None:
    """A reason is in the course's words, and a warning says it; nothing else is let through."""
    for text in sorted(warned):
        if MACHINERY.search(text):
            verdict.add("words", f"a warning of the machinery's reached the learner: {text:.150}")
            break
    if fleet.fallback is None:
        return
    if len(fleet.fallback.split()) < 4 or MACHINERY.search(fleet.fallback):
        verdict.add("words", f"the reason is not the course's: {fleet.fallback:.150}")
    if not any(fleet.fallback in text or text in fleet.fallback for text in warned):
        verdict.add("words", "trained alone, and no warning says why")


def judge_member(
    verdict: Verdict,
    where: str,
    recipe: Recipe,
    run: Alone,
    weights: dict[str, Tensor],
    fleet: Fleet,
    member: tuple[int, int],
) -> bool:
    """Curves, weights and buffers of one run; whether all are equal."""
    silent = "silent difference" if fleet.fallback is None else "difference when alone"
    if run.error is not None:
        verdict.add("trains what fit refuses", f"{where}: fit said {run.error!r:.200}")
        return False
    if not recipe.repeatable:
        if fleet.fallback is None:
            verdict.add("unsaid", f"{where}: no run can be repeated here, and nothing says so")
        return False
    history = fleet.history(*member)
    for name in CURVES:
        got, want = (
            torch.tensor(curve, dtype=torch.float64)
            for curve in (getattr(history, name), run.curves[name])
        )
        if run.diverged and "acc" in name:
            # How often NaN is right: `fit` has said that it diverged before it says that.
            loss = torch.tensor(run.curves[name.replace("acc", "loss")])
            got, want = got[loss.isfinite()], want[loss.isfinite()]
        gap = difference(got, want)
        if gap > recipe.tolerance:
            verdict.add(silent, f"{where}: {name} by {gap:.2g}; {_first(got, want)}")
            return False
    if run.diverged:
        return True
    trained, error = attempt(lambda: tensors(fleet.model(*member)))
    if error is not None:  # tensors of the machinery may be left in it, on which nothing works
        verdict.add("module", f"{where}: not made of plain tensors: {error!r:.150}")
        return False
    if set(trained) != set(weights):
        verdict.add(silent, f"{where}: names {sorted(set(trained) ^ set(weights))}")
        return False
    for name, want in weights.items():
        gap = difference(trained[name], want)
        if gap > recipe.tolerance:
            verdict.add(silent, f"{where}: {name} by {gap:.2g}")
            return False
    return True


def judge_model(
    verdict: Verdict, where: str, recipe: Recipe, run: Alone, model: Any, data: Dataset
) -> None:
    """Scores that are the loss of the whole set, and a model that works in plain PyTorch."""
    for name in ("train", "val"):
        x, y = getattr(data, f"x_{name}"), getattr(data, f"y_{name}")
        said, _ = attempt(outputs, run.model, x)
        if said is None:  # asking again gives another answer, or none
            continue
        want, _ = attempt(recipe.loss_fn, said.clone(), y.clone())
        if want is not None:
            reported = torch.tensor(run.curves[f"{name}_loss"][-1], dtype=torch.float64)
            gap = difference(reported, want.double())
            if gap > recipe.tolerance:
                verdict.add("score", f"{where}: {name}_loss is {gap:.2g} from the whole set's")
        got, error = attempt(outputs, model, x)
        if error is not None or difference(got, said) > recipe.tolerance:
            verdict.add("module", f"{where}: other outputs for x_{name}; {error!r:.150}")
    for action in (copied, lambda m: one_plain_step(m, recipe, data)):
        _, error = attempt(action, model)
        if error is not None and attempt(action, run.model)[1] is None:
            verdict.add("module", f"{where}: not usable in plain PyTorch: {error!r:.200}")
    flags = [[p.requires_grad for p in m.parameters()] for m in (model, run.model)]
    if flags[0] != flags[1]:
        verdict.add("module", f"{where}: requires_grad of the parameters")


def difference(a: Tensor | None, b: Tensor | None) -> float:
    """Largest difference relative to the larger of 1 and b's size; NaN equals NaN."""
    if a is None or b is None:
        return 0.0 if a is b else math.inf
    if a.shape != b.shape or a.dtype != b.dtype:
        return math.inf
    if a.numel() == 0:
        return 0.0
    same = (a == b) | (a.isnan() & b.isnan())
    gaps = (a - b).abs() / b.abs().clamp(min=1) if a.dtype != torch.bool else (a != b)
    largest = gaps.double().masked_fill(same, 0.0).max().item()
    return math.inf if math.isnan(largest) else largest


def _first(got: Tensor, want: Tensor) -> str:
    """The first epoch in which two curves differ."""
    unequal = ~((got - want).abs() <= 1e-9) & ~(got.isnan() & want.isnan())
    return f"first at epoch {int(unequal.nonzero()[0])}" if unequal.any() else ""


def _words(error: Exception) -> set[str]:
    return set(re.findall(r"[A-Za-z]{4,}", str(error)))
