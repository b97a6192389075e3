"""Products with the Jacobian: ``vjp`` pulls cotangents back, ``jvp`` pushes tangents forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..core.foreign import array_types, is_of_another_library
from ..core.infinitesimals import settled
from ..core.pytree import Structure, tree_flatten
from ..core.tracebacks import border, hide_frames
from ..core.tracer import to_value
from ..core.transformed import check_function
from ..core.unknown_names import unknown_keyword
from ..core.unknown_sizes import is_same_shape
from ..numpy.array_kinds import instead_of
from .border import describe, select_arguments, to_input
from .flat_function import FlatFunction
from .ownership import detach, own_value, separate

__all__ = ["jvp", "make_pullback", "vjp"]


@border
def vjp(fun: Callable, *args: Any, has_aux: bool = False, **unknown: NoReturn) -> tuple:
    """Evaluate ``fun`` and return the function that pulls cotangents back through it.

    Arguments:
        fun: a function of ``args`` that returns numbers, arrays, or containers of them.
        args: where to evaluate; numbers, arrays or containers.
        has_aux: ``fun`` returns ``(output, aux)``.

    Returns ``(output, pullback)``, or ``(output, pullback, aux)``. ``pullback(g)``, for ``g`` like the output, is the
    tuple of the cotangents of the arguments; it can be called any number of times.

    >>> output, pullback = vjp(lambda x, y: x * y, 3.0, 4.0)
    >>> float(output), [float(g) for g in pullback(1.0)]
    (12.0, [4.0, 3.0])
    """
    if unknown:
        raise unknown_keyword("vjp", unknown)
    return make_pullback("vjp", "cotangent", fun, args, has_aux)


def make_pullback(name: str, role: str, fun: Callable, args: tuple, has_aux: bool = False) -> tuple:
    """What :func:`vjp` returns; ``name`` and ``role`` are who pulls back what, for messages."""
    check_function(name, fun, f"{name}(f, x)")
    selection = select_arguments(name, fun, args, {}, tuple(range(len(args))))
    flat = FlatFunction(name, fun, selection, has_aux)
    flat.inputs = list(map(own_value, flat.inputs))
    flat.record()
    outputs = flat.outputs

    def pullback(g):
        try:
            cotangents = match_leaves(name, role, g, flat.structure, outputs, flat.nodes)
            return settled(selection.result(separate(flat.pull(*cotangents), cotangents)))
        except Exception as error:
            hide_frames(error)
            raise

    pullback.__qualname__ = "pullback"
    # The caller may write into what is returned here, and into the arguments, before the pullback reads them.
    flat.values = detach(list(map(own_value, flat.values)), args)
    return settled(flat.with_aux(flat.output(flat.outputs), pullback))


@border
def jvp(fun: Callable, primals: Sequence, tangents: Sequence, has_aux: bool = False, **unknown: NoReturn) -> tuple:
    """Evaluate ``fun`` at ``primals`` and push ``tangents`` forward through it.

    Arguments:
        fun: a function of ``primals`` that returns numbers, arrays, or containers of them.
        primals: the arguments, as a tuple or list.
        tangents: one for each argument, of the same structure and shapes.
        has_aux: ``fun`` returns ``(output, aux)``.

    Returns ``(output, tangent)``, the tangent being like the output; ``(output, tangent, aux)`` with ``has_aux``.

    >>> output, tangent = jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    >>> float(output), float(tangent)
    (12.0, 4.0)
    """
    if unknown:
        raise unknown_keyword("jvp", unknown)
    check_function("jvp", fun, "jvp(f, (x,), (t,))")
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TypeError("jvp: primals and tangents are tuples with one entry for each argument: jvp(f, (x,), (t,)).")
    selection = select_arguments("jvp", fun, tuple(primals), {}, tuple(range(len(primals))))
    tangent_leaves, tangent_structure = tree_flatten(tuple(tangents))
    if tangent_structure != selection.structure:
        raise TypeError(
            f"jvp: the tangents have the structure {tangent_structure}, but the primals {selection.structure}; "
            "* is a number."
        )
    tangent_leaves = [tangent_leaves[i] for i in selection.numeric]
    input_tangents = [match_leaf("jvp", "tangent", t, x) for t, x in zip(tangent_leaves, selection.inputs)]
    flat = FlatFunction("jvp", fun, selection, has_aux)
    outputs, pushed = flat.push(*input_tangents)
    both = detach([*outputs, *pushed], primals, tangents)
    return settled(flat.with_aux(flat.output(both[: flat.count]), flat.output(both[flat.count :])))


def match_leaves(name: str, role: str, tree: Any, structure: Structure, likes: Sequence, nodes: Sequence) -> list:
    """The leaves of ``tree``, each checked against the array it belongs to, which has no node where it is constant."""
    leaves, given = tree_flatten(tree)
    if given != structure:
        whose = "output" if role == "cotangent" else "primals"
        raise TypeError(f"{name}: the {role} has the structure {given}, but the {whose} {structure}; * is a number.")
    return [match_leaf(name, role, leaf, like, node is not None) for leaf, like, node in zip(leaves, likes, nodes)]


def match_leaf(name: str, role: str, leaf: Any, like: Any, is_used: bool = True) -> Any:
    """``leaf`` with the dtype of ``like``; TypeError if it is no number, has another shape, or is complex of a real."""
    value = to_input(leaf)
    if value is None or not is_same_shape(value.shape, np.shape(like)):
        found = describe(leaf) if value is None else f"of shape {value.shape}"
        instead = instead_of(leaf) if value is None else None
        hint = f" Hand over {instead}." if instead else ""
        hint = hint or (" It is the last positional argument." if role == "vector" else "")
        raise TypeError(f"{name}: a {role} is {found}, but belongs to a value of shape {np.shape(like)}.{hint}")
    if array_types and is_used and is_of_another_library(value, like):
        raise TypeError(
            f"{name}: a {role} is {describe(to_value(value))}, but belongs to {describe(to_value(like))}, of another "
            "library. Convert it: np.asarray(t, like=x)."
        )
    dtype = getattr(like, "dtype", value.dtype)  # a constant output may be a number of Python's
    if value.dtype == dtype or dtype.kind not in "fc":
        return value
    if value.dtype.kind == "c" and dtype.kind != "c":
        raise TypeError(f"{name}: a {role} is complex, but belongs to a real value.")
    return value.astype(dtype)
