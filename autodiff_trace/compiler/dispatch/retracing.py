"""When a jitted function stops tracing for a kind of arguments, and runs itself, and why."""

from __future__ import annotations

from typing import Any

from .cache import Entry, Version
from ..record.outside import listed
from .limits import HITS_PER_TRACE, MOST_ERRORS, MOST_PROGRAMS, MOST_REWRITES, MOST_STATES

__all__ = ["why_hopeless"]

def why_hopeless(jitted: Any, entry: Entry, version: Version | None) -> str:
    """The reason not to trace ``jitted`` once more for this kind of arguments; empty if there is none."""
    more = jitted.hits // HITS_PER_TRACE
    if jitted.cache.is_hopeless:
        return "call after call its arguments are new (shapes, dtypes, static objects)"
    if entry.errors >= MOST_ERRORS + more:
        return "it raises errors again and again"
    if version is not None:
        # What depends on state of the function (``self.t += float(x.sum())``) is as a rule new in each call.
        most = MOST_PROGRAMS if version.tree.hidden is None else min(MOST_STATES + more, MOST_PROGRAMS)
        is_full = len(version.tree.branches) >= most
        return "Python saw new values again and again (if, float(x), x[i] …)" if is_full else ""
    if jitted.outside.stands_in:
        jitted.outside.drop_outdated(entry.versions)
        if jitted.outside.rewritten >= MOST_REWRITES + more:
            return ("arrays outside it that are compared as a whole (in classes, modules, views) are written "
                    "into again and again; pass them as arguments")
    if len(entry.versions) >= MOST_STATES:
        changed = listed(entry.versions[0].captured.changed())
        return f"variables outside it change often{changed}; pass them as arguments"
    return ""
