"""One model on MNIST: the loop that tutorials use, plainer ones, and `fit`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils import data as torch_data
from torchvision import datasets, transforms

from benchmarks.measure import Contestant, Spent, heading, ratio, side_by_side, spread, table
from course_utils import training
from course_utils.data import Dataset, DownloadError, data_folder, load_dataset
from course_utils.scoring import Score

#: What times refer to while they are collected; the table turns them into rates.
SAMPLES = 1_000_000
#: Batches of a DataLoader that are over before the clock starts: its process has started then.
FIRST_BATCHES = 20

#: ``loop(data, batch, epochs)``
InMemory = Callable[[Dataset, int, int], Spent]


class DigitsAsImages(torch_data.Dataset[Any]):
    """The bundled digits in the way torchvision serves MNIST: an 8-bit image at a time."""

    def __init__(self, data: Dataset, transform: Callable[[Image.Image], Tensor]) -> None:
        self._pixels = (data.x_train[:, 0] * 255).to(torch.uint8)
        self._labels, self._transform = data.y_train, transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self._pixels[index].numpy())
        return self._transform(image), int(self._labels[index])


def load(name: str) -> tuple[Dataset, torch_data.Dataset[Any]]:
    """The data set "mnist" or "digits" in memory, and as tutorials take it from torchvision."""
    data = load_dataset(name)
    if name == "digits":
        return data, DigitsAsImages(data, transforms.ToTensor())
    # The archives are there now; torchvision unpacks them beside it.
    return data, datasets.MNIST(data_folder(), transform=transforms.ToTensor(), download=True)


def mnist_or_digits() -> str:
    """ "mnist" where it is cached or can be fetched, else "digits"."""
    try:
        load_dataset("mnist")
    except DownloadError as error:
        print(f"MNIST is missing, the bundled digits take its place: {error}", file=sys.stderr)
        return "digits"
    return "mnist"


def start(data: Dataset, *, fused: bool | None = None) -> tuple[nn.Module, torch.optim.Optimizer]:
    """The model and optimizer of a well-known tutorial; it leaves `fused` to PyTorch."""
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(data.x_train[0].numel(), 64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )
    return model, torch.optim.Adam(model.parameters(), lr=1e-4, fused=fused)


def tutorial(data: Dataset, images: torch_data.Dataset[Any], batch: int, steps: int) -> Spent:
    """DataLoader with one worker over a torchvision data set with ToTensor."""
    model, optimizer = start(data)
    loader = torch_data.DataLoader(images, batch_size=batch, shuffle=True, num_workers=1)
    loss_sum = 0.0
    for step, (x, y) in enumerate(_endless(loader)):
        if step == FIRST_BATCHES:
            clock = time.perf_counter()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item()
        if step == FIRST_BATCHES + steps - 1:
            return Spent(time.perf_counter() - clock)
    raise AssertionError("an endless loader ended")


def _endless(loader: torch_data.DataLoader[Any]) -> Iterator[list[Tensor]]:
    while True:
        yield from loader


def plain(data: Dataset, batch: int, epochs: int) -> Spent:
    """The plain loop over tensors: shuffle, index, step; nothing is scored."""
    model, optimizer = start(data)
    before = time.perf_counter()
    for _ in range(epochs):
        for rows in torch.randperm(data.n_train).split(batch):
            optimizer.zero_grad()
            F.cross_entropy(model(data.x_train[rows]), data.y_train[rows]).backward()
            optimizer.step()
    return Spent(time.perf_counter() - before)


def bare(data: Dataset, batch: int, epochs: int) -> Spent:
    """Forward, backward and step on one fixed batch, for as many samples as epochs have."""
    model, optimizer = start(data)
    x, y = data.x_train[:batch], data.y_train[:batch]
    steps = epochs * data.n_train / batch
    before = time.perf_counter()
    for _ in range(round(steps)):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return Spent((time.perf_counter() - before) * steps / round(steps))


def fit(data: Dataset, batch: int, epochs: int, *, fused: bool | None = None) -> Spent:
    """`fit`, with the time that it spends in `evaluate` clocked apart."""
    model, optimizer = start(data, fused=fused)
    scoring = 0.0
    evaluate = training.evaluate

    def clocked(*args: Any, **kwargs: Any) -> Score:
        nonlocal scoring
        before = time.perf_counter()
        score = evaluate(*args, **kwargs)
        scoring += time.perf_counter() - before
        return score

    with mock.patch.object(training, "evaluate", clocked):
        before = time.perf_counter()
        training.fit(model, data, optimizer=optimizer, epochs=epochs, batch_size=batch)
        return Spent(time.perf_counter() - before, scoring)


class Loops:
    """The ways of training one model on MNIST.

    Args:
        repeats: rounds.
        quick: digits instead of MNIST, and few steps.
    """

    def __init__(self, repeats: int, *, quick: bool) -> None:
        self.repeats, self.quick = repeats, quick
        self.name = "digits" if quick else mnist_or_digits()
        self.data, self.images = load(self.name)
        #: Epochs that the loops in memory run at batch 128.
        self.epochs = max(1, (1 if quick else 150_000) // self.data.n_train)

    def run(self) -> dict[str, float | None]:
        """Print the table of all ways, and return the ratios of `fit` to the others."""
        steps = 5 if self.quick else 400
        t10, t128, fit10, bare128, plain128, whole, fused = side_by_side(
            [
                self.tutorial(10, steps),
                self.tutorial(128, -(-steps // 5)),
                self.in_memory("fit, batch 10", fit, 10, -(-self.epochs // 5)),
                self.in_memory("bare loop: one fixed batch of 128", bare, 128, self.epochs),
                self.in_memory("plain loop in memory, batch 128", plain, 128, self.epochs),
                self.in_memory("fit, batch 128, scoring included", fit, 128, self.epochs),
                self.in_memory(
                    "the same, Adam(..., fused=True)", partial(fit, fused=True), 128, self.epochs
                ),
            ],
            self.repeats,
        )
        training_only = whole.without_scoring("fit, batch 128, scoring taken out")
        sizes = "-".join(str(n) for n in (self.data.x_train[0].numel(), 64, 32, 10))
        scored = 1 + 1 / self.epochs
        heading(
            f"One model on {self.name} ({self.data.n_train:,} samples), {sizes} with ReLU, Adam, "
            f"in samples per second of training.\nfit scores all training and validation data "
            f"{scored:.1f} times per epoch; no other loop scores anything."
        )
        header = ("", "samples/s", "min - max", "CPU us/sample", "others", "x bare")
        rows = [
            [
                t.name,
                f"{SAMPLES / t.median:,.0f}",
                spread([SAMPLES / wall for wall in t.walls], 0),
                f"{1e6 * t.cpu / SAMPLES:.1f}",
                f"{t.others:.2f}",
                f"{ratio(bare128, t):.3f}",
            ]
            for t in (t10, t128, fit10, bare128, plain128, training_only, whole, fused)
        ]
        table(header, rows)
        return {
            "fit_vs_bare": round(ratio(bare128, training_only), 3),
            "fit_vs_bare_scored": round(ratio(bare128, whole), 3),
            "fit_vs_tutorial": round(ratio(t10, training_only), 1),
            "fit_vs_tutorial_scored": round(ratio(t10, whole), 1),
        }

    def tutorial(self, batch: int, steps: int) -> Contestant:
        return Contestant(
            f"tutorial loop, batch {batch}",
            lambda: tutorial(self.data, self.images, batch, steps),
            times=SAMPLES / (batch * steps),
        )

    def in_memory(self, name: str, loop: InMemory, batch: int, epochs: int) -> Contestant:
        return Contestant(
            name,
            lambda: loop(self.data, batch, epochs),
            warm_up=lambda: loop(self.data, batch, 1),
            times=SAMPLES / (epochs * self.data.n_train),
        )
