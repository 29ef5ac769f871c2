"""Mixes of techniques, as data, and the network that each of them describes.

A *mix* is a dict from technique to strength, e.g. ``{"L2": 3e-3, "dropout": 0.3}``; what is not in
it is off, and ``{}`` is no technique at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import torch
from torch import nn

from course_utils.augmentation import RandomAffine
from course_utils.data import Dataset
from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.regularizers import l2_penalty

Mix = Mapping[str, float]
Key = tuple[tuple[str, float], ...]

#: The one technique that changes no training: it is read off the recorded curves.
EARLY_STOPPING = "early stopping"
TECHNIQUES = ("L2", "dropout", "batch norm", "augmentation", EARLY_STOPPING)


def build_mix(data: Dataset, mix: Mix, *, hidden: int = 64, lr: float = 8e-3) -> Run:
    """A network for `data` with the techniques of `mix`: what lesson 07 writes by hand.

    Strengths: λ of "L2", p of "dropout", anything for "batch norm", and for "augmentation" 1 means
    up to 10 degrees, a sixteenth of the image and 10% zoom.
    """
    unknown = set(mix) - set(TECHNIQUES)
    if unknown:
        raise ValueError(f"unknown techniques {sorted(unknown)}; known are {', '.join(TECHNIQUES)}")
    model = MLP(
        data.input_shape,
        (hidden, hidden),
        data.num_outputs,
        dropout=mix.get("dropout"),
        norm_layer=nn.BatchNorm1d if "batch norm" in mix else None,
    )
    run = Run(model, torch.optim.Adam(model.parameters(), lr=lr))
    if "L2" in mix:
        run.penalty = lambda model: mix["L2"] * l2_penalty(model)
    if "augmentation" in mix:
        by = mix["augmentation"]
        run.augment = RandomAffine(10 * by, by * data.input_shape[-1] / 16, 0.1 * by)
    return run


def subsets(mix: Mix) -> dict[str, dict[str, float]]:
    """All mixes that can be made of the techniques of `mix` at their strengths, by name."""
    return {
        " + ".join(names) or "nothing": {name: mix[name] for name in names}
        for size in range(len(mix) + 1)
        for names in itertools.combinations(mix, size)
    }


def alone(mix: Mix) -> dict[str, dict[str, float]]:
    """For each technique of `mix`: the mix of it alone."""
    return {name: {name: by} for name, by in mix.items()}


def all_but_one(mix: Mix) -> dict[str, dict[str, float]]:
    """For each technique of `mix`: the mix without it."""
    return {name: {k: by for k, by in mix.items() if k != name} for name in mix}


def baseline(mix: Mix) -> dict[str, float]:
    """What `mix` as a whole is compared with: nothing, or early stopping if it is in the mix."""
    return {name: by for name, by in mix.items() if name == EARLY_STOPPING}


def training_key(mix: Mix) -> Key:
    """The key of a mix's training: all techniques but early stopping, which changes no training."""
    return tuple(sorted((name, by) for name, by in mix.items() if name != EARLY_STOPPING))
