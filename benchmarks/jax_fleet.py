"""The fleet of `benchmarks.training` written in JAX: jit + vmap + scan.

It runs in a process of its own (`python -m benchmarks.jax_fleet`, see `workers`), because JAX may
live in another interpreter. It does the same work as our fleet: the same network and Adam; first
weights, order of the batches and dropout masks shared by the members with the same seed; clean
loss and accuracy on training and validation data before the first and after every epoch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np
import numpy.typing as npt

from benchmarks.workers import serve

Layers = list[tuple[jax.Array, jax.Array]]


class Data(NamedTuple):
    """Inputs [n, features], labels [n]."""

    x_train: jax.Array
    y_train: jax.Array
    x_val: jax.Array
    y_val: jax.Array


class State(NamedTuple):
    """Weights, and Adam's two moments and step count."""

    layers: Layers
    m: Layers
    v: Layers
    t: jax.Array


def start(key: jax.Array, sizes: list[int]) -> State:
    """Weights and biases uniform within 1/sqrt(inputs), as torch.nn.Linear draws them."""
    layers: Layers = []
    for k, n_in, n_out in zip(
        jax.random.split(key, len(sizes) - 1), sizes[:-1], sizes[1:], strict=True
    ):
        drawn = jax.random.uniform(k, (n_in + 1, n_out), minval=-1, maxval=1) / n_in**0.5
        layers.append((drawn[:-1], drawn[-1]))
    zeros = jax.tree.map(jnp.zeros_like, layers)
    return State(layers, zeros, zeros, jnp.zeros(()))


def logits_of(layers: Layers, x: jax.Array, masks: list[jax.Array] | None = None) -> jax.Array:
    """Linear, ReLU and, in training, dropout; [n, features] -> [n, classes]."""
    for i, (w, b) in enumerate(layers[:-1]):
        x = jax.nn.relu(x @ w + b)
        if masks is not None:
            x = x * masks[i]
    w, b = layers[-1]
    return x @ w + b


def cross_entropy(logits: jax.Array, y: jax.Array) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1).mean()


def scores(layers: Layers, data: Data) -> jax.Array:
    """Training loss and accuracy, validation loss and accuracy, [4]."""
    found = []
    for x, y in ((data.x_train, data.y_train), (data.x_val, data.y_val)):
        logits = logits_of(layers, x)
        found += [cross_entropy(logits, y), (logits.argmax(1) == y).mean()]
    return jnp.stack(found)


def dropout_masks(key: jax.Array, shape: tuple[int, int], p: jax.Array, n: int) -> list[jax.Array]:
    """Multipliers from 16 random bits a unit, as in our fleet; JAX's fastest way too."""
    bits = jax.random.bits(key, (n, *shape), jnp.uint16)
    kept = bits >= (p * 2**16).astype(jnp.uint16)
    return list(kept / (1 - p))


def adam(state: State, gradients: Layers, lr: float) -> State:
    t = state.t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state.m, gradients)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state.v, gradients)
    layers = jax.tree.map(
        lambda w, m, v: w - lr * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8),
        state.layers,
        m,
        v,
    )
    return State(layers, m, v, t)


def train(
    key: jax.Array, p: jax.Array, data: Data, hidden: int, epochs: int, batch_size: int, lr: float
) -> jax.Array:
    """One member from start to end; its scores [epochs + 1, 4]."""
    n, features = data.x_train.shape

    def step(state: State, batch: tuple[jax.Array, jax.Array]) -> tuple[State, None]:
        rows, key = batch
        x, y = data.x_train[rows], data.y_train[rows]
        masks = dropout_masks(key, (batch_size, hidden), p, 2)
        gradients = jax.grad(lambda layers: cross_entropy(logits_of(layers, x, masks), y))
        return adam(state, gradients(state.layers), lr), None

    def epoch(state: State, key: jax.Array) -> tuple[State, jax.Array]:
        shuffle, noise = jax.random.split(key)
        rows = jax.random.permutation(shuffle, n).reshape(-1, batch_size)
        state, _ = jax.lax.scan(step, state, (rows, jax.random.split(noise, len(rows))))
        return state, scores(state.layers, data)

    first, rest = jax.random.split(key)
    state = start(first, [features, hidden, hidden, 10])
    before = scores(state.layers, data)
    _, after = jax.lax.scan(epoch, state, jax.random.split(rest, epochs))
    return jnp.concatenate([before[None], after])


SETTINGS = ("hidden", "epochs", "batch_size", "lr")
# The inner vmap is over seeds, the outer over values: what differs by seed alone (order of the
# batches, masks' bits) is made once a seed.
fleet = jax.jit(
    lambda keys, ps, data, **setting: jax.vmap(
        lambda p: jax.vmap(lambda key: train(key, p, data, **setting))(keys)
    )(ps),
    static_argnames=SETTINGS,
)


def train_fleet(request: dict[str, Any]) -> npt.NDArray[np.float32]:
    """Scores [values, seeds, epochs + 1, 4] of the fleet that `request`, a `Setting`, describes."""
    with np.load(request["data"]) as stored:
        data = Data(*(jnp.asarray(stored[name]) for name in Data._fields))
    if len(data.y_train) % request["batch_size"]:
        raise ValueError("batch_size must divide the number of training samples")
    keys = jax.random.split(jax.random.key(0), request["seeds"])
    setting = {name: request[name] for name in SETTINGS}
    return np.asarray(fleet(keys, jnp.array(request["dropouts"]), data, **setting))


if __name__ == "__main__":
    serve({"jax": jax.__version__}, train_fleet)
