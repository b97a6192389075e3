"""Handwritten digits: the small set inside the package, and MNIST from a folder of the user's."""

from __future__ import annotations

import gzip
import io
import math
import os
import zlib
from contextlib import nullcontext
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from .cli import UserError

__all__ = ["CLASSES", "Dataset", "load_digits", "load_mnist", "read_idx"]

CLASSES = 10
DIGITS_FILE = files(__package__) / "data" / "digits.csv.gz"
"""Also where the package is imported from a zip file."""

DIGITS_TRAIN = 1437
GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_FACTOR = 1032
"""How many bytes one byte of a packed file can stand for at most (https://zlib.net/zlib_tech.html)."""

CHUNK = 2**20
"""Bytes that are unpacked at a time."""

UNSIGNED_BYTE = 8
"""The code that the idx format gives to the type of its numbers; images and labels have no other."""


class Dataset(NamedTuple):
    """Images as rows of numbers from 0 to 1, labels as integers from 0 to 9."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load_digits(seed: int, dtype: str) -> Dataset:
    """The 1,797 digits of 8×8 pixels in the folder ``data``, shuffled with ``seed``, split 1437 / 360."""
    try:
        text = gzip.decompress(DIGITS_FILE.read_bytes()).decode("ascii")
        table = np.loadtxt(io.StringIO(text), delimiter=",", dtype=np.uint8)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UserError(f"cannot read the digits of the package, {DIGITS_FILE}: {error}") from error
    # As for the weights, a generator whose numbers NumPy has promised not to change.
    table = table[np.random.RandomState(seed).permutation(len(table))]
    images, labels = table[:, :-1].astype(dtype) / 16, table[:, -1].astype(np.int64)
    return Dataset(images[:DIGITS_TRAIN], labels[:DIGITS_TRAIN], images[DIGITS_TRAIN:], labels[DIGITS_TRAIN:])


def load_mnist(folder: str, dtype: str) -> Dataset:
    """The four idx files of MNIST in ``folder``, each with or without ``.gz``, in the order of the files."""
    path = Path(folder)
    if not path.is_dir():
        what = "not a folder" if path.exists() else "no such folder"
        raise UserError(f"{folder}: {what}; --data is a folder with the four idx files of MNIST; without it the digits "
                        "inside the package are taken")
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
    """The array of bytes in an idx file with ``ndim`` axes, unpacked if it is packed (whatever its name says).

    The format: two zero bytes, the code of the type, the number of axes; the length of each axis as a big-endian 32-bit
    integer; the numbers in C order (http://yann.lecun.com/exdb/mnist). What the header announces is compared with the
    length of the file before memory is taken for it, and no more is unpacked than it announces.
    """
    try:
        with open(path, "rb") as file:
            packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            file.seek(0)
            stored = os.fstat(file.fileno()).st_size
            with gzip.open(file) if packed else nullcontext(file) as content:
                return read_array(path, content, ndim, stored * DEFLATE_FACTOR if packed else stored)
    except EOFError as error:
        raise UserError(f"{path}: truncated: {error}") from error
    except (OSError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}") from error


def read_array(path: Path, content: BinaryIO, ndim: int, most: int) -> np.ndarray:
    """The array in ``content``, which cannot hold more bytes than ``most``."""
    expected = bytes((0, 0, UNSIGNED_BYTE, ndim))
    length = 4 + 4 * ndim
    header = content.read(length)
    if header[:4] != expected:
        raise UserError(f"{path}: magic number {header[:4].hex() or 'missing'}, expected {expected.hex()}")
    if len(header) < length:
        raise UserError(f"{path}: truncated, {len(header)} bytes are less than a header")
    shape = tuple(int.from_bytes(header[i : i + 4], "big") for i in range(4, length, 4))
    size, announced = math.prod(shape), f"where the header announces {'×'.join(map(str, shape))}"
    if length + size > most:
        raise UserError(f"{path}: truncated, no more than {most - length} bytes of data {announced}")
    data = bytearray()
    while chunk := content.read(min(size - len(data), CHUNK)):
        data += chunk
    if len(data) < size:
        raise UserError(f"{path}: truncated, {len(data)} bytes of data {announced}")
    if content.read(1):  # at the end, gzip compares its checksum
        raise UserError(f"{path}: too long, more than {size} bytes of data {announced}")
    return np.frombuffer(data, np.uint8).reshape(shape)
