"""tanh and its first six derivatives, by nested ``grad``: a table of their largest values, and a picture.

    python -m benchmarks.tanh --plot tanh.png
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np
from numpy.polynomial import Polynomial

from autodiff_trace import grad, numpy as anp
from autodiff_trace.demo.cli import OneLineParser, run_script
from autodiff_trace.demo.plotting import check_plot, save_figure

__all__ = ["main"]

PROGRAM = "python -m benchmarks.tanh"
ORDERS = 6
X = np.linspace(-7.0, 7.0, 701)


def nested(order: int) -> Callable:
    """The derivative of tanh of this order: ``grad(grad(…grad(tanh)))``."""
    return grad(nested(order - 1)) if order else anp.tanh


def closed_form(order: int) -> Polynomial:
    """The same as a polynomial in y = tanh(x): dy/dx = 1 − y², so d/dx p(y) = p′(y)·(1 − y²)."""
    p = Polynomial([0.0, 1.0])
    for _ in range(order):
        p = p.deriv() * Polynomial([1.0, 0.0, -1.0])
    return p


def plot(curves: Sequence[np.ndarray], path: str) -> None:
    """Save the curves, each divided by its largest value, as ``path``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for order, curve in enumerate(curves):
        axes.plot(X, curve / np.max(np.abs(curve)), label="tanh" if not order else f"derivative {order}")
    axes.set(title="tanh and its first six derivatives, each divided by its largest value", xlabel="x", xlim=(-7, 7))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    save_figure(figure, path)


def run(options: argparse.Namespace) -> None:
    if options.plot is not None:
        check_plot(options.plot)
    curves = [nested(order)(X) for order in range(ORDERS + 1)]
    print("Each derivative by nested grad, on [-7, 7]. Its error is the distance to the closed form, a polynomial in "
          "tanh(x).\n")
    print("| Order | Largest value | at x = | Largest error |")
    for order, curve in enumerate(curves):
        place, error = np.argmax(curve), np.max(np.abs(curve - closed_form(order)(np.tanh(X))))
        print(f"| {order:>5} | {curve[place]:>13.6f} | {X[place]:>6.2f} | {error:>13.1e} |")
    if options.plot is not None:
        plot(curves, options.plot)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script; returns its exit status."""
    parser = OneLineParser(prog=PROGRAM, description="tanh and its first six derivatives, by nested grad.")
    parser.add_argument("--plot", metavar="FILE", help="save the curves as a picture; needs matplotlib")
    options = parser.parse_args(argv)
    return run_script(PROGRAM, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
