"""What all examples share: the command line, and the file of a picture."""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager

from autodiff_trace.demo.cli import run_script
from autodiff_trace.demo.plotting import check_plot


def run(main):
    """Call ``main(quick, plot)`` with what the command line says: ``[--quick] [--plot FILE]``."""
    parser = argparse.ArgumentParser(description=sys.modules[main.__module__].__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller problem, done in less than a second or two")
    parser.add_argument("--plot", metavar="FILE", help="save a picture of the result (needs matplotlib)")

    def start():
        options = parser.parse_args()
        if options.plot is not None:
            check_plot(options.plot)  # before the work, not after it
        main(options.quick, options.plot)

    if status := run_script(parser.prog, start):
        sys.exit(status)


@contextmanager
def picture(file, title="", size=(7.2, 4.2), **subplots):
    """The axes of a new figure, which is saved to ``file`` in the end; ``subplots`` go to ``plt.subplots``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    yield figure.subplots(**subplots)
    figure.savefig(file)
