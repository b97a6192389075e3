"""A network of convolutions, trained in minibatches by AdamW under a schedule; loops, conditions, a look inside."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import cond, debug_nans, grad, jit, nn, numpy as anp, optim, profile, ravel_pytree, tree_reduce
from autodiff_trace import tree_map_with_path, value_and_grad, while_loop
from autodiff_trace.data import minibatches

Array = NDArray[np.float64]
Params = dict[str, Array]


def init(rng: np.random.Generator) -> Params:
    return {
        "kernel": nn.init.he_normal(rng, (4, 1, 3, 3)),
        "w": nn.init.glorot_uniform(rng, (16, 2)),
        "b": np.zeros(2),
    }


def logits(params: Params, images: Array, rng: np.random.Generator | None = None) -> Array:
    x = nn.gelu(nn.conv2d(images[:, None], params["kernel"], padding="same"))
    x = nn.max_pool2d(x, 2).reshape(len(images), -1)
    if rng is not None:
        x = nn.dropout(x, 0.1, rng)
    return nn.layer_norm(x) @ params["w"] + params["b"]


def loss(params: Params, images: Array, labels: NDArray[np.int64]) -> float:
    return nn.softmax_cross_entropy(logits(params, images), labels)


def train(params: Params, images: Array, labels: NDArray[np.int64], epochs: int) -> tuple[Params, list[float]]:
    schedule = optim.warmup_cosine(0.02, warmup_steps=2, steps=20)
    optimizer = optim.chain(optim.clip_by_norm(1.0), optim.adamw(schedule, weight_decay=1e-4))
    state = optimizer.init(params)
    step = jit(value_and_grad(loss))
    values: list[float] = []
    for _ in range(epochs):
        for x, y in minibatches((images, labels), 8, rng=np.random.default_rng(0)):
            value, gradient = step(params, x, y)
            params, state = optimizer.update(gradient, state, params)
            values.append(value)
    return params, values


def root(a: float) -> float:
    def body(x: float) -> float:
        return 0.5 * (x + a / x)

    return while_loop(lambda x: anp.abs(x * x - a) > 1e-9, body, a)


def leaky(x: float) -> float:
    return cond(x > 0.0, lambda v: v, lambda v: 0.1 * v, x)


def main() -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(16, 4, 4)), rng.integers(0, 2, size=16)
    params, values = train(init(rng), images, labels, 3)
    assert len(values) == 6 and values[0] > 0.0
    flat, restore = ravel_pytree(params)
    assert flat.ndim == 1 and restore(flat)["w"].shape == (16, 2)
    norm: float = tree_reduce(lambda total, leaf: total + anp.sum(leaf**2), params, 0.0)
    assert norm > 0.0
    assert tree_map_with_path(lambda path, leaf: leaf, params)["b"].shape == (2,)
    assert abs(root(4.0) - 2.0) < 1e-6 and grad(leaky)(-1.0) == 0.1
    with debug_nans():
        assert np.isfinite(grad(root)(4.0))
    print(profile(loss, params, images, labels))
    minimum = optim.minimize(lambda p: anp.sum((p - 1.0) ** 2), np.zeros(2))
    assert np.allclose(minimum.x, 1.0)
