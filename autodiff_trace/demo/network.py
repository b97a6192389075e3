"""The two-layer network relu(X @ W1) @ W2 with the softmax loss, and its training step by hand in NumPy."""

from __future__ import annotations

import math

import numpy as np

from .. import nn

__all__ = ["Params", "error_rate", "init_params", "logits", "loss", "numpy_step", "numpy_value_and_grad"]

Params = tuple[np.ndarray, np.ndarray]


def init_params(pixels: int, hidden: int, classes: int, seed: int, dtype: str) -> Params:
    """Random weights, W1 drawn before W2.

    They are rounded to float32 whatever ``dtype`` is, so that training in float32 and in float64 starts from the same
    point; and they come from the generator of ``numpy.random.seed``, whose numbers NumPy has promised not to change.
    """
    random = np.random.RandomState(seed)
    W1 = random.randn(pixels, hidden) / math.sqrt(hidden)
    W2 = random.randn(hidden, classes) / math.sqrt(classes)
    return W1.astype(np.float32).astype(dtype), W2.astype(np.float32).astype(dtype)


def logits(params, X):
    """One row of ten scores for each image in ``X``."""
    W1, W2 = params
    return nn.relu(X @ W1) @ W2


def loss(params, X, labels):
    """mean(log(sum(exp(Z))) − Z[label])."""
    return nn.softmax_cross_entropy(logits(params, X), labels)


def error_rate(Z: np.ndarray, labels: np.ndarray) -> float:
    """The fraction of rows whose highest score is not at the label."""
    return float(np.mean(np.argmax(Z, axis=1) != labels))


def numpy_value_and_grad(params: Params, X: np.ndarray, labels: np.ndarray) -> tuple[float, Params]:
    """Loss and gradient as one writes them without a library.

    With P the softmax of Z, the cotangent of Z is (P − onehot(labels)) / N.
    """
    W1, W2 = params
    rows = np.arange(len(X))
    A = X @ W1
    H = np.maximum(A, 0)
    Z = H @ W2
    Z -= Z.max(axis=1, keepdims=True)
    P = np.exp(Z)
    total = P.sum(axis=1, keepdims=True)
    value = np.mean(np.log(total[:, 0]) - Z[rows, labels])
    P /= total
    P[rows, labels] -= 1
    P /= len(X)
    return value, (X.T @ (P @ W2.T * (A > 0)), H.T @ P)


def numpy_step(params: Params, X: np.ndarray, labels: np.ndarray, lr: float) -> tuple[float, Params]:
    """The loss, and the weights after one step of gradient descent."""
    value, grads = numpy_value_and_grad(params, X, labels)
    return value, tuple(W - lr * G for W, G in zip(params, grads))
