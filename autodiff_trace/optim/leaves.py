"""Leaves of parameters, gradients and states: put side by side, checked, and moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.batching import BatchTrace
from ..core.pytree import Structure, tree_flatten
from ..core.recording import RecordingTrace
from ..core.tracer import is_box
from ..core.tree_paths import first_difference, path_text
from ..numpy import wrapped as anp

__all__ = ["check_column", "column_like", "conjugate_of", "flat_gradients", "is_half", "keep", "move", "real_zeros",
           "root", "shape_of", "square_of", "zeros"]


def zeros(leaf: Any) -> Any:
    """A zero of the shape and precision of ``leaf``, single for half, whose squares are none; None for what is no
    number."""
    if type(leaf) in (float, int, complex):
        return 0.0
    kind = getattr(getattr(leaf, "dtype", None), "kind", None)
    if is_half(leaf):
        return np.zeros_like(leaf, np.float32)[()]
    if isinstance(leaf, np.generic):
        return leaf.dtype.type(0) if kind in ("f", "c") else np.float64(0.0) if kind in ("i", "u") else None
    return np.zeros_like(leaf) if kind in ("f", "c") else np.zeros(leaf.shape) if kind in ("i", "u") else None


def is_half(leaf: Any) -> bool:
    return getattr(leaf, "dtype", None) == np.float16


def real_zeros(leaf: Any) -> Any:
    """The same for what is real of complex numbers, too."""
    zero = zeros(leaf)
    return zero.real.copy() if getattr(getattr(zero, "dtype", None), "kind", None) == "c" else zero


def conjugate_of(g: Any) -> Any:
    """Of the gradient ∂f/∂Re − i ∂f/∂Im of a complex parameter the direction of steepest ascent, its conjugate."""
    return anp.conjugate(g) if anp.iscomplexobj(g) else g


def square_of(g: Any) -> Any:
    """|g|², element by element."""
    return anp.real(g * anp.conjugate(g)) if anp.iscomplexobj(g) else g * g


def root(s: Any) -> Any:
    """√s, of which the derivative at zero is zero: parameters that have not moved yet stay where they are."""
    return anp.where(s == 0, s, s**0.5) if is_followed(s) else s**0.5


def is_followed(x: Any) -> bool:
    """Whether derivatives of ``x`` are taken."""
    while is_box(x):
        if not isinstance(x._trace, (BatchTrace, RecordingTrace)):
            return True
        x = x._value
    return False


def keep(new: Any, old: Any) -> Any:
    """``new`` in the precision of ``old``, whatever that of hyperparameters."""
    dtype = getattr(old, "dtype", None)
    if dtype is None or dtype.kind not in "fc" or new.dtype == dtype:
        return new
    if new.dtype.kind == "c" and dtype.kind == "f":
        raise TypeError("optim: a gradient is complex, but its parameter or the state is real; hand over real ones.")
    return new.astype(dtype)


def move(p: Any, change: Any) -> Any:
    return keep(p + change, p)


def shape_of(leaf: Any) -> tuple[int, ...] | None:
    """The shape of a number or an array; None for what is none."""
    shape = getattr(leaf, "shape", None)
    if shape is None and isinstance(leaf, (float, int, complex)) and not isinstance(leaf, bool):
        return ()
    return shape


def flat_gradients(name: str, grads: Any, params: Any) -> tuple[list, list, Structure]:
    """The leaves of gradients and of parameters (of gradients again, where there are none), and their structure.

    Raises ValueError or TypeError where the two do not belong together.
    """
    leaves, structure = tree_flatten(grads)
    if params is None:
        for i, g in enumerate(leaves):
            if g is not None and shape_of(g) is None:
                raise no_gradient(name, g, structure, i)
        return leaves, leaves, structure
    columns, own = tree_flatten(params)
    if own != structure:
        raise ValueError(
            f"{name}: the structures differ: of params {own}, but of grads {structure}: "
            f"{first_difference(own, structure)}. The order is update(grads, state, params)."
        )
    for i, (g, p) in enumerate(zip(leaves, columns)):
        if g is None:
            continue
        shape, wanted = shape_of(g), shape_of(p)
        if shape is None or wanted is None:
            raise no_gradient(name, g if shape is None else p, structure, i)
        if shape != wanted:
            place = path_text(structure, i)
            raise ValueError(f"{name}: the gradient{place} has shape {shape}, but the parameter has shape {wanted}.")
    return leaves, columns, structure


def no_gradient(name: str, leaf: Any, structure: Structure, i: int) -> TypeError:
    return TypeError(
        f"{name}: there is a gradient{path_text(structure, i)} of {type(leaf).__name__}, which is no number; gradients "
        "are what grad gives, None there. The order is update(grads, state, params)."
    )


def column_like(name: str, field: str, tree: Any, structure: Structure) -> list:
    """The leaves of a field of a state, which is a container like the parameters."""
    leaves, own = tree_flatten(tree)
    if own != structure:
        raise ValueError(
            f"{name}: the state is one of other parameters: state.{field} and grads: "
            f"{first_difference(own, structure)}. Begin with state = init(params)."
        )
    return leaves


def check_column(name: str, field: str, slots: Sequence, leaves: Sequence, structure: Structure) -> None:
    for i, (slot, g) in enumerate(zip(slots, leaves)):
        if g is not None and shape_of(slot) != shape_of(g):
            found = "nothing" if slot is None else f"shape {shape_of(slot)}"
            raise ValueError(
                f"{name}: the state is one of other parameters: state.{field} has {found}{path_text(structure, i)}, "
                f"but the gradient has shape {shape_of(g)}. Begin with state = init(params)."
            )
