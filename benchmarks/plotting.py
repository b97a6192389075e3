"""Charts of ratios with matplotlib, if that is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

from autodiff_trace.demo.plotting import save_figure

__all__ = ["plot_ratios"]


def plot_ratios(lines: Sequence[tuple[str, Mapping[str, float]]], path: str) -> None:
    """Save a chart with a line for each of ``lines``, a label and ratios by name, as ``path``."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    figure = Figure(figsize=(11, 2.2 + 0.28 * len(lines)), layout="constrained")
    axes = figure.subplots()
    names = dict.fromkeys(name for _, ratios in lines for name in ratios)
    for name, marker in zip(names, cycle("os^Dv<>Pp*")):
        points = [(ratios[name], y) for y, (_, ratios) in enumerate(lines) if name in ratios]
        axes.plot(*zip(*points), marker, markersize=6, alpha=0.8, label=name)
    axes.axvline(1.0, color="black", linewidth=1.2)
    axes.annotate("NumPy by hand = 1", (1.0, 1.0), xytext=(4, 3), xycoords=("data", "axes fraction"),
                  textcoords="offset points", fontsize=9, annotation_clip=False)
    axes.set_yticks(range(len(lines)), [label for label, _ in lines], fontsize=9)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set(xscale="log", xlabel="time of a gradient, as a multiple of that by hand (left of the line: faster)")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.4)
    axes.grid(axis="y", alpha=0.15)
    figure.suptitle("Gradients beside the same derivatives written by hand with NumPy", fontsize=12)
    figure.legend(loc="outside lower center", ncols=min(len(names), 6) or 1, fontsize=9)
    save_figure(figure, path)
