"""Build a run again, and notice if it is not the same run as before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

from course_utils.fleet.content import digest
from course_utils.fleet.dry_run import DryRun, first_look
from course_utils.fleet.run import Member, Training, tensors_of


class BuiltOtherwiseError(Exception):
    """`build` has returned another run than in its first call for this value and seed."""


def build_again(member: Member, found: DryRun, training: Training) -> None:
    """Build a member's run anew, because its first step may have changed what the run keeps.

    Raises:
        BuiltOtherwiseError: it differs from the first one, which `found` looked at. `build` may
            count its calls, or take from a list, and `fit` would have been given the first one.
    """
    before = _start(member, found)
    member.build_again(training)
    if _start(member, first_look(member, training.loss_fn)) != before:
        raise BuiltOtherwiseError(
            "called again for the same value and seed, `build` or `data` returns something else"
        )


def _start(member: Member, found: DryRun) -> object:
    """Equal for runs that start alike: weights, settings of the optimizer, data, and code."""
    data = member.data
    names = {id(p): name for name, p in member.run.model.named_parameters()}
    groups = [
        (
            [names.get(id(p)) for p in group["params"]],
            {k: _named(v) for k, v in group.items() if k != "params" and _is_setting(v)},
        )
        for group in getattr(member.run.optimizer, "param_groups", ())
    ]
    return (
        {name: digest(t) for name, t in tensors_of(member).items()},
        groups,
        [digest(t) for t in (data.x_train, data.y_train, data.x_val, data.y_val)],
        _named(found.look.tokens),
        _named(_hooks_in_order(found.optimizer_as_built.tokens)),
    )


def _is_setting(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_setting, value))
    return isinstance(value, int | float | str | torch.Tensor | None)


def _hooks_in_order(tokens: Mapping[str, object]) -> dict[str, object]:
    """`tokens` in which hooks are counted for this optimizer alone: PyTorch numbers those of all
    optimizers one after the other, so that no two builds have the same numbers."""
    numbers: dict[str, int] = {}

    def renumbered(hook: re.Match[str]) -> str:
        return f"{hook[1]}[{numbers.setdefault(hook[0], len(numbers))}]"

    return {
        _HOOK.sub(renumbered, path): token
        for path, token in tokens.items()
        if "_hooks's key " not in path
    }


#: The beginning of a path to what a hook on an optimizer reaches.
_HOOK = re.compile(r"^(_optimizer_\w+_hooks)\[\d+\]")


def _named(token: Any) -> Any:
    """`token` with the names of classes in their place: a class in `build` is a new one each
    time."""
    if isinstance(token, torch.Tensor):
        return digest(token)
    if isinstance(token, dict):
        return {key: _named(value) for key, value in token.items()}
    if isinstance(token, tuple):
        return tuple(map(_named, token))
    return f"{token.__module__}.{token.__qualname__}" if isinstance(token, type) else token
