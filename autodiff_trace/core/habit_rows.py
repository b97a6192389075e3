"""What tables of habits are written with: the name of the package, and one way for several names."""

from __future__ import annotations

__all__ = ["OURS", "same"]

OURS = "autodiff_trace"


def same(names: str, way: str) -> dict[str, str]:
    """One way for several names; ``{}`` in it is the name."""
    return {name: way.replace("{}", name) for name in names.split()}
