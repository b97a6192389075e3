"""Taylor mode: all derivatives along a curve up to some order, in one pass."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..core.infinitesimals import settled
from ..core.pytree import tree_flatten, tree_unflatten
from ..core.taylor import Series, trace_taylor
from ..numpy import wrapped as anp
from .border import Selection, select_arguments
from .flat_function import FlatFunction, fill_zeros, of_its_library
from ..core.tracebacks import border
from ..core.transformed import Transformed, check_function
from ..core.unknown_names import unknown_keyword
from .ownership import detach
from .products import match_leaf

__all__ = ["derivatives", "jet"]


@border
def derivatives(
    fun: Callable, order: int, argnums: int = 0, *, argnames: str | None = None, has_aux: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The function that computes ``fun`` and its derivatives up to ``order`` in one number.

    Arguments:
        fun: a function of a number x that returns numbers, arrays, or containers of them. Of an array x the
            derivatives are those of ``fun(x + t)`` in the number t at 0: for a function that works element by element,
            its derivatives at each element.
        order: how many derivatives. The work grows as its square; that of nested ``grad`` doubles with each.
        argnums, argnames: the position of x among the arguments, or its name.
        has_aux: ``fun`` returns ``(output, aux)``; then so does the result, with the list for the output.

    Returns a function of the same arguments. Its result is the list ``[f(x), f'(x), …]`` of length ``order + 1``, each
    like the output of ``fun``.

    The coefficients of the Taylor series are carried through the function by recurrences (A. Griewank and A. Walther,
    "Evaluating Derivatives", 2nd ed., SIAM 2008, chapter 13). A function without a recurrence takes them from its rule
    for forward mode, computed on series. Kinks and poles are treated as by ``grad``: a tie of ``maximum`` is shared,
    ``abs`` and ``hypot`` have derivative 0 at 0, and what does not move at all has derivative 0 where a slope is
    infinite. At a branch point (``sqrt`` at 0) derivatives are infinite or, where infinities cancel, NaN.

    >>> from autodiff_trace import numpy as anp
    >>> [float(d) for d in derivatives(anp.exp, 3)(0.0)]
    [1.0, 1.0, 1.0, 1.0]
    >>> import numpy as np
    >>> derivatives(lambda x: x**3, 2)(np.array([1.0, 2.0]))
    [array([1., 8.]), array([ 3., 12.]), array([ 6., 12.])]
    """
    if unknown:
        raise unknown_keyword("derivatives", unknown)
    order = check_order(order)
    return Transformed(
        "derivatives", apply_derivatives, fun, order=order, argnums=argnums, argnames=argnames, has_aux=has_aux
    )


def check_order(order: Any) -> int:
    try:
        number = operator.index(order)
    except TypeError:
        number = -1
    if number < 0:
        raise ValueError(
            f"derivatives: order is a whole number, 0 or more, not {order!r}. Write derivatives(f, order)(x).")
    return number


def apply_derivatives(fun, options, args, kwargs):
    order = options["order"]
    selection = select_arguments("derivatives", fun, args, kwargs, options["argnums"], options["argnames"])
    if len(selection.leaves) != 1 or selection.structure.children[0].kind is not None or not selection.single:
        raise TypeError(
            "derivatives: the argument must be one number or array. For derivatives along a curve through several "
            "numbers use jet(f, primals, series)."
        )
    direction = Series([anp.ones_like(selection.inputs[0])[()], *[None] * (order - 1)])
    terms, aux = run("derivatives", fun, selection, [direction], order, options["has_aux"])
    return (terms, aux) if options["has_aux"] else terms


@border
def jet(fun: Callable, primals: Sequence, series: Sequence, **unknown: NoReturn) -> tuple:
    """Evaluate ``fun`` along a curve: its value and its derivatives in t, from those of the arguments.

    Arguments:
        fun: a function of ``primals`` that returns numbers, arrays, or containers of them.
        primals: where the curve of each argument starts, at t = 0; a tuple or list.
        series: for each argument a list of the derivatives of its curve, the first, the second and so on, each like the
            argument. All lists have the same length n.

    Returns ``(output, terms)``: the value of ``fun`` at t = 0 and the list of its n derivatives, each like the output.
    The first is what ``jvp`` gives.

    >>> from autodiff_trace import numpy as anp
    >>> output, terms = jet(lambda x, y: x * y, (2.0, 3.0), ([1.0, 0.0], [1.0, 0.0]))  # (2 + t) (3 + t)
    >>> float(output), [float(term) for term in terms]
    (6.0, [5.0, 2.0])
    """
    if unknown:
        raise unknown_keyword("jet", unknown)
    check_function("jet", fun, "jet(f, (x,), ([x1, x2],))")
    sequences = (tuple, list)
    if not isinstance(primals, sequences) or not isinstance(series, sequences) or len(primals) != len(series):
        raise TypeError("jet: primals and series are tuples, an entry for each argument: jet(f, (x,), ([x1, x2],)).")
    if any(not isinstance(each, sequences) for each in series) or len({len(each) for each in series}) > 1:
        raise TypeError("jet: series has for each argument a list of derivatives, and all have the same length.")
    order = len(series[0]) if series else 0
    selection = select_arguments("jet", fun, tuple(primals), {}, tuple(range(len(primals))))
    columns = []
    for k in range(order):
        term = tuple(each[k] for each in series)
        leaves, structure = tree_flatten(term)
        if structure != selection.structure:
            raise TypeError(f"jet: a derivative has the structure {structure}, but the primals {selection.structure}.")
        leaves = [match_leaf("jet", "derivative", leaves[i], x) for i, x in zip(selection.numeric, selection.inputs)]
        scaled = [scale_term(leaf, 1 / math.factorial(k + 1)) for leaf in leaves]
        columns.append([*map(of_its_library, selection.inputs, scaled)])
    nodes = [Series(node) for node in zip(*columns)]
    terms, _ = run("jet", fun, selection, nodes, order, has_aux=False)
    return settled((terms[0], terms[1:]))


def run(name: str, fun: Callable, selection: Selection, nodes: list, order: int, has_aux: bool) -> tuple[list, Any]:
    """The derivatives 0 … order of the output, each like the output, and the auxiliary output."""
    flat = FlatFunction(name, fun, selection, has_aux)
    if order:
        values, series = trace_taylor(flat, selection.inputs, nodes, order)
    else:
        values = flat(*selection.inputs)
        series = [None] * len(values)
    rows = [values[: flat.count]]
    for k in range(1, order + 1):
        row = [None if node is None else node[k - 1] for node in series[: flat.count]]
        rows.append([None if c is None else scale_term(c, math.factorial(k)) for c in row])
    filled = [x for row in rows for x in fill_zeros(values, row)]
    given = selection.args, selection.kwargs, [list(node) for node in nodes]
    leaves = detach([*filled, *values[flat.count :]], given)
    terms = [flat.output(leaves[k * flat.count : (k + 1) * flat.count]) for k in range(order + 1)]
    return terms, tree_unflatten(flat.aux_structure, leaves[(order + 1) * flat.count :])


def scale_term(c: Any, factor: float) -> Any:
    """A coefficient times a factorial or its reciprocal."""
    return c if factor == 1 else c * float(factor)
