"""Complex numbers in layers and in weights."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import torch
from torch import Tensor, nn

from tests.fuzzing.layers import Apply
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


def _filter(h: Tensor) -> Tensor:
    z = torch.fft.fft(h)
    return (z * z.conj()).real * 0.1 + torch.fft.ifft(z * z.abs().clamp(max=1)).real


def _phases(h: Tensor) -> Tensor:
    z = torch.polar(h.abs() + 0.1, h)
    return z.imag + (z * z.conj().roll(1, -1)).real + z.angle()


def _pairs(h: Tensor) -> Tensor:
    z = torch.view_as_complex(torch.stack([h, h.roll(1, -1)], -1))
    return torch.view_as_real(z.conj() * z.mean(0)).sum(-1)


COMPLEX: dict[str, Callable[[Tensor], Tensor]] = {
    "filter": _filter,
    "phases": _phases,
    "view_as_complex": _pairs,
    "rfft": lambda h: torch.fft.irfft(torch.fft.rfft(h) * 1j, n=h.shape[-1]),
    "conj and mH": lambda h: (torch.complex(h, 2 * h).mH.conj().T.conj()).imag,
    "negative view": lambda h: torch.complex(h, h * h).conj().imag + h,
    "resolve_conj": lambda h: torch.complex(h, h.sin()).conj().resolve_conj().imag,
    "matrix product": lambda h: (lambda z: (z.conj() @ z.mT).real @ h / len(h))(
        torch.complex(h, h.cos())
    ),
    "in place": lambda h: torch.complex(h, h.cos()).mul_(1j).conj_physical_().real,
}


@TRAPS("complex numbers in a layer", plain=True)
def complex_layer(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(COMPLEX))
    recipe.notes["complex"] = name
    recipe.inside = lambda width: Apply(COMPLEX[name])


class Complex(nn.Module):
    def __init__(self, width: int, way: str) -> None:
        super().__init__()
        self.way = way
        # Doubling a module leaves complex parameters as they are.
        self.w = nn.Parameter(torch.randn(width, width, dtype=torch.complex128) * width**-0.5)
        self.phase = nn.Parameter(torch.randn(width))

    def forward(self, h: Tensor) -> Tensor:
        z = torch.exp(1j * self.phase) * h
        if self.way == "conjugated":
            return (z @ self.w.conj()).real
        if self.way == "modulus":
            return (z.to(self.w.dtype) @ self.w).abs()
        return (z.to(self.w.dtype) @ self.w.mH).imag + self.w.real.mean(0)


@TRAPS("complex weights", plain=True)
def complex_weights(q: Random, recipe: Recipe) -> None:
    way, kind = q.choice(["conjugated", "modulus", "adjoint"]), q.choice(["SGD", "Adam", "RMSprop"])
    momentum = {"momentum": 0.9} if kind == "SGD" else {}
    recipe.notes["complex"], recipe.notes["optimizer"] = way, f"{kind} {momentum}"
    make = getattr(torch.optim, kind)
    recipe.inside = lambda width: Complex(width, way)
    recipe.optimizer = lambda model, value: make(model.parameters(), lr=0.01, **momentum)
    recipe.penalty = lambda model, value: None
