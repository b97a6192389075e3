"""Sparse Jacobians: a pattern, given or detected, says which columns or rows one pass can compute together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..core.forward import trace_jvp
from ..core.tracebacks import border
from ..core.tracer import to_value
from ..numpy import wrapped as anp
from ..numpy.sparsity.trace import trace_dependence
from .border import select_arguments
from .flat_function import FlatFunction, fill_zeros
from .coloring import GivenPattern, Pattern
from .complex_jacobians import check_holomorphic, is_complex, probe, pull_rows, push_columns
from ..core.transformed import Transformed
from ..core.unknown_names import unknown_keyword
from .seeds import count_colors, map_seeds, total_size

__all__ = ["detect_sparsity", "sparse_jacobian"]

@border
def detect_sparsity(
    fun: Callable, *args: Any, argnums: int | Sequence[int] = 0, argnames: str | Sequence[str] | None = None,
    **unknown: NoReturn,
) -> np.ndarray:
    """Which elements of the output of ``fun`` may depend on which elements of an argument.

    Arguments:
        fun: a function of ``args`` that returns numbers, arrays, or containers of them.
        args: where to run it. Python branches and indices that are computed from values are taken as they fall here.
        argnums, argnames: the arguments to look at, as in :func:`grad`.

    Returns integers of shape (nnz, 2): the pairs (output element, input element), in order, where the elements of all
    arrays are numbered through, in the order of their containers and in C order within. ``jacobian(fun, sparsity=...)``
    takes them.

    Each step of ``fun`` is followed with sets of elements. Elementwise functions, indexing, reshaping, joining and
    writing, reductions, and products with constant matrices are followed exactly; of any other function every element
    is taken to depend on all that its arguments depend on. So the pattern can have too many entries, never too few.
    Of ``where`` and ``maximum`` both branches count. Piecewise constant functions, such as ``floor``, add none.

    >>> import numpy as np
    >>> detect_sparsity(lambda x: x[1:] - x[:-1], np.zeros(3)).tolist()
    [[0, 0], [0, 1], [1, 1], [1, 2]]
    """
    if unknown:
        raise unknown_keyword("detect_sparsity", unknown)
    selection = select_arguments("detect_sparsity", fun, args, {}, argnums, argnames)
    return detect(FlatFunction("detect_sparsity", fun, selection, has_aux=False)).indices


def detect(flat: FlatFunction) -> Pattern:
    """The pattern of the Jacobian of ``flat`` at its inputs."""
    outputs, nodes = trace_dependence(flat, flat.inputs)
    rows, columns, first, none = [], [], 0, np.zeros(0, np.int64)
    for output, node in list(zip(outputs, nodes))[: flat.count]:
        if node is not None:
            elements, inputs = node.pairs()
            rows.append(elements + first)
            columns.append(inputs)
        first += int(np.size(output))
    pairs = np.stack([np.concatenate([none, *rows]), np.concatenate([none, *columns])], axis=1)
    return Pattern(pairs, (first, total_size(flat.inputs)))


@border
def sparse_jacobian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    sparsity: Any = "detect",
    dense: bool = False,
    check: bool = False,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable:
    """The function that computes the Jacobian of ``fun`` in as few passes as its pattern of nonzeros allows.

    Arguments:
        fun, argnums, argnames, has_aux: as in :func:`jacobian`.
        sparsity: integer index pairs of shape (nnz, 2), a boolean matrix, or a sparse matrix with ``tocoo()``, as SciPy
            has them; "detect" finds the pattern at each call (:func:`detect_sparsity` finds it once). Rows are the
            elements of the output, columns those of the argument, numbered through.
        dense: return the matrix in the shape that :func:`jacobian` gives it, instead of its entries.
        check: compare with ``jvp`` in a random direction, and raise ValueError if the pattern lacks an entry.
        chunk_size: how many passes are made at once; by default as many as take about 64 MiB.

    Returns a function of the same arguments. Its result is ``(indices, values)``: integers of shape (nnz, 2), by rows,
    and the entries of the Jacobian there.

    >>> from autodiff_trace import numpy as anp
    >>> import numpy as np
    >>> indices, values = sparse_jacobian(lambda x: x[1:] * x[:-1])(np.array([1.0, 2.0, 3.0]))
    >>> indices.tolist(), values.tolist()
    ([[0, 0], [0, 1], [1, 1], [1, 2]], [2.0, 1.0, 3.0, 2.0])
    """
    if not isinstance(sparsity, str):
        sparsity = GivenPattern(sparsity)
    elif sparsity != "detect":
        raise ValueError(f"jacobian: sparsity is {sparsity!r}; it must be 'detect' or a pattern.")
    return Transformed(
        "jacobian", apply_sparse_jacobian, fun, argnums=argnums, sparsity=sparsity, dense=dense, check=check,
        argnames=argnames, has_aux=has_aux, chunk_size=chunk_size,
    )


def apply_sparse_jacobian(fun, options, args, kwargs):
    flat = FlatFunction.of_call("jacobian", fun, options, args, kwargs)
    sparsity = options["sparsity"]
    flat.record()
    recorded, outputs, inputs = flat.values, flat.outputs, flat.inputs
    shape = total_size(outputs), total_size(inputs)
    pattern = sparsity.at(shape) if isinstance(sparsity, GivenPattern) else detect(flat)
    columns, rows = pattern.column_colors, pattern.row_colors
    # A reverse pass costs about as much as two forward ones.
    if not pattern.rows.size:
        values = np.zeros(0)
    elif count_colors(columns) <= 2 * count_colors(rows):
        flat.nodes = None
        compressed = map_colors(lambda *each: push_columns(flat.push, each), inputs, outputs, columns, options)
        values = compressed[columns[pattern.columns], pattern.rows]
    else:
        compressed = map_colors(
            lambda *each: pull_rows(flat.pull, each, outputs, inputs), outputs, inputs, rows, options)
        values = compressed[rows[pattern.rows], pattern.columns]
    check_complex(flat, outputs, pattern, values)
    if options["check"]:
        check_pattern(flat, pattern, to_value(values))
    result = to_dense(flat, outputs, pattern, values) if options["dense"] else (pattern.indices, values)
    flat.values = recorded
    return flat.with_aux(result)


def map_colors(fun: Callable, likes: list, answers_like: list, colors: np.ndarray, options: dict) -> Any:
    """For each colour the sum of the columns or rows that have it: of shape (colours, elements of the answers)."""
    answers = map_seeds(fun, likes, answers_like, options["chunk_size"], colors)
    flat = [anp.reshape(each, (len(each), int(np.size(like)))) for each, like in zip(answers, answers_like)]
    return flat[0] if len(flat) == 1 else anp.concatenate(flat, axis=1)


def check_complex(flat: FlatFunction, outputs: list, pattern: Pattern, values: Any) -> None:
    """Check that complex outputs are holomorphic functions of the complex inputs, in one direction."""
    inputs = flat.inputs
    if not any(map(is_complex, inputs)) or not any(map(is_complex, outputs)):
        return
    tangents = [1j * probe(x) if is_complex(x) else None for x in inputs]
    _, found = flat.push(*tangents)
    expected, size = multiply(pattern, values, fill_zeros(inputs, tangents))
    first = 0
    for t, output in zip(found, outputs):
        rows = slice(first, first + int(np.size(output)))
        if is_complex(output):
            check_holomorphic(flat.name, anp.ravel(t), expected[rows], size[rows], anp.ravel(output))
        first = rows.stop


def multiply(pattern: Pattern, values: Any, tangents: Sequence) -> tuple[Any, Any]:
    """The Jacobian with these entries times ``tangents``, and the sum of the absolute values of the terms."""
    terms = values * np.concatenate([np.ravel(to_value(t)) for t in tangents])[pattern.columns]
    rows, starts = np.unique(pattern.rows, return_index=True)

    def by_row(terms):
        zeros = anp.zeros_like(terms, shape=pattern.shape[0])
        return anp.set_item(zeros, rows, anp.add.reduceat(terms, starts)) if rows.size else zeros

    return by_row(terms), by_row(anp.abs(terms))


def check_pattern(flat: FlatFunction, pattern: Pattern, values: np.ndarray) -> None:
    """Compare the product of the entries and a random vector with that of the function's own derivative."""
    inputs = [np.asarray(to_value(x)) for x in flat.inputs]
    rng = np.random.default_rng(0)
    tangents = [rng.uniform(0.5, 1.5, x.shape).astype(x.dtype)[()] for x in inputs]
    outputs, pushed = trace_jvp(flat, [x[()] for x in inputs], tangents)
    outputs = outputs[: flat.count]
    pushed = [np.ravel(to_value(t)) for t in fill_zeros(outputs, pushed)]
    found, size = multiply(pattern, values, tangents)
    # The real part of the product is what a step changes of a real output.
    expected = np.concatenate(pushed)
    keeps = np.concatenate([np.full(t.size, is_complex(y)) for t, y in zip(pushed, outputs)])
    found = np.where(keeps, found, np.real(found))
    eps = max(np.finfo(x.dtype).eps for x in [expected, *inputs])
    tolerance = np.sqrt(eps) * (size + np.abs(expected))
    wrong = np.flatnonzero(np.abs(found - expected) > tolerance)
    if wrong.size:
        raise ValueError(
            f"jacobian: sparsity lacks an entry: element {wrong[0]} of the output depends on an element of the "
            "argument that the pattern does not have in its row. detect_sparsity(f, x) finds a complete pattern."
        )


def to_dense(flat: FlatFunction, outputs: list, pattern: Pattern, values: Any) -> Any:
    """The whole Jacobian, of the shape of the output and then that of the argument."""
    if flat.count != 1 or len(flat.inputs) != 1:
        raise TypeError("jacobian: dense=True wants one array as the argument and one as the output.")
    matrix = anp.set_item(anp.zeros_like(values, shape=pattern.shape), (pattern.rows, pattern.columns), values)
    whole = anp.reshape(matrix, (*np.shape(outputs[0]), *flat.inputs[0].shape))
    return flat.output([flat.selection.result([whole])])
