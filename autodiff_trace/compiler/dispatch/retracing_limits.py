"""When a jitted function stops tracing for a kind of arguments, and runs itself: the limits, and the reasons."""

from __future__ import annotations

from typing import Any

from .cache import Entry, Version
from ..record.outside import listed
from .tree import TraceTree

__all__ = ["ERRORS", "VERSIONS", "why_hopeless"]

ERRORS = 8
"""Errors while tracing after which the function itself is run for a kind of arguments, if there were few hits."""

VERSIONS = 8
"""States of the variables outside for which programs are kept, for one kind of arguments."""

REWRITES = 32
"""Changes of arrays that are compared as a whole for which the function is traced anew, if there were few hits."""


def why_hopeless(jitted: Any, entry: Entry, version: Version | None) -> str:
    """The reason not to trace ``jitted`` once more for this kind of arguments; empty if there is none."""
    patience = jitted.hits // 8
    if jitted.cache.is_hopeless:
        return "call after call its arguments are new (shapes, dtypes, static objects)"
    if entry.errors >= ERRORS + patience:
        return "it raises errors again and again"
    if version is not None:
        # What depends on state of the function (``self.t += float(x.sum())``) is as a rule new in each call.
        most = TraceTree.LIMIT if version.tree.hidden is None else min(VERSIONS + patience, TraceTree.LIMIT)
        is_full = len(version.tree.branches) >= most
        return "Python saw new values again and again (if, float(x), x[i] …)" if is_full else ""
    if jitted.outside.stands_in:
        jitted.outside.drop_outdated(entry.versions)
        if jitted.outside.rewritten >= REWRITES + patience:
            return ("arrays outside it that are compared as a whole (in classes, modules, views) are written "
                    "into again and again; pass them as arguments")
    if len(entry.versions) >= VERSIONS:
        changed = listed(entry.versions[0].captured.changed())
        return f"variables outside it change often{changed}; pass them as arguments"
    return ""
