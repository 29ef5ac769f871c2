"""What a tensor says of its memory and its place in the graph, asked in a forward."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import torch
from torch import Tensor, nn

from course_utils.fleet import Run
from tests.fuzzing.layers import Apply
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


def _leaf(h: Tensor) -> Tensor:
    return 2 * h if h.is_leaf else h


METADATA: dict[str, Callable[[Tensor], bool | int]] = {
    "requires_grad": lambda h: h.requires_grad,
    "stride": lambda h: h.stride(0) > h.stride(1),
    "stride of the transpose": lambda h: h.t().stride()[0] == 1,
    "is_contiguous": lambda h: h.t().contiguous().t().is_contiguous(),
    "is_contiguous of a layer": lambda h: h.is_contiguous(),
    "storage_offset": lambda h: h[1:].storage_offset(),
    "data_ptr": lambda h: h.data_ptr() == h.view(-1).data_ptr(),
    "data_ptr of a batch": lambda h: h.reshape(-1).data_ptr() == h.data_ptr(),
    "_version": lambda h: h._version,
    "is_leaf": lambda h: h.is_leaf,
    "grad_fn": lambda h: h.grad_fn is not None,
    "grad_fn's name": lambda h: "Add" in str(h.grad_fn) or "Mm" in str(h.grad_fn),
    "_base": lambda h: h._base is not None,
    "untyped_storage": lambda h: h.untyped_storage().nbytes() == h.numel() * h.element_size(),
    "type": lambda h: type(h) is torch.Tensor,
    "class's name": lambda h: h.__class__.__name__ == "Tensor",
    "is_grad_enabled": lambda h: torch.is_grad_enabled(),
    "is_inference": lambda h: h.is_inference(),
    "ndim": lambda h: h.ndim == 2,
    "rows": lambda h: len(h),
    "size": lambda h: h.size(0) % 3,
    "numel": lambda h: h.numel(),
    "shape": lambda h: h.shape[0] == 8,
    "dtype": lambda h: h.dtype == torch.float64,
    "default dtype": lambda h: torch.get_default_dtype() == torch.float64,
    "repr": lambda h: len(repr(h.shape)),
    "is_nested": lambda h: h.is_nested,
    "memory_format": lambda h: h.is_contiguous(memory_format=torch.contiguous_format),
    "nbytes": lambda h: h.nbytes % 7,
    "dim_order": lambda h: h.dim_order()[0] == 0,
    "hasattr": lambda h: hasattr(h, "_backward_hooks") and h._backward_hooks is None,
    "__dict__": lambda h: len(h.__dict__),
    "torch.compiler": lambda h: torch.compiler.is_compiling(),
    "device": lambda h: h.device.type == "cpu",
}


@TRAPS("what a tensor says of itself, in a layer")
def metadata(q: Random, recipe: Recipe) -> None:
    name, narrow = q.choice(list(METADATA)), q.random() < 0.4
    recipe.notes["asked"] = f"{name}{', two units wide' if narrow else ''}"

    def ask(h: Tensor) -> Tensor:
        return h * (1 + 0.1 * float(METADATA[name](h)))

    def inside(width: int) -> nn.Module:
        middle = 2 if narrow else width
        return nn.Sequential(nn.Linear(width, middle), Apply(ask), nn.Linear(middle, width))

    recipe.inside = inside


class AsksWeight(nn.Linear):
    """Asks its own weight for what changes while it trains."""

    way = ""

    def forward(self, h: Tensor) -> Tensor:
        scale = {
            "grad is None": lambda: 1.0 + (self.weight.grad is None),
            "grad": lambda: 1.0 + (0.0 if self.weight.grad is None else self.weight.grad.norm()),
            "_version": lambda: 1 + 0.1 * (self.weight._version % 5),
            "data": lambda: 1 + self.weight.data.mean(),
            "is_leaf": lambda: 1 + 0.1 * self.weight.is_leaf,
            "Parameter": lambda: 1 + 0.1 * isinstance(self.weight, nn.Parameter),
            "data_ptr": lambda: 1 + 0.1 * (self.weight.data_ptr() == self.kept),
            "id": lambda: 1 + 0.1 * (id(self.weight) == self.known),
        }[self.way]()
        return super().forward(h) * scale

    def remember(self) -> None:
        self.kept, self.known = self.weight.data_ptr(), id(self.weight)


@TRAPS("what a weight says of itself, in a layer")
def weights(q: Random, recipe: Recipe) -> None:
    ways = ["grad is None", "grad", "_version", "data", "is_leaf", "Parameter", "data_ptr", "id"]
    way = q.choice(ways)
    recipe.notes["asked"] = way

    def inside(width: int) -> nn.Module:
        layer = AsksWeight(width, width)
        layer.way = way
        return layer

    def remember(run: Run, value: object) -> None:
        next(m for m in run.model.modules() if isinstance(m, AsksWeight)).remember()

    recipe.inside = inside
    recipe.finish.append(remember)
