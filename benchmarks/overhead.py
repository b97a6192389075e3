"""What tracing costs: gradients of many small operations, calls without a box, one training step of a network.

    python -m benchmarks.overhead

Every result is checked against NumPy by hand before it is timed. Peers (autograd, torch) take part where installed.
All run on one thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from . import one_thread  # noqa: F401, before NumPy
import numpy as np

from autodiff_trace import __version__, grad, optim, value_and_grad
from autodiff_trace import numpy as anp

from . import peers
from .cli import OneLineParser, integer, run_script
from .network import init_params, loss, numpy_step
from .timing import compare, format_table, format_time, measure

__all__ = ["chain_candidates", "main", "step_candidates"]

PROGRAM = "python -m benchmarks.overhead"
BY_HAND = "NumPy by hand"
OURS = "autodiff_trace"
LR = 0.2
VECTOR = np.linspace(0.1, 1.0, 10)

Candidates = Mapping[str, Callable[[], object]]


def chain(np, x):
    """100 times x → sin(1.01 x) + 0.1."""
    for _ in range(100):
        x = np.sin(1.01 * x) + 0.1
    return x


def chain_gradient_by_hand(x):
    slopes = []
    for _ in range(100):
        x = 1.01 * x
        slopes.append(1.01 * np.cos(x))
        x = np.sin(x) + 0.1
    g = slopes.pop()
    while slopes:
        g = g * slopes.pop()
    return g


def chain_candidates(x) -> Candidates:
    """Functions that return the gradient of the sum of ``chain`` at ``x``."""
    gradient = grad(lambda x: chain(anp, x))
    return {
        BY_HAND: lambda: chain_gradient_by_hand(x),
        OURS: lambda: gradient(x),
        **peers.chain_gradients(chain, x),
    }


def step_candidates() -> Candidates:
    """Functions that return the weights after one step of the network 784-100-10 on 100 images in float32."""
    params = init_params(784, 100, 10, seed=0, dtype="float32")
    random = np.random.default_rng(0)
    images, labels = random.random((100, 784), dtype=np.float32), random.integers(0, 10, 100)
    optimizer = optim.sgd(LR)
    state = optimizer.init(params)
    loss_and_gradient = value_and_grad(loss)

    def step():
        _, grads = loss_and_gradient(params, images, labels)
        return optimizer.update(grads, state, params)[0]

    return {
        BY_HAND: lambda: numpy_step(params, images, labels, LR)[1],
        OURS: step,
        **peers.training_steps(params, images, labels, LR),
    }


def measure_unboxed_calls(rounds: int) -> list[list[str]]:
    """A row a function: NumPy's own call on arrays of ten numbers, the wrapped call, and what it costs more."""
    x, y = VECTOR, VECTOR + 1.0
    rows = []
    for name, args in ("sin", (x,)), ("multiply", (x, y)), ("sum", (x,)), ("dot", (x, y)), ("reshape", (x, (2, 5))):
        plain, wrapped = getattr(np, name), getattr(anp, name)
        if not np.array_equal(plain(*args), wrapped(*args)):
            rows.append([name, "", "WRONG", ""])
            continue
        timings = compare({"np": partial(plain, *args), "anp": partial(wrapped, *args)}, "np", rounds)
        ours, numpys = timings["anp"].seconds, timings["np"].seconds
        rows.append([name, format_time(numpys), format_time(ours), f"{(ours - numpys) * 1e9:.0f} ns"])
    return rows


def run(rounds: int) -> None:
    versions = {"autodiff_trace": __version__, "NumPy": np.__version__, **peers.versions()}
    print(", ".join(f"{name} {version}" for name, version in versions.items()), "\n", flush=True)
    head = ["", "median", "to NumPy by hand", "to autodiff_trace"]
    for title, make_candidates, rtol in (
        ("Gradient of 100 × sin(1.01 x) + 0.1, x a scalar", lambda: chain_candidates(0.5), 1e-9),
        ("Gradient of 100 × sin(1.01 x) + 0.1, x of shape (10,)", lambda: chain_candidates(VECTOR), 1e-9),
        ("Training step 784-100-10, batch of 100, float32", step_candidates, 1e-4),
    ):
        table = format_table(head, measure(make_candidates(), rtol, rounds, BY_HAND, OURS))
        print(f"{title}\n\n{table}\n", flush=True)
    table = format_table(["median", "np", "anp", "anp costs more"], measure_unboxed_calls(rounds))
    print(f"A call without a box, arrays of shape (10,)\n\n{table}", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script; returns its exit status."""
    parser = OneLineParser(prog=PROGRAM, description="Measure what tracing costs.")
    parser.add_argument("--rounds", type=integer(1, 10_000), default=30, help="samples of each candidate")
    options = parser.parse_args(argv)
    return run_script(PROGRAM, lambda: run(options.rounds))


if __name__ == "__main__":
    sys.exit(main())
