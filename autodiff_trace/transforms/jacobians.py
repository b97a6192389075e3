"""Whole Jacobians and Hessians: all rows or columns at once, by mapping one pullback or one linear map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..core.recording import is_recording
from ..numpy import wrapped as anp
from ..numpy.canonical import as_array
from .complex_jacobians import check_holomorphic, is_complex, probe, pull_rows, push_columns, real_block, turned
from .flat_function import FlatFunction
from ..core.tracebacks import border
from ..core.transformed import Transformed, check_positions
from ..core.unknown_names import unknown_keyword
from .gradient import grad
from .ownership import detach
from .seeds import map_seeds, total_size
from .sparsity import sparse_jacobian

__all__ = ["hessian", "jacfwd", "jacobian", "jacrev"]

FEW = 3
"""So many rows are pulled back one by one, which takes 0.8 to 0.95 of the time of a batch."""


@border
def jacobian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    chunk_size: int | None = None,
    sparsity: Any = None,
    dense: bool = False,
    check: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The function that computes the Jacobian of ``fun``, in the mode that takes fewer passes.

    Arguments:
        fun: returns numbers, arrays, or containers of them.
        argnums, argnames, has_aux: as in :func:`grad`.
        chunk_size: how many rows (columns) are computed at once; by default as many as take about 64 MiB.
        sparsity: a pattern of nonzeros, to save passes: integer index pairs of shape (nnz, 2), a boolean matrix, or
            a sparse matrix with ``tocoo()``; "detect" finds it at each call (:func:`detect_sparsity` finds it once).
            Rows are the elements of the output, columns those of the argument, numbered through. The result is then
            ``(indices, values)``: index pairs by rows, and the entries of the Jacobian there.
        dense: with ``sparsity``, the result is the whole array all the same.
        check: with ``sparsity``, compare with ``jvp`` in a random direction; ValueError if the pattern lacks an entry.

    Returns a function of the same arguments. For an output of shape (m…) and an argument of shape (n…) its result has
    the shape (m…, n…). With containers it is an output-like container of argument-like containers.

    For a real argument x the result is ∂f/∂x, complex where the output is. For a complex argument z it is
    ∂f/∂Re z − i ∂f/∂Im z of a real output, as :func:`grad` gives it, and df/dz of a complex one. The same holds in
    reverse and in forward mode, for sparse Jacobians and for :func:`hessian`.

    Raises TypeError if a complex output is no holomorphic function of a complex argument.

    >>> import numpy as np
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    if unknown:
        raise unknown_keyword("jacobian", unknown)
    check_positions("jacobian", argnums)
    if sparsity is not None:
        options = {"argnames": argnames, "has_aux": has_aux, "chunk_size": chunk_size}
        return sparse_jacobian(fun, argnums, sparsity=sparsity, dense=dense, check=check, **options)
    return make("jacobian", apply_jacobian, fun, argnums, argnames, has_aux, chunk_size)


@border
def jacrev(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    chunk_size: int | None = None,
    **unknown: NoReturn,
) -> Callable:
    """:func:`jacobian` in reverse mode: a pass for each output, all at once. For fewer outputs than inputs.

    >>> import numpy as np
    >>> jacrev(lambda x: x[0] * x[1])(np.array([3.0, 4.0]))
    array([4., 3.])
    """
    if unknown:
        raise unknown_keyword("jacrev", unknown)
    return make("jacrev", apply_jacrev, fun, argnums, argnames, has_aux, chunk_size)


@border
def jacfwd(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    chunk_size: int | None = None,
    **unknown: NoReturn,
) -> Callable:
    """:func:`jacobian` in forward mode: a pass for each input, all at once. For fewer inputs than outputs.

    >>> import numpy as np
    >>> jacfwd(lambda x: x * np.arange(3.0))(2.0)
    array([0., 1., 2.])
    """
    if unknown:
        raise unknown_keyword("jacfwd", unknown)
    return make("jacfwd", apply_jacfwd, fun, argnums, argnames, has_aux, chunk_size)


def make(name, apply, fun, argnums, argnames, has_aux, chunk_size):
    return Transformed(name, apply, fun, argnums=argnums, argnames=argnames, has_aux=has_aux, chunk_size=chunk_size)


def apply_jacobian(fun, options, args, kwargs):
    """Reverse mode, unless its trace shows that there are more outputs than inputs."""
    flat = FlatFunction.of_call("jacobian", fun, options, args, kwargs)
    flat.record()
    # A reverse pass costs about as much as two forward ones.
    if total_size(flat.outputs) > 2 * total_size(flat.inputs):
        return apply_jacfwd(fun, options, args, kwargs)
    return rows_by_pullback(flat, options["chunk_size"])


def apply_jacrev(fun, options, args, kwargs, name="jacrev"):
    flat = FlatFunction.of_call(name, fun, options, args, kwargs)
    flat.record()
    return rows_by_pullback(flat, options["chunk_size"])


def apply_jacfwd(fun, options, args, kwargs):
    flat = FlatFunction.of_call("jacfwd", fun, options, args, kwargs)
    inputs = flat.inputs
    shapes = None

    def push(*tangents):
        nonlocal shapes
        # Here, where each tangent may have outputs of its own: vectors that belong to repeated eigenvalues.
        outputs, pushed = flat.push(*tangents)
        shapes = [anp.shape(x) for x in outputs]
        return outputs, pushed

    all_columns = map_seeds(lambda *tangents: push_columns(push, tangents), inputs, (), options["chunk_size"])
    # Column j of the Jacobian is row j of these: the mapped axis goes last and takes the shape of the argument.
    ends = np.cumsum([x.size for x in inputs]).tolist()
    blocks = []
    for output, shape, columns in zip(flat.outputs, shapes, all_columns):
        row = [
            anp.reshape(anp.moveaxis(columns[end - x.size : end], 0, -1), shape + x.shape)
            for x, end in zip(inputs, ends)
        ]
        blocks.append([real_block(block, output, x) for block, x in zip(row, inputs)])
    check_columns(flat.name, push, inputs, list(map(as_array, flat.outputs)), blocks)
    selection = flat.selection
    for i, row in enumerate(blocks):
        blocks[i] = detach(row, selection.args, selection.kwargs, blocks[:i])
    return flat.with_aux(flat.output(list(map(selection.result, blocks))))


def check_columns(name: str, push: Callable, inputs: list, outputs: list, blocks: list) -> None:
    """Check that complex outputs are holomorphic functions of the complex inputs, in one direction."""
    if not any(map(is_complex, inputs)) or not any(map(is_complex, outputs)):
        return
    directions = [probe(x) if is_complex(x) else None for x in inputs]
    _, found = push(*turned(directions))
    for t, output, row in zip(found, outputs, blocks):
        if is_complex(output):
            terms = [(block, r) for block, r in zip(row, directions) if r is not None]
            expected = sum([anp.tensordot(block, 1j * r, r.ndim) for block, r in terms])
            size = sum([anp.tensordot(anp.abs(block), anp.abs(r), r.ndim) for block, r in terms])
            check_holomorphic(name, t, expected, size, output)


def rows_by_pullback(flat, chunk_size):
    """The Jacobian row by row: the pullback mapped over the unit cotangents of each output."""
    inputs, selection, blocks = flat.inputs, flat.selection, []
    if chunk_size is None and total_size(flat.outputs) <= FEW and not is_recording():
        chunk_size = 1
    for i, output in enumerate(map(as_array, flat.outputs)):  # some may be plain numbers

        def pull(g, before=[None] * i):
            return flat.pull(*before, g)

        columns = map_seeds(
            lambda g, pull=pull, output=output: pull_rows(pull, [g], [output], inputs), [output], inputs, chunk_size)
        row = [anp.reshape(each, np.shape(output) + x.shape) for x, each in zip(inputs, columns)]
        check_rows(flat.name, pull, inputs, output, row)
        blocks.append(selection.result(detach(row, selection.args, selection.kwargs, blocks)))
    return flat.with_aux(flat.output(blocks))


def check_rows(name: str, pull: Callable, inputs: list, output: Any, row: list) -> None:
    """Check that a complex output is a holomorphic function of the complex inputs, for one sum of its rows."""
    if not is_complex(output) or not any(map(is_complex, inputs)):
        return
    r = probe(output)
    value = anp.tensordot(r, anp.abs(output), r.ndim)
    for found, x, block in zip(pull(1j * r), inputs, row):
        if is_complex(x):
            size = anp.tensordot(anp.abs(r), anp.abs(block), r.ndim)
            check_holomorphic(name, found, anp.tensordot(1j * r, block, r.ndim), size, value)


@border
def hessian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    chunk_size: int | None = None,
    sparsity: Any = None,
    dense: bool = False,
    check: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The function that computes the matrix of second derivatives: ``jacobian(grad(fun))``.

    For an argument of shape (n…) the result has the shape (n…, n…); for several arguments, or containers, it is a
    container of containers of such blocks. With ``sparsity``, a pattern or "detect", it is ``(indices, values)``, as
    :func:`jacobian` has it.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    if unknown:
        raise unknown_keyword("hessian", unknown)
    check_positions("hessian", argnums)
    if sparsity is not None:
        gradient = grad(fun, argnums, argnames=argnames, has_aux=has_aux)
        return jacobian(
            gradient, argnums, argnames=argnames, has_aux=has_aux, chunk_size=chunk_size, sparsity=sparsity,
            dense=dense, check=check,
        )
    return make("hessian", apply_hessian, fun, argnums, argnames, has_aux, chunk_size)


def apply_hessian(fun, options, args, kwargs):
    gradient = grad(fun, options["argnums"], argnames=options["argnames"], has_aux=options["has_aux"])
    return apply_jacrev(gradient, options, args, kwargs, name="hessian")
