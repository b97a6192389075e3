"""Carries: what a loop hands from turn to turn. Its structure, shapes and dtypes stay, and its memory is its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import caller_line
from ..core.pytree import Structure, tree_flatten
from ..core.tracer import boxers, innermost_trace, is_box, own_box
from ..core.tree_paths import first_difference
from .border import as_plain_array
from .steps import number
from .trace_substitution import current

__all__ = ["check_carry", "kind_of", "own", "to_root", "writable"]


def check_carry(loop: str, body: str, carry: Any, structure: Structure, kinds: Sequence) -> list:
    """The leaves of a carry that ``body`` returned. Raises TypeError where it is not like the first one."""
    leaves, found = tree_flatten(carry)
    if found != structure:
        raise TypeError(
            f"{loop}: {body} returned the carry {found}, but init is {structure} ({caller_line()}): "
            f"{first_difference(found, structure)}."
        )
    for i, kind in enumerate(kinds):
        own_kind = kind_of(leaves[i])
        if own_kind != kind:
            raise TypeError(
                f"{loop}: {body} returned a carry in which leaf {i} is {show(own_kind)}, but in init it is "
                f"{show(kind)} ({caller_line()}). Start from an init with the shape and dtype of what it returns."
            )
    return leaves


def to_root(loop: str, leaf: Any) -> Any:
    """``leaf`` for blocks that run again: the caller may write into a box of theirs before."""
    return own_box(leaf) if is_box(leaf) else as_plain_array(loop, leaf)


def kind_of(leaf: Any) -> Any:
    """What must not change of a leaf: shape and dtype of a number or array, else the leaf itself."""
    leaf = number(leaf)
    return (leaf.shape, leaf.dtype.newbyteorder("=")) if type(leaf) in boxers else leaf


def show(kind: Any) -> str:
    return f"{kind[1]}{list(kind[0])}" if isinstance(kind, tuple) else repr(kind)


def own(leaf: Any) -> Any:
    """``leaf`` such that writing into it, or into what it came from, does not reach the other."""
    return own_box(current(leaf)) if is_box(leaf) else leaf.copy() if type(leaf) is np.ndarray else leaf


def writable(leaf: Any) -> Any:
    """A leaf of the carry for a body to write into, if it likes: where a trace runs also traced values."""
    leaf = own(leaf)
    trace = innermost_trace()
    return boxers[np.ndarray](leaf, trace, None) if trace is not None and type(leaf) is np.ndarray else leaf
