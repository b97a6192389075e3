"""A network that learns handwritten digits, with all that it needs inside: ``python -m autodiff_trace.demo``."""
