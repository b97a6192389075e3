"""Charts of ratios with matplotlib, if that is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

from autodiff_trace.demo.plotting import save_figure

__all__ = ["plot_ratios"]


def plot_ratios(lines: Sequence[tuple[str, Mapping[str, float]]], path: str) -> None:
    """Save a chart with a line for each of ``lines``, a label and ratios by name, as ``path``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1.5 + 0.25 * len(lines)), layout="constrained")
    axes = figure.subplots()
    names = dict.fromkeys(name for _, ratios in lines for name in ratios)
    for name, marker in zip(names, cycle("os^Dv<>Pp*")):
        points = [(ratios[name], y) for y, (_, ratios) in enumerate(lines) if name in ratios]
        axes.plot(*zip(*points), marker, markersize=6, alpha=0.8, label=name)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(lines)), [label for label, _ in lines], fontsize=8)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="time relative to NumPy by hand")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=len(names), fontsize=8)
    save_figure(figure, path)
