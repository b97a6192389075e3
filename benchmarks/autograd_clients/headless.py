"""What stands in for pictures and downloads when an example is run: modules that draw nothing, and synthetic data."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["Picture", "stand_ins"]

TRAIN_IMAGES, TEST_IMAGES, PIXELS, CLASSES = 512, 128, 28, 10
SMOKE = 30


class Picture:
    """Takes the place of Matplotlib: every attribute of it is itself, and so is what every call gives.

    ``note`` is called with what it is to draw.
    """

    def __init__(self, note: Callable[[Any], None]) -> None:
        self.note = note

    def __getattr__(self, name: str) -> Picture:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Picture:
        for arg in args:
            self.note(arg)
        return self

    def __iter__(self) -> Iterator[Picture]:
        return itertools.repeat(self)


def stand_ins(note: Callable[[Any], None]) -> dict[str, ModuleType]:
    """Modules by name: Matplotlib's, and that of the examples which would download MNIST."""
    picture = Picture(note)
    names = ("matplotlib", "matplotlib.cm", "matplotlib.image", "matplotlib.pyplot")
    modules = {name: ModuleType(name) for name in names}
    for name, module in modules.items():
        module.__getattr__ = picture.__getattr__
        if "." in name:
            setattr(modules["matplotlib"], name.partition(".")[2], module)
    modules["matplotlib"].__path__ = []
    modules["matplotlib.pyplot"].imread = read_image
    modules["data_mnist"] = ModuleType("data_mnist")
    modules["data_mnist"].mnist = make_digits
    return modules


def read_image(path: str) -> np.ndarray:
    """A blob of smoke, in colours where the example wants them; else a ring of twice the size."""
    colours = "smoke" in path
    side = np.linspace(-1.0, 1.0, SMOKE if colours else 2 * SMOKE)
    x, y = np.meshgrid(side, side)
    if colours:
        return np.repeat(np.exp(-4.0 * (x**2 + y**2))[:, :, np.newaxis], 3, axis=2)
    return np.exp(-20.0 * (np.hypot(x, y) - 0.6) ** 2)


def make_digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images and labels to train on and to test with, as bytes: each class has a pattern, with noise."""
    random = np.random.RandomState(0)
    patterns = random.rand(CLASSES, PIXELS, PIXELS) ** 3
    parts = []
    for count in (TRAIN_IMAGES, TEST_IMAGES):
        labels = random.randint(0, CLASSES, count)
        images = 0.8 * patterns[labels] + 0.2 * random.rand(count, PIXELS, PIXELS)
        parts += [(255 * images).astype(np.uint8), labels.astype(np.uint8)]
    return tuple(parts)
