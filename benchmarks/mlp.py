"""The main job: the demo of the package, under the name that it has in a checkout.

    python -m benchmarks.mlp                     the digits that ship with the project
    python -m benchmarks.mlp --data FOLDER       MNIST: the four idx files
"""

from __future__ import annotations

import sys
from functools import partial

from autodiff_trace.demo import training

__all__ = ["main"]

main = partial(training.main, program="python -m benchmarks.mlp")

if __name__ == "__main__":
    sys.exit(main())
