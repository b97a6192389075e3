"""The demo as a command: ``python -m autodiff_trace.demo``."""

import sys

from .training import main

if __name__ == "__main__":
    sys.exit(main())
