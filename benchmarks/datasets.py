"""Handwritten digits: the small set that ships with the project, and MNIST from a folder of the user's."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .cli import UserError

__all__ = ["CLASSES", "Dataset", "load_digits", "load_mnist", "read_idx"]

CLASSES = 10
DIGITS_FILE = Path(__file__).parent / "data" / "digits.csv.gz"
DIGITS_TRAIN = 1437
GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 8
"""The code that the idx format gives to the type of its numbers; images and labels have no other."""


class Dataset(NamedTuple):
    """Images as rows of numbers from 0 to 1, labels as integers from 0 to 9."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load_digits(seed: int, dtype: str) -> Dataset:
    """The 1,797 digits of 8×8 pixels in ``benchmarks/data``, shuffled with ``seed``, split 1437 / 360."""
    try:
        table = np.loadtxt(DIGITS_FILE, delimiter=",", dtype=np.uint8)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UserError(f"cannot read the digits of the project, {DIGITS_FILE}: {error}") from error
    # As for the weights, a generator whose numbers NumPy has promised not to change.
    table = table[np.random.RandomState(seed).permutation(len(table))]
    images, labels = table[:, :-1].astype(dtype) / 16, table[:, -1].astype(np.int64)
    return Dataset(images[:DIGITS_TRAIN], labels[:DIGITS_TRAIN], images[DIGITS_TRAIN:], labels[DIGITS_TRAIN:])


def load_mnist(folder: str, dtype: str) -> Dataset:
    """The four idx files of MNIST in ``folder``, each with or without ``.gz``, in the order of the files."""
    path = Path(folder)
    if not path.is_dir():
        raise UserError(f"{folder}: {'not a folder' if path.exists() else 'no such folder'}")
    train, test = load_part(path, "train", dtype), load_part(path, "t10k", dtype)
    if train[0].shape[1] != test[0].shape[1]:
        raise UserError(
            f"{folder}: training images have {train[0].shape[1]} pixels, test images {test[0].shape[1]}"
        )
    return Dataset(*train, *test)


def load_part(folder: Path, part: str, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one part, ``train`` or ``t10k``."""
    images = read_idx(find_file(folder, f"{part}-images-idx3-ubyte"), ndim=3)
    label_file = find_file(folder, f"{part}-labels-idx1-ubyte")
    labels = read_idx(label_file, ndim=1)
    if len(images) != len(labels):
        raise UserError(f"{folder}: {len(images)} {part} images, but {len(labels)} labels")
    if not images.size:
        raise UserError(f"{folder}: no {part} images")
    if labels.max() >= CLASSES:
        raise UserError(f"{label_file}: label {labels.max()}, expected 0 to {CLASSES - 1}")
    return images.reshape(len(images), -1).astype(dtype) / 255, labels.astype(np.int64)


def find_file(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.exists():
            return candidate
    raise UserError(f"{folder}: no file {name} or {name}.gz")


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """The array of bytes in an idx file with ``ndim`` axes.

    The format: two zero bytes, the code of the type, the number of axes; the length of each axis as a big-endian 32-bit
    integer; the numbers in C order (http://yann.lecun.com/exdb/mnist).
    """
    content = read_bytes(path)
    expected = bytes((0, 0, UNSIGNED_BYTE, ndim))
    header = 4 + 4 * ndim
    if content[:4] != expected:
        raise UserError(f"{path}: magic number {content[:4].hex() or 'missing'}, expected {expected.hex()}")
    if len(content) < header:
        raise UserError(f"{path}: truncated, {len(content)} bytes are less than a header")
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, header, 4))
    if len(content) != header + math.prod(shape):
        problem = "truncated" if len(content) < header + math.prod(shape) else "too long"
        raise UserError(
            f"{path}: {problem}, {len(content) - header} bytes of data where the header announces "
            f"{'×'.join(map(str, shape))}"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def read_bytes(path: Path) -> bytes:
    """The content of a file, unpacked if it is packed (whatever its name says)."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
    except EOFError as error:
        raise UserError(f"{path}: truncated: {error}") from error
    except (OSError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}") from error
