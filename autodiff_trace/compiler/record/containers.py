"""The containers among the arguments of a run. It gets copies of them, with boxes or copies of arrays in them; what it
changes in these (``s["n"] += 1``) is done to the originals as well."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ...core.pytree import find_container, tree_leaves, tree_map
from ...core.tracer import is_box
from ...captured_state.holders import is_other, snapshot, write_changes
from .cleanup import Cleaner
from .output_owner import Owner

__all__ = ["Containers", "overlap", "run_in_place_of", "run_on_copies"]


class Containers:
    """The lists, dicts and other containers that can be changed, in ``originals``, with those that stand for them in
    ``copies``, a tree of the same structure.

    Attributes:
        shared: whether one of them is there twice; then the run sees two.
    """

    def __init__(self, originals: Any, copies: Any) -> None:
        self.pairs: list[tuple[Any, Any, dict]] = []
        self.originals: dict[int, tuple[Any, Any]] = {}  # by the id of a copy: the copy, and what it is one of
        seen: set[int] = set()
        self.shared = False
        pending = [(originals, copies)]
        for original, copy in pending:
            if not is_box(copy):
                self.originals[id(copy)] = copy, original
            container = find_container(type(original))
            if container is None or original is copy:
                continue
            pending += zip(container[0](original)[0], container[0](copy)[0])
            if not isinstance(copy, tuple):
                held = snapshot(copy)
                self.shared = self.shared or id(original) in seen
                seen.add(id(original))
                self.pairs.append((original, copy, held))

    def changed(self) -> bool:
        """Whether the run has changed one of them."""
        return any(is_other(snapshot(copy), held) for _, copy, held in self.pairs)

    def write_back(self, outside: Callable[[Any], Any]) -> None:
        """Do the changes to the originals."""
        for original, copy, held in self.pairs:
            write_changes(original, copy, held, outside)


def run_on_copies(fun: Callable, args: tuple, kwargs: dict) -> Any:
    """Call ``fun`` with copies of the arrays among its arguments, for it writes into these. What shares memory still
    does so then."""
    copy = Owner([], []).copy if overlap(tree_leaves((args, kwargs))) else lambda x: x.copy(order="K")
    copies = tree_map(lambda x: copy(x) if type(x) is np.ndarray else x, (args, kwargs))
    return run_in_place_of(fun, (args, kwargs), copies)


def run_in_place_of(fun: Callable, originals: tuple[tuple, dict], copies: tuple[tuple, dict]) -> Any:
    """Call ``fun`` with ``copies`` of its arguments; what it changes in containers is done to the originals."""
    containers = Containers(originals, copies)
    try:
        return fun(*copies[0], **copies[1])
    finally:
        cleaner = Cleaner(containers.originals)
        containers.write_back(cleaner.plain)
        cleaner.clean_all()


def overlap(leaves: Sequence, outside: Sequence = ()) -> bool:
    """Whether two different arrays among ``leaves`` may share memory; with ``outside`` whether one of them may with one
    of these arrays."""
    if outside:
        return any(np.may_share_memory(x, y) for x in leaves if type(x) is np.ndarray for y in outside)
    arrays = {id(x): x for x in leaves if type(x) is np.ndarray and x.size}
    bounds = sorted(map(byte_bounds, arrays.values())) if len(arrays) > 1 else ()
    return any(end > start for (_, end), (start, _) in itertools.pairwise(bounds))
