"""Learning curves with matplotlib, if that is installed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .cli import UserError

__all__ = ["check_plot", "plot_curves", "save_figure"]


def check_plot(path: str) -> None:
    """Raise UserError if a plot could not be saved as ``path``: before the training, not after it."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise UserError('--plot needs matplotlib; install it with: pip install "autodiff_trace[plot]"') from error
    folder, suffix = Path(path).parent, Path(path).suffix.lstrip(".").lower()
    formats = FigureCanvasAgg.get_supported_filetypes()
    if suffix not in formats:
        raise UserError(f"--plot {path}: the file name must end in one of .{', .'.join(sorted(formats))}")
    if not folder.is_dir():
        raise UserError(f"--plot {path}: no such folder: {folder}")
    if Path(path).is_dir() or not os.access(path if Path(path).exists() else folder, os.W_OK):
        raise UserError(f"--plot {path}: cannot be written")


def plot_curves(rows: Sequence[tuple[float, float, float, float]], path: str) -> None:
    """Save the curves of ``rows``, one (train loss, train error, test loss, test error) an epoch, as ``path``."""
    # Without pyplot no window system is asked for and no global state is touched.
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, ScalarFormatter

    train_loss, train_error, test_loss, test_error = zip(*rows)
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, train, test, label in (left, train_loss, test_loss, "loss"), (right, train_error, test_error, "error"):
        axes.plot(train, "o-", markersize=3, label="training set")
        axes.plot(test, "s-", markersize=3, label="test set")
        name = "error (share of the images)" if label == "error" else label
        axes.set(xlabel="epoch", ylabel=name, yscale="log" if min(*train, *test) > 0 else "linear")
        axes.set_title(f"{label} after each epoch")
        if axes.get_yscale() == "log":  # plain numbers instead of powers of ten
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(ScalarFormatter())
            axes.yaxis.set_minor_formatter("")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle("A network that learns handwritten digits")
    save_figure(figure, path)


def save_figure(figure, path: str) -> None:
    try:
        figure.savefig(path, dpi=150)
    except (OSError, RuntimeError) as error:  # or what draws this format, TeX say, is not there
        raise UserError(f"--plot {path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
