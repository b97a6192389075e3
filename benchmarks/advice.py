"""What each piece of advice of docs/speed.md gains: a table of programs written two ways, side by side.

    OMP_NUM_THREADS=1 python -m benchmarks.advice
"""

from __future__ import annotations

import argparse
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from autodiff_trace import (
    derivatives, fori_loop, grad, hessian, hvp, jacfwd, jacobian, jacrev, jit, jvp, linearize, nn, tree_leaves,
    value_and_grad, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.demo.cli import OneLineParser, number, run_script

from .report import format_table
from .timing import format_time, ratio, sample_in_turn

__all__ = ["advice", "main"]

PROGRAM = "python -m benchmarks.advice"


class Advice(NamedTuple):
    """The same result, computed in two ways."""

    instead: str
    write: str
    before: Callable[[], object]
    after: Callable[[], object]


def rosenbrock_loop(x):
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def rosenbrock(x):
    return anp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def chain(x):
    return anp.sum(anp.exp(-x * x) * anp.sin(3.0 * x) + 0.5 * x)


def logistic(w, X, signs):
    return anp.mean(nn.softplus(-signs * (X @ w)))


def network(params, X, labels):
    return nn.softmax_cross_entropy(nn.relu(X @ params["W1"]) @ params["W2"], labels)


def tridiagonal(x):
    return x[1:-1] * x[:-2] - x[2:] ** 2


def relax_loop(x):
    for _ in range(1000):
        x = 0.9 * anp.sin(x) + 0.1
    return x


def relax(x):
    return fori_loop(0, 1000, lambda i, x: 0.9 * anp.sin(x) + 0.1, x)


def sinusoid(x):
    return anp.tanh(anp.sin(3.0 * x)) / (1.0 + x * x)


def advice() -> list[Advice]:
    """All pieces, with their inputs."""
    random = np.random.default_rng(0)
    small, large = random.normal(size=100), random.normal(size=2**20)
    X, w = random.normal(size=(20_000, 100)), random.normal(size=100)
    signs = np.sign(random.normal(size=20_000))
    images, labels = random.normal(size=(500, 784)), random.integers(10, size=500)
    square = random.normal(size=(300, 300)) + 30.0 * np.eye(300)
    params = {"W1": random.normal(size=(784, 100)) / 28, "W2": random.normal(size=(100, 10)) / 10}
    params32, images32 = {name: value.astype("float32") for name, value in params.items()}, images.astype("float32")
    rows, directions = random.normal(size=(500, 100)), np.eye(100)[:20]
    compiled = {f: jit(grad(f)) for f in (rosenbrock_loop, chain, logistic)}
    example = grad(lambda w, x: nn.softplus(-(w @ x)))
    step, loss = jit(value_and_grad(network)), jit(network)
    gradient = jit(grad(network))
    nested = sinusoid
    for _ in range(5):
        nested = grad(nested)

    def features(x):
        return anp.tanh(X[:1000] @ anp.concatenate([x, np.zeros(95)]))

    def pushes():
        _, push = linearize(chain_of_rows, small)
        return [push(direction) for direction in directions]

    def chain_of_rows(x):
        return anp.tanh(rows @ anp.sin(x))

    return [
        Advice("a loop over x[i], n = 100", "operations on whole arrays",
               lambda: grad(rosenbrock_loop)(small), lambda: grad(rosenbrock)(small)),
        Advice("`grad(f)` of the same loop", "`jit(grad(f))`",
               lambda: grad(rosenbrock_loop)(small), lambda: compiled[rosenbrock_loop](small)),
        Advice("`grad(f)`, elementwise on 2²⁰ numbers", "`jit(grad(f))`",
               lambda: grad(chain)(large), lambda: compiled[chain](large)),
        Advice("`grad(f)`, a product with 20,000 × 100", "`jit(grad(f))`",
               lambda: grad(logistic)(w, X, signs), lambda: compiled[logistic](w, X, signs)),
        Advice("`jit(grad(f))(x)` made in each call", "`g = jit(grad(f))` once",
               lambda: jit(grad(chain))(small), lambda: compiled[chain](small)),
        Advice("`grad(f)` for each of 500 examples", "`vmap(grad(f))`",
               lambda: [example(w, x) for x in rows], lambda: list(vmap(example, in_axes=(None, 0))(w, rows))),
        Advice("`f(x)` and `grad(f)(x)`, compiled", "`value_and_grad(f)`",
               lambda: (loss(params, images, labels), gradient(params, images, labels)),
               lambda: step(params, images, labels)),
        Advice("the net in float64", "in float32",
               lambda: step(params, images, labels), lambda: step(params32, images32, labels)),
        Advice("`hessian(f)(x) @ v`, n = 1000", "`hvp(f)(x, v)`",
               lambda: hessian(rosenbrock)(large[:1000]) @ large[:1000],
               lambda: hvp(rosenbrock)(large[:1000], large[:1000])),
        Advice("`jacrev` of 5 inputs, 1000 outputs", "`jacfwd`",
               lambda: jacrev(features)(small[:5]), lambda: jacfwd(features)(small[:5])),
        Advice("`jacobian(f)`, tridiagonal, n = 1000", "`sparsity=\"detect\", dense=True`",
               lambda: jacobian(tridiagonal)(large[:1000]),
               lambda: jacobian(tridiagonal, sparsity="detect", dense=True)(large[:1000])),
        Advice("`jvp` for 20 directions", "`linearize` once",
               lambda: [jvp(chain_of_rows, (small,), (direction,))[1] for direction in directions], pushes),
        Advice("`grad` five times", "`derivatives(f, 5)`",
               lambda: nested(small), lambda: derivatives(sinusoid, 5)(small)[5]),
        Advice("`inv(A) @ b`, 300 × 300", "`solve(A, b)`",
               lambda: grad(lambda A: anp.sum(anp.linalg.inv(A) @ A[0]))(square),
               lambda: grad(lambda A: anp.sum(anp.linalg.solve(A, A[0])))(square)),
        Advice("first call of `jit` for a loop of 1000 turns", "with `fori_loop`",
               lambda: jit(grad(relax_loop))(small), lambda: jit(grad(relax))(small)),
    ]


def peak(function: Callable[[], object]) -> int:
    """Bytes that the second call of ``function`` takes at most."""
    function()
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def check(row: Advice) -> None:
    """Both ways give the same; float32 to its precision."""
    for before, after in zip(tree_leaves(row.before()), tree_leaves(row.after())):
        tolerance = 1e-3 if np.asarray(after).dtype == np.float32 else 1e-6
        np.testing.assert_allclose(after, before, rtol=tolerance, atol=tolerance, err_msg=row.instead)


def run(options: argparse.Namespace) -> None:
    """Print the tables of times and of memory."""
    lines = []
    for row in advice():
        check(row)
        samples = sample_in_turn({"before": row.before, "after": row.after}, options.seconds, range(options.rounds))
        before, after = samples["before"], samples["after"]
        times = [format_time(median(values)) for values in (before, after)]
        gain = ratio(before, after)
        lines.append([row.instead, times[0], row.write, times[1], f"{gain:.1f}" if gain < 10.0 else f"{gain:.0f}"])
    print(format_table(["instead of", "time", "write", "time", "times as fast"], lines))
    x = np.ones(10_000)
    loop, scanned = [peak(lambda f=f: grad(f)(x)) / 1e6 for f in (relax_loop, relax)]
    print()
    print(format_table(
        ["a gradient through 1000 turns on 10,000 numbers", "peak"],
        [["a loop of Python", f"{loop:.0f} MB"], ["`fori_loop`", f"{scanned:.0f} MB"]],
    ))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script; returns its exit status."""
    positive = number(lambda x: x > 0, "a positive number")
    parser = OneLineParser(prog=PROGRAM, description="Programs written two ways, side by side.")
    parser.add_argument("--seconds", type=positive, default=2.0, help="for each pair, once three rounds are done")
    parser.add_argument("--rounds", type=int, default=15, help="at most, for each pair")
    options = parser.parse_args(argv)
    return run_script(PROGRAM, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
