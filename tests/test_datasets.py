"""Reading the data sets; and each way in which a folder of MNIST can be wrong is one clear line."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from autodiff_trace.demo.cli import UserError
from autodiff_trace.demo.datasets import load_digits, load_mnist
from tests.test_mlp import check_error, read_table, run_mlp

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def idx(array):
    """The bytes of an idx file."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    """A small folder in the format of MNIST; the training files are packed."""
    random = np.random.default_rng(0)
    (tmp_path / f"{TRAIN_IMAGES}.gz").write_bytes(gzip.compress(idx(random.integers(0, 256, (30, 4, 3)))))
    (tmp_path / f"{TRAIN_LABELS}.gz").write_bytes(gzip.compress(idx(random.integers(0, 10, 30))))
    (tmp_path / TEST_IMAGES).write_bytes(idx(random.integers(0, 256, (20, 4, 3))))
    (tmp_path / TEST_LABELS).write_bytes(idx(random.integers(0, 10, 20)))
    return tmp_path


def test_digits():
    data = load_digits(seed=0, dtype="float32")
    assert [part.shape for part in data] == [(1437, 64), (1437,), (360, 64), (360,)]
    assert data.train_images.dtype == np.float32
    assert data.train_images.min() == 0 and data.train_images.max() == 1
    assert sorted(set(data.train_labels)) == list(range(10))
    # Each label occurs as often as in the description of the data set, whatever the split.
    counts = np.bincount(np.concatenate([data.train_labels, data.test_labels]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_are_shuffled_with_the_seed():
    first, again, other = (load_digits(seed, "float64").train_labels for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_mnist_packed_or_not(folder):
    data = load_mnist(str(folder), "float64")
    assert [part.shape for part in data] == [(30, 12), (30,), (20, 12), (20,)]
    expected = np.random.default_rng(0).integers(0, 256, (30, 4, 3)).reshape(30, 12) / 255
    assert np.array_equal(data.train_images, expected)
    assert len(read_table(run_mlp("--data", folder, "--epochs", 2).stdout)) == 2


def test_mnist_itself(mnist_folder):
    data = load_mnist(str(mnist_folder), "float32")
    assert [part.shape for part in data] == [(60000, 784), (60000,), (10000, 784), (10000,)]
    assert data.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


PACKED = (f"{TRAIN_IMAGES}.gz", f"{TRAIN_LABELS}.gz")

DAMAGES = {
    "missing": (TEST_IMAGES, lambda content: None, "no file"),
    "empty": (TEST_LABELS, lambda content: b"", "magic number missing"),
    "short header": (TEST_IMAGES, lambda content: content[:9], "truncated"),
    "truncated": (TEST_IMAGES, lambda content: content[:-1], "truncated"),
    "too long": (TEST_LABELS, lambda content: content + b"1", "too long"),
    "terabytes announced": (TEST_IMAGES, lambda content: content[:4] + b"\xff" * 12, "truncated, no more than 0 bytes"),
    "terabytes announced, packed": (PACKED[0], lambda content: gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12),
                                    "truncated, no more than"),
    "expands beyond its header": (
        PACKED[1], lambda content: gzip.compress(idx(np.zeros(30)) + bytes(10**8), 1), "too long, more than 30 bytes"),
    "wrong magic": (TEST_IMAGES, lambda content: b"\0\0\x08\x01" + content[4:], "magic number 00000801"),
    "not idx": (TEST_LABELS, lambda content: b"hello, this is text", "magic number"),
    "truncated gzip": (PACKED[0], lambda content: content[: len(content) // 2], "truncated"),
    "damaged gzip": (PACKED[1], lambda content: content[:-8] + bytes(8), "cannot be read"),
    "fewer labels": (TEST_LABELS, lambda content: idx(np.zeros(19)), "20 t10k images, but 19 labels"),
    "label 10": (TEST_LABELS, lambda content: idx(np.full(20, 10)), "label 10"),
    "no images": (TEST_IMAGES, lambda content: idx(np.zeros((0, 4, 3))), "0 t10k images"),
    "other size": (TEST_IMAGES, lambda content: idx(np.zeros((20, 5, 3))), "12 pixels, test images 15"),
}


@pytest.mark.parametrize("name, damage, words", DAMAGES.values(), ids=DAMAGES)
def test_damaged_mnist(folder, name, damage, words):
    file = folder / name
    content = damage(file.read_bytes())
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=words):
        load_mnist(str(folder), "float64")
    check_error(run_mlp("--data", folder), words)


def test_no_images_and_no_labels(folder):
    (folder / TEST_IMAGES).write_bytes(idx(np.zeros((0, 4, 3))))
    (folder / TEST_LABELS).write_bytes(idx(np.zeros(0)))
    check_error(run_mlp("--data", folder), "no t10k images")


def test_folder_in_place_of_a_file(folder):
    (folder / TEST_LABELS).unlink()
    (folder / TEST_LABELS).mkdir()
    check_error(run_mlp("--data", folder), TEST_LABELS, "cannot be read")


def test_missing_folder(tmp_path):
    check_error(run_mlp("--data", tmp_path / "nowhere"), "nowhere", "no such folder")


def test_file_in_place_of_the_folder(folder):
    check_error(run_mlp("--data", folder / TEST_LABELS), "not a folder")
