"""Data in chunks, each made where it is needed from its number alone: the same numbers on whichever worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from autodiff_trace import nn, numpy as anp

from autodiff_trace.demo.network import logits

__all__ = [
    "BYTES", "digit_loss", "digit_makers", "logistic_loss", "make_digits", "make_regression", "regression_makers",
]

BYTES = 8
"""Of a number of the regression, float64."""

GREY_LEVELS = 16
NOISE = 3
"""Up to how many grey levels a pixel of a drawn digit is brighter than that of the digit it is drawn from."""


def generator(seed: int, *numbers: int) -> np.random.Generator:
    """SFC64, since it is the quickest of NumPy's and the making of a chunk is part of each step."""
    return np.random.Generator(np.random.SFC64([seed, *numbers]))


def make_regression(seed: int, number: int, rows: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of uniform features around 0, and labels 0 or 1 drawn from a logistic model."""
    slopes = generator(seed).normal(size=features)
    random = generator(seed, 1 + number)
    X = random.random((rows, features))
    X -= 0.5
    y = random.random(rows) < 1 / (1 + np.exp(-(X @ slopes)))
    return X, y.astype(float)


def regression_makers(seed: int, rows: Sequence[int], features: int) -> list[Callable]:
    return [partial(make_regression, seed, number, count, features) for number, count in enumerate(rows)]


def logistic_loss(weights, X, y):
    """-log likelihood of the labels, summed over the rows."""
    z = X @ weights
    return anp.sum(anp.logaddexp(0.0, z) - y * z)


def make_digits(
    seed: int, number: int, rows: int, images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows drawn from ``images`` (pixels 0 to 16) with noise, and their labels: a byte a pixel, a byte a label."""
    random = generator(seed, number)
    chosen = random.integers(len(images), size=rows)
    pixels = images[chosen]
    pixels += random.integers(NOISE + 1, size=pixels.shape, dtype=np.uint8)
    return np.minimum(pixels, GREY_LEVELS, out=pixels), labels[chosen]


def digit_makers(seed: int, rows: Sequence[int], images: np.ndarray, labels: np.ndarray) -> list[Callable]:
    images, labels = np.rint(GREY_LEVELS * images).astype(np.uint8), labels.astype(np.uint8)
    return [partial(make_digits, seed, number, count, images, labels) for number, count in enumerate(rows)]


def digit_loss(params, pixels, labels):
    """The loss of the two-layer network, on bytes: a batch of them becomes float32 when it is used."""
    return nn.softmax_cross_entropy(logits(params, pixels.astype(np.float32) / GREY_LEVELS), labels)
