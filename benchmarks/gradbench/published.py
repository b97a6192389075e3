"""What the suite has published of other tools (gradben.ch): milliseconds of the gradient and of the objective.

The times are those of another machine; their ratio carries over best.
"""

from __future__ import annotations

__all__ = ["PUBLISHED", "TOOLS", "published_ratio"]

TOOLS = ("manual", "Tapenade", "Enzyme", "PyTorch", "CoDiPack", "Futhark")

PUBLISHED: dict[tuple[str, str], dict[str, tuple[float, float]]] = {
    ("gmm", "10_25_1000"): {
        "manual": (2.5, 1.5), "Tapenade": (5.1, 2.1), "Enzyme": (5.4, 1.6), "PyTorch": (7.0, 2.0),
        "CoDiPack": (10.6, 1.3),
    },
    ("lstm", "l=2,c=1024"): {
        "manual": (12.1, 2.3), "Tapenade": (7.4, 2.3), "Enzyme": (5.2, 1.6), "PyTorch": (669.0, 286.0),
        "CoDiPack": (5.0, 2.3), "Futhark": (4.1, 1.3),
    },
}
"""By eval and case; of the others no figures were at hand."""


def published_ratio(name: str, case: str, tool: str) -> float | None:
    """The gradient's time over the objective's.

    >>> round(published_ratio("gmm", "10_25_1000", "Tapenade"), 1)
    2.4
    """
    times = PUBLISHED.get((name, case), {}).get(tool)
    return None if times is None else times[0] / times[1]
