"""The same computations with other libraries, those of them that are installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec

__all__ = [
    "chain_gradients", "hessians", "hvps", "jacobians", "nested_derivatives", "training_steps", "versions",
]

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


def hessians(f: Callable, x) -> Mapping[str, Callable[[], object]]:
    """Functions that return the Hessian of ``f(module, x)``."""
    candidates = {}
    if HAS_AUTOGRAD:
        import autograd

        second = autograd.hessian(on_autograd(f))
        candidates["autograd"] = lambda: second(x)
    if HAS_TORCH:
        torch = one_thread_torch()
        torch_second, torch_x = torch.func.hessian(lambda x: f(torch, x)), torch.tensor(x)
        candidates["torch"] = lambda: torch_second(torch_x)
    return candidates


def hvps(f: Callable, x) -> Mapping[str, Callable[[], object]]:
    """Functions that return the Hessian of ``f(module, x)`` times ``x``."""
    candidates = {}
    if HAS_AUTOGRAD:
        import autograd

        make_product = autograd.make_hvp(on_autograd(f))
        candidates["autograd"] = lambda: make_product(x)[0](x)
    if HAS_TORCH:
        torch = one_thread_torch()
        gradient, torch_x = torch.func.grad(lambda x: f(torch, x)), torch.tensor(x)
        candidates["torch"] = lambda: torch.func.jvp(gradient, (torch_x,), (torch_x,))[1]
    return candidates


def jacobians(f: Callable, weights, x) -> Mapping[str, Callable[[], object]]:
    """Functions that return the Jacobian of ``f(module, weights, x)`` in ``x``."""
    candidates = {}
    if HAS_AUTOGRAD:
        import autograd

        matrix = autograd.jacobian(on_autograd(lambda np, x: f(np, weights, x)))
        candidates["autograd"] = lambda: matrix(x)
    if HAS_TORCH:
        torch = one_thread_torch()
        torch_weights, torch_x = [torch.tensor(W) for W in weights], torch.tensor(x)
        torch_matrix = torch.func.jacrev(lambda x: f(torch, torch_weights, x))
        candidates["torch"] = lambda: torch_matrix(torch_x)
    return candidates


def nested_derivatives(f: Callable, x, order: int) -> Mapping[str, Callable[[], object]]:
    """Functions that return the derivative of ``f(module, x)`` of that order, element by element."""
    candidates = {}
    if HAS_AUTOGRAD:
        import autograd

        derivative = on_autograd(f)
        for _ in range(order):
            derivative = autograd.elementwise_grad(derivative)
        candidates["autograd"] = lambda: derivative(x)
    if HAS_TORCH:
        torch = one_thread_torch()
        torch_derivative, torch_x = lambda x: f(torch, x), torch.tensor(x)
        for _ in range(order):
            torch_derivative = sum_gradient(torch.func.grad, torch_derivative)
        candidates["torch"] = lambda: torch_derivative(torch_x)
    return candidates


def sum_gradient(grad, f):
    return grad(lambda x: f(x).sum())


def on_autograd(f: Callable) -> Callable:
    import autograd.numpy

    return lambda x: f(autograd.numpy, x)


def one_thread_torch():
    import torch

    torch.set_num_threads(1)
    return torch


def autograd_chain(chain, x):
    import autograd

    gradient = autograd.elementwise_grad(on_autograd(chain))
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
    torch = one_thread_torch()
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    return lambda: torch.autograd.grad(chain(torch, x).sum(), x)[0]


def torch_step(params, images, labels, lr):
    torch = one_thread_torch()
    weights = [torch.tensor(W, requires_grad=True) for W in params]
    images, labels = torch.tensor(images), torch.tensor(labels)

    def step():
        W1, W2 = weights
        value = torch.nn.functional.cross_entropy(torch.relu(images @ W1) @ W2, labels)
        grads = torch.autograd.grad(value, weights)
        return [W.detach() - lr * G for W, G in zip(weights, grads)]

    return step
