"""The same computations with other libraries, those of them that are installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec

__all__ = ["chain_gradients", "training_steps", "versions"]

HAS_AUTOGRAD = find_spec("autograd") is not None
HAS_TORCH = find_spec("torch") is not None


def versions() -> dict[str, str]:
    """The versions of the peers that take part."""
    from importlib.metadata import version

    return {name: version(name) for name, found in (("autograd", HAS_AUTOGRAD), ("torch", HAS_TORCH)) if found}


def chain_gradients(chain: Callable, x) -> Mapping[str, Callable[[], object]]:
    """Functions that return the gradient of the sum of ``chain(module, x)``."""
    candidates = {}
    if HAS_AUTOGRAD:
        candidates["autograd"] = autograd_chain(chain, x)
    if HAS_TORCH:
        candidates["torch"] = torch_chain(chain, x)
    return candidates


def training_steps(params, images, labels, lr: float) -> Mapping[str, Callable[[], object]]:
    """Functions that return the weights after one step of gradient descent."""
    candidates = {}
    if HAS_AUTOGRAD:
        candidates["autograd"] = autograd_step(params, images, labels, lr)
    if HAS_TORCH:
        candidates["torch"] = torch_step(params, images, labels, lr)
    return candidates


def autograd_chain(chain, x):
    import autograd
    import autograd.numpy

    gradient = autograd.elementwise_grad(lambda x: chain(autograd.numpy, x))
    return lambda: gradient(x)


def autograd_step(params, images, labels, lr):
    import autograd
    import autograd.numpy as np

    rows = np.arange(len(images))

    def loss(params):
        W1, W2 = params
        Z = np.maximum(images @ W1, 0) @ W2
        top = np.max(Z, axis=1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(Z - top), axis=1)) + top[:, 0] - Z[rows, labels])

    loss_and_gradient = autograd.value_and_grad(loss)

    def step():
        _, grads = loss_and_gradient(params)
        return [W - lr * G for W, G in zip(params, grads)]

    return step


def torch_chain(chain, x):
    import torch

    torch.set_num_threads(1)
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    return lambda: torch.autograd.grad(chain(torch, x).sum(), x)[0]


def torch_step(params, images, labels, lr):
    import torch

    torch.set_num_threads(1)
    weights = [torch.tensor(W, requires_grad=True) for W in params]
    images, labels = torch.tensor(images), torch.tensor(labels)

    def step():
        W1, W2 = weights
        value = torch.nn.functional.cross_entropy(torch.relu(images @ W1) @ W2, labels)
        grads = torch.autograd.grad(value, weights)
        return [W.detach() - lr * G for W, G in zip(weights, grads)]

    return step
