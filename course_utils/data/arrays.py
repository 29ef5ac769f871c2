"""Converts the x and y that a caller passes to tensors, or raises where something would be lost.

A tensor has no masks, no words and no samples of different lengths, and a network's inputs no
imaginary parts. Where PyTorch would drop one of them, or complain in words of its own, the error
here names the remedy.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.masked import is_masked_tensor

from course_utils.data.argument_checks import check_count
from course_utils.data.precision import as_float32


def check_inputs(values: Any) -> Tensor:
    """Return `values` as a float32 tensor [n, ...]; raise ValueError for ints or NaN."""
    x = _numbers(
        values, "x", "turn words into columns of 0 and 1, and the rest into x.astype(float)"
    )
    if not x.is_floating_point():
        raise ValueError(
            f"x must hold floating-point numbers, got {x.dtype}; convert and scale first, "
            "for 8-bit images: x = x.float() / 255"
        )
    if x.ndim < 2 or x.numel() == 0:
        raise ValueError(
            f"x must have the shape [samples, features...] with at least one sample, got "
            f"{list(x.shape)}; for one number per sample use x.reshape(-1, 1)"
        )
    return as_float32(x, "x")


def check_targets(y: Any, n: int, num_classes: int | None) -> tuple[Tensor, int | None]:
    """Return targets and the number of classes: (int64 [n], C), or (float32 [n], None).

    Whole-number (or bool) targets are class labels, floating-point ones a regression.
    """
    y = _numbers(y, "y", "number the classes: names, y = np.unique(y, return_inverse=True)")
    if y.ndim != 1:
        raise ValueError(
            f"y must have one entry per sample, shape [{n}], got {list(y.shape)}; use "
            "y.squeeze(1) for a column, y.argmax(1) for one-hot labels"
        )
    if len(y) != n:
        raise ValueError(
            f"x and y must have the same length, got {n} samples and {len(y)} targets; "
            "check that both come from the same rows"
        )
    if not y.is_floating_point():
        return _check_labels(y.to(torch.int64), num_classes)
    if num_classes is not None:
        raise ValueError(
            f"y must hold whole numbers when num_classes is given, got {y.dtype}; use "
            "y.long() for class labels, or leave num_classes out for a regression"
        )
    return as_float32(y, "y"), None


def _check_labels(y: Tensor, num_classes: int | None) -> tuple[Tensor, int]:
    """`y` and the number of classes: `num_classes`, or how many occur, if those are 0 .. C-1."""
    low, high = int(y.min()), int(y.max())
    classes = high + 1 if num_classes is None else check_count(num_classes, "num_classes")
    if low < 0 or high >= classes:
        wrong = low if low < 0 else high
        if num_classes is None:
            count = len(y.unique())
            raise ValueError(
                f"labels must be in 0 .. {count - 1}, got {wrong}; number the {count} classes from "
                "0: np.unique(y, return_inverse=True)[1]"
            )
        remedy = "use y - 1" if low == 1 and high == classes else "pass the right num_classes"
        raise ValueError(
            f"labels must be in 0 .. {classes - 1}, got {wrong}; number the {classes} classes "
            f"from 0, or {remedy}"
        )
    found = y.unique().tolist()
    if num_classes is None and len(found) < classes:
        consecutive = high - low + 1 == len(found)
        shown = f"{low} .. {high}" if consecutive else ", ".join(map(str, found[:5]))
        missing = next(i for i, label in enumerate(found) if label != i)
        remedy = "y - 1" if consecutive and low == 1 else "np.unique(y, return_inverse=True)[1]"
        raise ValueError(
            f"labels must count the classes from 0 without gaps, got {shown}"
            + (", ..." if not consecutive and len(found) > 5 else "")
            + f": class {missing} never occurs; use {remedy}, or pass num_classes={classes} if "
            "there is such a class. (For a regression make y floating-point)"
        )
    if classes < 2:
        raise ValueError(
            "labels must name at least 2 classes, got class 0 alone, with nothing to tell it from; "
            "pass num_classes=2 or more if the others have no samples here"
        )
    return y, classes


def _numbers(values: Any, word: str, from_words: str) -> Tensor:
    """`values` as a dense tensor of real numbers, without a gradient; `from_words` is the remedy
    for those that are not numbers."""
    if isinstance(values, list | tuple) and values and all(isinstance(v, Tensor) for v in values):
        if len({v.shape for v in values}) > 1:
            raise ValueError(_ragged(word))
        values = torch.stack(list(values))
    if np.ma.is_masked(values) or is_masked_tensor(values):
        raise ValueError(
            f"{word} must have a value everywhere, got a {type(values).__name__} with masked "
            "entries, and a data set has no masks; fill them, or leave out their samples"
        )
    sparse = isinstance(values, Tensor) and values.layout is not torch.strided
    if sparse or hasattr(values, "toarray"):
        remedy = "to_dense" if sparse else "toarray"
        raise ValueError(
            f"{word} must be dense, got {values.layout if sparse else type(values).__name__}; "
            f"use {word}.{remedy}()"
        )
    tensor = values if isinstance(values, Tensor) else _from_array(values, word, from_words)
    if tensor.is_complex():
        raise ValueError(
            f"{word} must hold real numbers, got {tensor.dtype}; use {word}.real or abs({word})"
        )
    return tensor.detach().as_subclass(Tensor)


def _from_array(values: Any, word: str, from_words: str) -> Tensor:
    """A tensor of what NumPy can read: arrays, lists, the tables and columns of pandas."""
    try:
        array = np.asarray(values)
    except ValueError as error:  # NumPy's term for lists of different lengths
        raise ValueError(_ragged(word)) from error
    if array.dtype.kind not in "biufc":
        found = array.reshape(-1).tolist() or [values]
        some = next((value for value in found if not isinstance(value, int | float)), found[0])
        raise ValueError(f"{word} must hold numbers, got {some!r} ({array.dtype}); {from_words}")
    if array.dtype.itemsize > 8 and array.dtype.kind == "f":
        array = array.astype(np.float64)  # PyTorch has no longer ones
    # PyTorch wants the computer's own byte order, no negative strides, and to be allowed to write.
    native = array.dtype.newbyteorder("=")
    return torch.from_numpy(np.require(array, native, ["C", "W"]))


def _ragged(word: str) -> str:
    return (
        f"{word} must hold the same number of values for every sample, got samples of different "
        "shapes; pad or crop them to one shape first"
    )
