"""Our fleet, and the plain loops that it replaces."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from benchmarks.workers import Setting, serve
from course_utils.data import Dataset, SealedTestSet, load_dataset
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.training import fit


def digits(n_train: int = 500) -> Dataset:
    """The prototype's data: the course's digits, with wrong labels among them."""
    return load_dataset("digits", n_train=n_train, label_noise=0.2)


def save(data: Dataset, path: str) -> None:
    """Write `data` where the other process can read it."""
    arrays = {
        name: getattr(data, name).flatten(1).numpy() if name[0] == "x" else getattr(data, name)
        for name in ("x_train", "y_train", "x_val", "y_val")
    }
    np.savez(path, **arrays)


def build(setting: Setting, p: float) -> Run:
    """A run as a learner writes it."""
    model = MLP(64, (setting.hidden, setting.hidden), 10, dropout=p)
    return Run(model, torch.optim.Adam(model.parameters(), lr=setting.lr))


def our_fleet(setting: Setting, data: Dataset, score_at: Collection[int] | None = None) -> Fleet:
    """Our fleet, scored after every epoch unless `score_at` names some."""
    return train_fleet(
        lambda p: build(setting, p),
        data,
        values=setting.dropouts,
        seeds=setting.seeds,
        epochs=setting.epochs,
        batch_size=setting.batch_size,
        score_at=score_at,
        progress=False,
    )


def plain_loops(setting: Setting, data: Dataset, members: int) -> None:
    """The first `members` runs one after the other, data in memory; nothing is scored."""
    for i in range(members):
        torch.manual_seed(i)
        run = build(setting, setting.dropouts[i // setting.seeds])
        model, optimizer = run.model.train(), run.optimizer
        for _ in range(setting.epochs):
            for rows in torch.randperm(data.n_train).split(setting.batch_size):
                optimizer.zero_grad()
                F.cross_entropy(model(data.x_train[rows]), data.y_train[rows]).backward()
                optimizer.step()


def products(setting: Setting, data: Dataset) -> None:
    """The matrix products of the fleet's training and scoring, and nothing else: the limit."""
    k, h, n = setting.members, setting.hidden, setting.batch_size
    sizes = [(64, h), (h, h), (h, 10)]
    weights = [torch.randn(k, n_in, n_out) for n_in, n_out in sizes]
    batches = [torch.randn(k, n, n_in) for n_in, _ in sizes]
    gradients = [torch.randn(k, n, n_out) for _, n_out in sizes]
    scored = [torch.randn(len(part), 64) for part in (data.x_train, data.x_val)]
    for _ in range(setting.epochs):
        for _ in range(math.ceil(data.n_train / n)):
            for x, w, g in zip(batches, weights, gradients, strict=True):
                torch.bmm(x, w)
                torch.bmm(x.mT, g)
            for w, g in zip(weights[1:], gradients[1:], strict=True):
                torch.bmm(g, w.mT)
        for part in scored:
            outputs = part.expand(k, *part.shape)
            for w in weights:
                outputs = torch.bmm(outputs, w)


def fits(setting: Setting, data: Dataset, members: int) -> None:
    """The same by `fit`, which scores after every epoch, as the fleet does."""
    for i in range(members):
        run = build(setting, setting.dropouts[i // setting.seeds])
        fit(
            run.model,
            data,
            optimizer=run.optimizer,
            epochs=setting.epochs,
            batch_size=setting.batch_size,
            seed=i % setting.seeds,
        )


def curves(fleet: Fleet) -> npt.NDArray[np.float64]:
    """[values, seeds, epochs + 1, 4]."""
    scores = (fleet.train_loss, fleet.train_acc, fleet.val_loss, fleet.val_acc)
    return np.stack(scores, axis=-1)


def _answer(request: dict[str, Any]) -> npt.NDArray[np.float64]:
    setting = Setting(**request)
    with np.load(setting.data) as stored:
        x_train, y_train, x_val, y_val = (torch.from_numpy(stored[name]) for name in stored.files)
    unused = SealedTestSet(x_val, y_val, name="none")
    data = Dataset("digits", x_train, y_train, x_val, y_val, unused, 10)
    return curves(our_fleet(setting, data))


if __name__ == "__main__":
    serve({"torch": torch.__version__}, _answer)
