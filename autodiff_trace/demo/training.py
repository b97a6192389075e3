"""Train a two-layer softmax network on handwritten digits, and print a row an epoch.

    python -m autodiff_trace.demo                     the digits inside the package
    python -m autodiff_trace.demo --data FOLDER       MNIST: the four idx files
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np

from .. import nn, optim
from ..compiler import jit
from ..data import progress
from ..transforms import value_and_grad
from .cli import OneLineParser, UserError, integer, number, run_script
from .datasets import CLASSES, Dataset, load_digits, load_mnist
from .network import Params, error_rate, init_params, logits, loss, numpy_value_and_grad
from .plotting import check_plot, plot_curves

__all__ = ["Row", "main", "train"]

PROGRAM = "python -m autodiff_trace.demo"
HEADER = "| Epoch | Train Loss | Train Err | Test Loss | Test Err |"


class Row(NamedTuple):
    """What is measured after an epoch, on the full sets."""

    train_loss: float
    train_error: float
    test_loss: float
    test_error: float


def parse_options(argv: Sequence[str] | None, program: str) -> argparse.Namespace:
    parser = OneLineParser(prog=program, description="Train a two-layer network on handwritten digits.")
    parser.add_argument("--data", metavar="DIR", help="folder with the four idx files of MNIST, .gz or not; "
                        "without it, the 1,797 digits inside the package")
    parser.add_argument("--hidden", type=integer(1, 65536), default=100, help="hidden units")
    parser.add_argument("--epochs", type=integer(1, 1_000_000), default=20, help="passes over the training set")
    parser.add_argument("--batch", type=integer(1, 1_000_000), default=50, help="images in a step")
    parser.add_argument("--lr", type=number(lambda x: x > 0, "a positive number"), default=0.2, help="learning rate")
    parser.add_argument("--momentum", type=number(lambda x: 0 <= x < 1, "a number from 0 up to, not including, 1"),
                        default=0.0, help="momentum of the descent")
    parser.add_argument("--seed", type=integer(0, 2**32 - 1), default=0, help="seed of weights and shuffling")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64", help="type of all numbers")
    parser.add_argument("--engine", choices=("jit", "eager", "numpy"), default="jit", help="what computes a step: "
                        "the library compiled, the library tracing each step anew, or NumPy by hand")
    parser.add_argument("--plot", metavar="FILE", help="save the learning curves; needs matplotlib")
    return parser.parse_args(argv)


def train(data: Dataset, options: argparse.Namespace) -> Iterator[Row]:
    """Train by minibatch gradient descent, batches in the order of the set; yields a row after each epoch."""
    params = init_params(data.train_images.shape[1], options.hidden, CLASSES, options.seed, options.dtype)
    optimizer = optim.sgd(options.lr, momentum=options.momentum)
    state = optimizer.init(params)
    step = make_step(options.engine, optimizer)
    starts = range(0, len(data.train_images), options.batch)
    for epoch in range(options.epochs):
        with closing(progress(starts, f"epoch {epoch}")) as batches:
            for start in batches:
                batch = slice(start, start + options.batch)
                value, params, state = step(params, state, data.train_images[batch], data.train_labels[batch])
                check_finite(value, epoch, options.lr)
        row = Row(*evaluate(params, data.train_images, data.train_labels),
                  *evaluate(params, data.test_images, data.test_labels))
        check_finite(row.train_loss + row.test_loss, epoch, options.lr)
        yield row


def make_step(engine: str, optimizer: optim.Optimizer) -> Callable:
    """The function (params, state, images, labels) ↦ (loss, params, state) of one step of the descent."""
    gradient = numpy_value_and_grad if engine == "numpy" else value_and_grad(loss)

    def step(params, state, images, labels):
        value, grads = gradient(params, images, labels)
        return value, *optimizer.update(grads, state, params)

    return jit(step) if engine == "jit" else step


def evaluate(params: Params, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Loss and error rate on a full set."""
    Z = logits(params, images)
    return float(nn.softmax_cross_entropy(Z, labels)), error_rate(Z, labels)


def check_finite(value: float, epoch: int, lr: float) -> None:
    if not math.isfinite(value):
        raise UserError(f"training diverged in epoch {epoch}: the loss is {value}; try a --lr below {lr:g}")


def run(options: argparse.Namespace) -> None:
    if options.plot is not None:
        check_plot(options.plot)
    if options.data is None:
        data = load_digits(options.seed, options.dtype)
    else:
        data = load_mnist(options.data, options.dtype)
    rows = []
    print(HEADER, flush=True)
    try:
        # A training that diverges is reported by check_finite; NumPy's warnings before that would only bury its line.
        with np.errstate(all="ignore"):
            for epoch, row in enumerate(train(data, options)):
                rows.append(row)
                print(f"|  {epoch:>4} | {row[0]:>10.5f} | {row[1]:>9.5f} | {row[2]:>9.5f} | {row[3]:>8.5f} |",
                      flush=True)
    finally:  # also the epochs before an interruption
        if options.plot is not None and rows:
            plot_curves(rows, options.plot)


def main(argv: Sequence[str] | None = None, program: str = PROGRAM) -> int:
    """Run the script under the name ``program``; returns its exit status."""
    options = parse_options(argv, program)
    return run_script(program, lambda: run(options))
