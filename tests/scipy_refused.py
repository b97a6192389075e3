"""What of SciPy has no derivative here, and why; and which of its classes are taken as they are."""

from __future__ import annotations

__all__ = ["AS_THEY_ARE", "REFUSED"]


def by_name(groups: dict[str, str]) -> dict[str, str]:
    """From each name to its reason, of names by reason."""
    return {name: reason for reason, names in groups.items() for name in names.split()}


REFUSED: dict[str, dict[str, str]] = {}
"""For each module the functions without a derivative, with the reason."""

AS_THEY_ARE: dict[str, dict[str, str]] = {}
"""For each module the classes and objects that are SciPy's own here, too, with the reason."""
