"""Rules of the products that sum over an axis: dot, matmul, tensordot and their kin (einsum has its own module)."""

from __future__ import annotations

import functools
import math
import string

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.array_ops import array_ops
from ...core.errors import TracedValueError, caller_line
from .. import moving
from .. import wrapped as anp
from ..broadcasting import unbroadcast
from ..canonical import as_array
from ..definers import define, multilinear
from ..sparsity.products import einsum_sets
from ..batching import align
from .matrices import transposed

__all__: list[str] = []


# matmul: dX = g Yᵀ, dY = Xᵀ g, on stacks of matrices; a vector is a matrix with one row (on the left) or column


def as_matrices(g, x, y):
    """The cotangent and the operands with the axes back that vectors lack."""
    if x.ndim == 1:
        x = anp.expand_dims(x, 0)
        g = anp.expand_dims(g, -1 if y.ndim == 1 else -2)
    if y.ndim == 1:
        y = anp.expand_dims(y, 1)
        g = anp.expand_dims(g, -1)
    return g, x, y


def dense(g):
    """``g``, but of a view with steps of 0, as sums send back, a copy: products of such take 1.3 times as long as of
    matrices in memory, with NumPy 2.0 27 times."""
    return g.copy() if type(g) is np.ndarray and 0 in g.strides else g


def matmul_vjp_x(g, ans, x, y):
    g = dense(g)
    if x.ndim == y.ndim == 2:
        return unbroadcast(g @ y.T, x)
    if x.ndim == 1 and y.ndim <= 2:
        return unbroadcast(g * y if y.ndim == 1 else g @ y.T, x)
    g, row, y = as_matrices(g, x, y)
    return anp.reshape(unbroadcast(g @ transposed(y), row), x.shape)


def matmul_vjp_y(g, ans, x, y):
    g = dense(g)
    if x.ndim == y.ndim == 2:
        return unbroadcast(x.T @ g, y)
    if y.ndim == 1 and x.ndim <= 2:  # from the left, so that a batch of cotangents is one product of matrices
        return unbroadcast(g * x if x.ndim == 1 else g @ x, y)
    g, x, column = as_matrices(g, x, y)
    if column.ndim == 2:  # one matrix for all of a stack: one product of tall matrices instead of a stack to be summed
        rows = math.prod(x.shape[:-1])
        x, g = anp.reshape(x, (rows, x.shape[-1])), anp.reshape(g, (rows, g.shape[-1]))
    return anp.reshape(unbroadcast(transposed(x) @ g, column), y.shape)


def batch_matmul(batch, prim, args, kwargs):
    if kwargs:
        return NotImplemented
    (x, y), (x_mapped, y_mapped) = args, batch.mapped
    x_ndim, y_ndim = np.ndim(x) - bool(x_mapped), np.ndim(y) - bool(y_mapped)
    if y_ndim == 1 and not y_mapped or x_ndim == 1 and y_ndim == 2 and not y_mapped:
        return anp.matmul(x, y)  # one product of a matrix for the whole batch
    if x_ndim == y_ndim == 2 and not y_mapped:  # the same, of all rows
        size, rows, _ = x.shape
        return anp.reshape(anp.matmul(anp.reshape(x, (size * rows, x.shape[2])), y), (size, rows, y.shape[1]))
    if x_ndim == 1:
        x = anp.expand_dims(x, -2)
    if y_ndim == 1:
        y = anp.expand_dims(y, -1)
    ans = anp.matmul(*align([x, y], batch.mapped))
    if x_ndim == 1:
        ans = anp.squeeze(ans, -2)
    return anp.squeeze(ans, -1) if y_ndim == 1 else ans


def matmul_sets(nodes, ans, x, y):
    """Which elements depend on which, as an einsum has it."""
    if any(isinstance(node, list) for node in nodes.values()):
        return NotImplemented
    x_ndim, y_ndim = np.ndim(x), np.ndim(y)
    stacks = string.ascii_lowercase[: max(x_ndim, y_ndim, 2) - 2]
    x_term = stacks[len(stacks) - max(x_ndim - 2, 0) :] + ("ZX" if x_ndim > 1 else "X")
    y_term = stacks[len(stacks) - max(y_ndim - 2, 0) :] + ("XY" if y_ndim > 1 else "X")
    output = stacks + "Z" * (x_ndim > 1) + "Y" * (y_ndim > 1)
    return einsum_sets(f"{x_term},{y_term}->{output}", nodes, ans, (x, y))


multilinear(anp.matmul, matmul_vjp_x, matmul_vjp_y, batching=batch_matmul, sparsity=matmul_sets, shows_nan=True)


# dot: a multiplication by a scalar, matmul up to two dimensions (quicker, and with other signs of zeros), else the sum
# over the last axis of x and the last but one of y, dot(x, y)[i, k, m] = Σⱼ x[i, j] y[k, j, m]


def is_matmul(x, y):
    return 0 < np.ndim(x) <= 2 and 0 < np.ndim(y) <= 2


def dot_vjp_x(g, ans, x, y):
    y = as_array(y)
    if is_matmul(x, y):
        return matmul_vjp_x(g, ans, x, y)
    if x.ndim == 0 or y.ndim == 0:
        return unbroadcast(g * y, x)
    kept = [i for i in range(y.ndim) if i != max(y.ndim - 2, 0)]
    return unbroadcast(anp.tensordot(g, y, (list(range(x.ndim - 1, g.ndim)), kept)), x)


def dot_vjp_y(g, ans, x, y):
    x = as_array(x)
    if is_matmul(x, y):
        return matmul_vjp_y(g, ans, x, y)
    if x.ndim == 0 or y.ndim == 0:
        return unbroadcast(g * x, y)
    kept = list(range(x.ndim - 1))
    product = anp.tensordot(g, x, (kept, kept))
    return unbroadcast(transposed(product) if y.ndim > 1 else product, y)


def batch_dot(batch, prim, args, kwargs):
    ndims = [np.ndim(arg) - bool(each) for arg, each in zip(args, batch.mapped)]
    if 0 in ndims:
        return anp.multiply(*align(args, batch.mapped))
    return batch_matmul(batch, prim, args, kwargs) if max(ndims) <= 2 else NotImplemented


def dot_sets(nodes, ans, x, y):
    return matmul_sets(nodes, ans, x, y) if is_matmul(x, y) else NotImplemented


multilinear(
    anp.dot, dot_vjp_x, dot_vjp_y, batching=batch_dot, sparsity=dot_sets, buffer_position=2, harmless=True,
    shows_nan=True,
)


# The others, by these and multiply


@define(np.tensordot)
def tensordot(a, b, axes=2):
    """One product of matrices: the axes that are summed over are the last of one, and the first of the other."""
    a, b = as_array(a), as_array(b)
    a_axes, b_axes = summed_axes(a.ndim, b.ndim, axes)
    if [a.shape[i] for i in a_axes] != [b.shape[i] for i in b_axes]:
        raise ValueError(
            f"tensordot: shape mismatch for the sum over axes {a_axes} of {a.shape} and {b_axes} of {b.shape}"
        )
    a_kept, b_kept = ([i for i in range(x.ndim) if i not in summed] for x, summed in ((a, a_axes), (b, b_axes)))
    rows, columns = as_matrix(a, a_kept, a_axes), as_matrix(b, b_axes, b_kept)
    shape = (*[a.shape[i] for i in a_kept], *[b.shape[i] for i in b_kept])
    return moving.reshape(anp.matmul(rows, columns), shape)


def summed_axes(a_ndim, b_ndim, axes):
    """The axes of two arrays that are summed over, as nonnegative numbers, pair by pair."""
    if not np.iterable(axes):
        a_axes, b_axes = range(-axes, 0), range(axes)
    else:
        a_axes, b_axes = (list(each) if np.iterable(each) else [each] for each in axes)
    return [normalize_axis_index(i, a_ndim) for i in a_axes], [normalize_axis_index(i, b_ndim) for i in b_axes]


def as_matrix(x, rows, columns):
    """``x`` with the axes ``rows`` as one, and the others as another."""
    order = rows + columns
    shape = tuple([math.prod([x.shape[i] for i in axes]) for axes in (rows, columns)])
    x = x if order == sorted(order) else moving.transpose(x, tuple(order))
    return x if x.shape == shape else moving.reshape(x, shape)


@define(np.inner)
def inner(a, b, /):
    a, b = as_array(a), as_array(b)
    return anp.dot(a, transposed(b) if a.ndim and b.ndim > 1 else b)


@define(np.outer)
def outer(a, b, out=None):
    return anp.multiply(anp.expand_dims(anp.ravel(a), 1), anp.ravel(b), out=out)


@define(np.vdot)
def vdot(a, b, /):
    return anp.dot(conjugate(anp.ravel(a)), anp.ravel(b))


def conjugate(x):
    """``x`` itself if it is real: of bools NumPy's gives integers."""
    return anp.conjugate(x) if x.dtype.kind == "c" else x


def matvec(x1, x2):
    return anp.matmul(x1, anp.expand_dims(x2, -1))[..., 0]


def vecdot(x1, x2):
    if x1.ndim == x2.ndim == 1:
        return anp.matmul(conjugate(x1), x2)
    return anp.matmul(anp.expand_dims(conjugate(x1), -2), anp.expand_dims(x2, -1))[..., 0, 0]


def vecmat(x1, x2):
    return anp.matmul(anp.expand_dims(conjugate(x1), -2), x2)[..., 0, :]


# Keywords of the products that NumPy calls generalized ufuncs. ``order`` and ``subok`` do not change values.


def product_keywords(
    product, ndims, x1, x2, /, out=None, *, axes=None, axis=None, keepdims=False, casting="same_kind", order="K",
    dtype=None, subok=True, signature=None,
):
    """``product(x1, x2)`` of operands with ``ndims`` axes or more, computed in ``dtype``: the vectors and matrices
    lie along ``axes`` or ``axis``."""
    if signature is not None:
        raise TracedValueError(f"{product.__name__}: signature= cannot be traced ({caller_line()}); dtype= can.")
    args = [as_array(x1), as_array(x2)]
    if dtype is not None:
        for arg in args:
            if not np.can_cast(arg.dtype, dtype, casting):
                raise TypeError(f"{product.__name__}: cannot cast from {arg.dtype} to {np.dtype(dtype)}, {casting=}")
        args = [anp.astype(arg, dtype) for arg in args]
    if (axis is not None or keepdims) and product is not vecdot:
        raise TypeError(f"{product.__name__}: axis= and keepdims= are vecdot's; axes= says where the matrices lie.")
    if axis is not None:
        axes = [axis, axis, *([axis] if keepdims else [])]
    places = [(place,) if isinstance(place, int) else tuple(place) for place in axes or ()]
    args = [anp.moveaxis(arg, place, last(place)) for arg, place in zip(args, places)] if places else args
    for i, (arg, ndim) in enumerate(zip(args, ndims)):
        if arg.ndim < ndim:
            raise ValueError(f"{product.__name__}: operand {i} has {arg.ndim} dimensions, but needs {ndim} or more")
    ans = product(*args)
    if keepdims:
        ans = anp.expand_dims(ans, -1)
    if len(places) > 2:
        ans = anp.moveaxis(ans, last(places[2]), places[2])
    return array_ops.store(out, ans)


def last(place):
    """As many axes as ``place`` has, at the end."""
    return tuple(range(-len(place), 0))


anp.matmul.sequence_handler = lambda prim, args, keywords: product_keywords(prim, (), *args, **keywords)

for product, ndims in ((matvec, (2, 1)), (vecdot, (1, 1)), (vecmat, (1, 2))):
    if hasattr(np, product.__name__):  # matvec and vecmat: since NumPy 2.2
        define(getattr(np, product.__name__))(functools.partial(product_keywords, product, ndims))
