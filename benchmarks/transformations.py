"""Jacobians, Hessians, nested derivatives and per-example gradients, next to the peers that are installed.

    python -m benchmarks.transformations

Every result is checked against this library's before it is timed. All run on one thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from . import one_thread  # noqa: F401, before NumPy
import numpy as np

from autodiff_trace import __version__, derivatives, grad, hessian, hvp, jacobian, nn, vmap
from autodiff_trace import numpy as anp

from . import peers
from .cli import OneLineParser, integer, run_script
from .timing import format_table, measure

__all__ = ["WORKLOADS", "main"]

PROGRAM = "python -m benchmarks.transformations"
OURS = "autodiff_trace"
TAYLOR = "the same, derivatives()"
LOOP = "the same, a loop"

Candidates = Mapping[str, Callable[[], object]]
random = np.random.default_rng(0)


def rosenbrock(np, x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def tanh_net(np, weights, x):
    for W in weights:
        x = np.tanh(W @ x)
    return x


def exponential_tanh(np, x):
    y = np.exp(-2.0 * x)
    return (1.0 - y) / (1.0 + y)


def nested(transform, f, times):
    for _ in range(times):
        f = transform(f)
    return f


def hessian_of_rosenbrock() -> Candidates:
    x = np.linspace(-1.0, 1.0, 100)
    second = hessian(lambda x: rosenbrock(anp, x))
    return {OURS: lambda: second(x), **peers.hessians(rosenbrock, x)}


def hvp_of_rosenbrock() -> Candidates:
    x = np.linspace(-1.0, 1.0, 100_000)
    product = hvp(lambda x: rosenbrock(anp, x))
    return {OURS: lambda: product(x, x), **peers.hvps(rosenbrock, x)}


def jacobian_of_a_net() -> Candidates:
    x = np.linspace(-1.0, 1.0, 50)
    weights = [random.normal(size=(50, 50)) / 7 for _ in range(3)]
    matrix = jacobian(lambda x: tanh_net(anp, weights, x))
    return {OURS: lambda: matrix(x), **peers.jacobians(tanh_net, weights, x)}


def sixth_derivative() -> Candidates:
    x = np.linspace(-3.0, 3.0, 200)
    sixth = nested(grad, lambda x: exponential_tanh(anp, x), 6)
    series = derivatives(lambda x: exponential_tanh(anp, x), 6)
    return {OURS: lambda: sixth(x), TAYLOR: lambda: series(x)[-1], **peers.nested_derivatives(exponential_tanh, x, 6)}


def per_example_gradients(hidden: int, inputs: int) -> Candidates:
    weights = (random.normal(size=(inputs, hidden)) / 8, random.normal(size=(hidden, 10)) / 8)
    images, labels = random.normal(size=(256, inputs)), random.integers(0, 10, 256)

    def loss(weights, x, label):
        return nn.softmax_cross_entropy(nn.relu(x @ weights[0]) @ weights[1], label)

    mapped, single = vmap(grad(loss), in_axes=(None, 0, 0)), grad(loss)

    def loop():
        rows = [single(weights, x, label) for x, label in zip(images, labels)]
        return [np.stack(column) for column in zip(*rows)]

    return {OURS: lambda: mapped(weights, images, labels), LOOP: loop}


WORKLOADS: dict[str, tuple[Callable[[], Candidates], float]] = {
    "Hessian of Rosenbrock, n = 100": (hessian_of_rosenbrock, 1e-9),
    "Hessian times vector of Rosenbrock, n = 100,000": (hvp_of_rosenbrock, 1e-9),
    "Jacobian of a tanh net 50-50-50-50": (jacobian_of_a_net, 1e-9),
    "Sixth derivative of (1 - exp(-2x)) / (1 + exp(-2x)) at 200 points": (sixth_derivative, 1e-4),
    "Per-example gradients, net 64-32-10, batch of 256": (lambda: per_example_gradients(32, 64), 1e-9),
    "Per-example gradients, net 784-100-10, batch of 256": (lambda: per_example_gradients(100, 784), 1e-9),
}


def run(rounds: int) -> None:
    versions = {"autodiff_trace": __version__, "NumPy": np.__version__, **peers.versions()}
    print(", ".join(f"{name} {version}" for name, version in versions.items()), flush=True)
    for title, (make_candidates, rtol) in WORKLOADS.items():
        rows = measure(make_candidates(), rtol, rounds, OURS, OURS)
        table = format_table(["", "median", "to autodiff_trace"], [row[:3] for row in rows])
        print(f"\n{title}\n\n{table}", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script; returns its exit status."""
    parser = OneLineParser(prog=PROGRAM, description="Measure transformations.")
    parser.add_argument("--rounds", type=integer(1, 10_000), default=15, help="samples of each candidate")
    options = parser.parse_args(argv)
    return run_script(PROGRAM, lambda: run(options.rounds))


if __name__ == "__main__":
    sys.exit(main())
