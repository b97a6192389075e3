"""A convolution net on images: twice (convolution, relu, 2×2 maximum), a dense layer, the softmax loss."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..workload import Workload

__all__ = ["WORKLOADS", "gradient_by_hand", "loss", "make_instance"]


def make_instance(batch: int = 32, pixels: int = 28, filters: tuple[int, int] = (8, 16)):
    """Weights (5, 5, 1, F₁), (3, 3, F₁, F₂) and (pixels left × F₂, 10); images with one channel; labels as rows."""
    random = np.random.default_rng(0)
    first, second = filters
    left = ((pixels - 4) // 2 - 2) // 2
    params = (
        random.normal(size=(5, 5, 1, first)) / 5,
        random.normal(size=(3, 3, first, second)) / 8,
        random.normal(size=(left * left * second, 10)) / 20,
    )
    return params, random.random((batch, pixels, pixels, 1)), np.eye(10)[random.integers(0, 10, batch)]


def convolve(np, x, W):
    """(N, H, W, C) with (k, k, C, F): the shifted images side by side, and one matrix product."""
    k, rows, columns = W.shape[0], x.shape[1] - W.shape[0] + 1, x.shape[2] - W.shape[0] + 1
    shifted = [x[:, i : i + rows, j : j + columns] for i in range(k) for j in range(k)]
    return np.matmul(np.concatenate(shifted, axis=3), np.reshape(W, (-1, W.shape[3])))


def pool(np, x):
    n, rows, columns, channels = x.shape
    return np.max(np.reshape(x, (n, rows // 2, 2, columns // 2, 2, channels)), axis=(2, 4))


def cross_entropy(np, Z, targets):
    top = np.max(Z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(Z - top), axis=1)) + top[:, 0] - np.sum(targets * Z, axis=1))


def loss(np, params, images, targets):
    first, second, dense = params
    x = pool(np, np.maximum(convolve(np, images, first), 0.0))
    x = pool(np, np.maximum(convolve(np, x, second), 0.0))
    return cross_entropy(np, np.matmul(np.reshape(x, (len(images), -1)), dense), targets)


def jax_loss(np, params, images, targets):
    from jax import lax

    x = images
    for W in params[:2]:
        x = lax.conv_general_dilated(x, W, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = lax.reduce_window(np.maximum(x, 0.0), -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return cross_entropy(np, x.reshape(len(images), -1) @ params[2], targets)


def torch_loss(torch, params, images, targets):
    functional, x = torch.nn.functional, images.permute(0, 3, 1, 2)
    for W in params[:2]:
        x = functional.max_pool2d(functional.conv2d(x, W.permute(3, 2, 0, 1)).relu(), 2)
    return functional.cross_entropy(x.permute(0, 2, 3, 1).flatten(1) @ params[2], targets)


def gradient_by_hand(params, images, targets):
    first, second, dense = params
    layers, x = [], images
    for W in (first, second):
        k, n, rows, columns = len(W), len(x), x.shape[1] - len(W) + 1, x.shape[2] - len(W) + 1
        # Axes (N, H, W, C, k, k) to (N, H, W, k, k, C), the order of the weights.
        patches = sliding_window_view(x, (k, k), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
        patches = patches.reshape(n * rows * columns, -1)
        y = np.maximum(patches @ W.reshape(-1, W.shape[3]), 0.0)
        blocks = y.reshape(n, rows // 2, 2, columns // 2, 2, -1)
        pooled = blocks.max(axis=(2, 4))
        layers.append((x.shape, W, patches, blocks, pooled))
        x = pooled
    features = x.reshape(len(images), -1)
    Z = features @ dense
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    g = (P - targets) / len(images)
    g_dense, g_pooled, g_filters = features.T @ g, (g @ dense.T).reshape(x.shape), []
    while layers:
        shape, W, patches, blocks, pooled = layers.pop()
        # A pixel gets the cotangent if it is the largest of its four, and relu let it through.
        g_pooled = np.where(pooled > 0.0, g_pooled, 0.0)
        g_y = (blocks == pooled[:, :, None, :, None]) * g_pooled[:, :, None, :, None]
        g_y = g_y.reshape(len(patches), -1)
        g_filters.append((patches.T @ g_y).reshape(W.shape))
        if layers:
            g_pooled = scatter_patches(g_y @ W.reshape(-1, W.shape[3]).T, shape, len(W))
    return g_filters[1], g_filters[0], g_dense


def scatter_patches(g, shape, k):
    """The transpose of taking patches: each is added where it came from."""
    n, rows, columns, channels = shape
    g = g.reshape(n, rows - k + 1, columns - k + 1, k, k, channels)
    result = np.zeros(shape)
    for i in range(k):
        for j in range(k):
            result[:, i : i + rows - k + 1, j : j + columns - k + 1] += g[:, :, :, i, j]
    return result


WORKLOADS = (
    Workload(
        "convolution", "Convolution net 8 × 5×5, 16 × 3×3, 10 outputs; 32 images of 28×28", "dense", make_instance,
        loss, by_hand=gradient_by_hand, losses={"jax": jax_loss, "torch": torch_loss, "mygrad": None},
    ),
)
