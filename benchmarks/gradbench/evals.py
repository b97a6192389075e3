"""All evals, by name."""

from __future__ import annotations

from . import ba, det, gmm, hello, ht, kmeans, llsq, lse, lstm, ode, particle, saddle

__all__ = ["EVALS", "REPORTED"]

REPORTED = {module.EVAL.name: module.EVAL
            for module in (gmm, lstm, ba, ht, kmeans, llsq, lse, det, ode, particle, saddle)}

EVALS = {**REPORTED, "hello": hello.EVAL}
"""Those that the protocol knows; ``hello`` is not for timing."""
