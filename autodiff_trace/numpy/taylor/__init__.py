"""Arithmetic with truncated power series, with which series rules are written."""
