"""Notice, while a step runs alone, everything that a recording cannot represent.

A recording holds the operations on tensors. It does not hold what Python code reads from them (a
number, a stride, whether a gradient is required), hooks on them, or gradients computed within the
step. If a step does any of these, its run trains alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from course_utils.fleet.content import address
from course_utils.fleet.pytorch import TorchDispatchMode, aten, is_wrapped, tree_leaves

#: Properties of a tensor that are the same in a recording.
_SAME = {"shape", "dtype", "device", "layout", "ndim", "itemsize", "nbytes", "T", "mT", "H", "mH"}
_SAME |= {"real", "imag", "is_cpu", "is_cuda", "is_mps", "is_xpu", "is_meta", "is_nested"}
_SAME |= {"is_sparse", "is_quantized", "names"}
#: Functions of a tensor that return no tensor, and return the same in a recording.
_SHAPES = {"size", "dim", "ndimension", "numel", "nelement", "__len__", "is_floating_point"}
_SHAPES |= {"is_complex", "is_signed", "element_size", "get_device", "__iter__", "__setitem__"}
_SHAPES |= {
    "__hash__",
    "is_tensor",
    "is_storage",
    "is_same_size",
    "result_type",
    "can_cast",
    "type",
}
_SHAPES |= {"is_inference", "promote_types", "has_names", "_set_grad_enabled"}
#: Functions that return tensors, but do more than compute them.
_MORE = {"as_strided", "as_strided_", "set_", "resize_", "resize_as_", "requires_grad_", "detach_"}
_MORE |= {"as_subclass", "apply_", "map_", "map2_", "share_memory_", "grad", "to_dlpack"}
_MORE |= {"squeeze_", "unsqueeze_", "t_", "transpose_", "swapaxes_", "swapdims_", "unfold_"}
#: Functions that read the numbers in tensors that are passed in place of numbers, or in a list.
_OF_NUMBERS = {"tensor", "as_tensor", "asarray", "scalar_tensor", "new_tensor", "arange", "full"}
_OF_NUMBERS |= {"full_like", "new_full", "linspace", "logspace", "range", "eye", "tensor_split"}
#: Functions that return a view of their argument or a copy, depending on its memory layout.
_PERHAPS_VIEWS = {
    "reshape",
    "reshape_as",
    "flatten",
    "ravel",
    "contiguous",
    "to",
    "type",
    "type_as",
}
_PERHAPS_VIEWS |= {"float", "double", "half", "bfloat16", "view_as", "unflatten", "movedim"}


class Guard(TorchFunctionMode):
    """A context that can be entered repeatedly; `reason` describes what was noticed first."""

    def __init__(self) -> None:
        super().__init__()
        self._reason: str | None = None
        self._reads = _Reads()
        self._lent: list[Tensor] = []
        self._memory: set[int] = set()

    @property
    def reason(self) -> str | None:
        """What was noticed first, in words; None if nothing was."""
        return self._reason or self._reads.reason

    def __enter__(self) -> Self:
        super().__enter__()
        self._reads.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._reads.__exit__(*exception)
        super().__exit__(*exception)

    def take_reads(self) -> set[int]:
        """The ids of the tensors that operations have used since this was called last.

        An id says which tensor it was only if that is still held.
        """
        taken, self._reads.read = self._reads.read, set()
        return taken

    def lend(self, *tensors: Tensor) -> None:
        """Notice if any of these tensors, or one that shares their memory, is changed in place."""
        self._lent += tensors  # held, so that their memory is not reused for other tensors
        self._memory |= {_memory(t) for t in tensors}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", str(func))
        if name in ("__get__", "__set__", "__delete__"):
            of: str = func.__self__.__name__  # type: ignore[attr-defined]
            if name != "__get__" or of not in _SAME:
                self._notice(f"it looks at or sets the `{of}` of a tensor")
            return func(*args, **kwargs)
        given = [t for t in (*args, *kwargs.values()) if isinstance(t, Tensor)]
        versions = [_version(t) for t in given]
        with self._reads.allowed(_knows_its_length(func, *args, **kwargs)):
            result = func(*args, **kwargs)
        if name in _OF_NUMBERS and _holds_tensors([args[_is_about(name) :], *kwargs.values()]):
            self._notice(f"its Python code looks at the numbers in a tensor (`{name}`)")
        if name in _MORE:
            self._notice(f"it uses `{name}`, which is more than an operation on tensors")
        elif name not in _SHAPES and not _is_tensors(result):
            self._notice(
                f"its Python code looks at the numbers in a tensor, or hangs something on it "
                f"(`{name}`)"
            )
        if name in _PERHAPS_VIEWS and isinstance(result, Tensor):
            self.lend(*(t for t in given if _memory(t) == _memory(result)))
        for t, before in zip(given, versions, strict=True):
            if _version(t) != before and _memory(t) in self._memory:
                self._notice(
                    f"it changes its inputs in place, or what may be a copy or not (`{name}`)"
                )
        return result

    def _notice(self, reason: str) -> None:
        self._reason = self._reason or reason


class _Reads(TorchDispatchMode):
    """Notices when PyTorch itself reads numbers in a tensor: for an index, a slope or a shape."""

    def __init__(self) -> None:
        super().__init__()
        self.reason: str | None = None
        self.read: set[int] = set()
        self._allowed = False

    @contextmanager
    def allowed(self, allowed: bool) -> Iterator[None]:
        """Inside, nothing is noticed if it is `allowed`."""
        before, self._allowed = self._allowed, self._allowed or allowed
        try:
            yield
        finally:
            self._allowed = before

    def __torch_dispatch__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        self.read.update(id(t) for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor))
        if self.reason is None and not self._allowed:
            if torch.Tag.data_dependent_output in func.tags or func is aten.is_nonzero.default:
                self.reason = (
                    "its Python code looks at the numbers in a tensor, as an index or a setting"
                )
            elif _sets_a_shape(func, args):
                self.reason = (
                    "the numbers in a tensor decide the shape of another, as in `x[x > 0]`"
                )
        return func(*args, **(kwargs or {}))


def _sets_a_shape(func: Any, args: tuple[Any, ...]) -> bool:
    """Whether the shape of the result depends on numbers; indexing does so only with masks."""
    if func is aten.index.Tensor:
        masks = (torch.bool, torch.uint8)
        return any(index is not None and index.dtype in masks for index in args[1])
    return torch.Tag.dynamic_output_shape in func.tags


def _knows_its_length(func: Any, *args: Any, **kwargs: Any) -> bool:
    """Whether it is `F.one_hot` of a given length, which reads numbers only to check them."""
    if func is not F.one_hot:
        return False
    return bool(kwargs.get("num_classes", args[1] if len(args) > 1 else -1) >= 0)


def _version(t: Tensor) -> int:
    return 0 if t.is_inference() else t._version


def _memory(t: Tensor) -> int:
    return id(t) if is_wrapped(t) else address(t)


def _is_about(name: str) -> int:
    """The number of leading arguments that may be tensors without their numbers being read."""
    return int(name in ("new_tensor", "full_like", "new_full", "tensor_split"))


def _holds_tensors(things: Any) -> bool:
    if isinstance(things, tuple | list):
        return any(map(_holds_tensors, things))
    return isinstance(things, Tensor)


def _is_tensors(result: Any) -> bool:
    if isinstance(result, tuple | list) and not isinstance(result, torch.Size):
        return all(part is None or _is_tensors(part) for part in result)
    return isinstance(result, Tensor)
