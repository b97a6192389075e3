"""Runnable scripts: ``python -m benchmarks.NAME``. They need no more than NumPy; peers are compared where installed."""
