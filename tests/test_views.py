"""Views: what is written through one is seen in the array and the other way round, exactly where NumPy says so, in
every mode."""

import warnings

import numpy as np
import pytest

from autodiff_trace import TracedValueError, grad, jit, jvp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

windows = np.lib.stride_tricks.sliding_window_view

# What is done to a matrix ``y``, by functions of ``m``, NumPy or its traced form. Lists are of results that are written
# one after the other.
CALLS = {
    "y[1:]": lambda m, y: y[1:],
    "y[0]": lambda m, y: y[0],
    "y[..., 0]": lambda m, y: y[..., 0],
    "y[0, 1, ...]": lambda m, y: y[0, 1, ...],
    "y[None]": lambda m, y: y[None],
    "y[::-1, ::2]": lambda m, y: y[::-1, ::2],
    "y[[0, 1]]": lambda m, y: y[[0, 1]],
    "y[y > -9]": lambda m, y: y[np.ones((2, 3), bool)],
    "y[i][None]": lambda m, y: [row[None] for row in y],
    "reshape": lambda m, y: m.reshape(y, (3, 2)),
    "reshape F": lambda m, y: m.reshape(y, (3, 2), order="F"),
    "reshape A": lambda m, y: m.reshape(y, (3, 2), order="A"),
    "reshape A by position": lambda m, y: m.reshape(y, (3, 2), "A"),
    "reshape method": lambda m, y: y.reshape(3, 2, order="A"),
    "reshape of T": lambda m, y: y.T.reshape(-1),
    "reshape of T, F": lambda m, y: y.T.reshape(-1, order="F"),
    "reshape to ()": lambda m, y: y[:1, :1].reshape(()),
    "reshape with a copy": lambda m, y: m.reshape(m.copy(y), (3, 2)),
    "ravel": lambda m, y: m.ravel(y),
    "ravel F": lambda m, y: m.ravel(y, "F"),
    "ravel A": lambda m, y: m.ravel(y, "A"),
    "ravel K": lambda m, y: m.ravel(y, order="K"),
    "ravel K of T": lambda m, y: y.T.ravel("K"),
    "ravel of rows": lambda m, y: y[:, 1:].ravel(),
    "ravel of rows, K": lambda m, y: y[:, 1:].ravel("K"),
    "ravel of a column": lambda m, y: y[:, 0].ravel(),
    "reshape of a column": lambda m, y: y[:, 0].reshape(-1),
    "reshape of rows": lambda m, y: y[:, 1:].reshape(-1),
    "ravel of swapped": lambda m, y: m.swapaxes(y[None], 0, 2).ravel("K"),
    "flatten": lambda m, y: y.flatten(),
    "flatten F": lambda m, y: y.flatten("F"),
    "flatten K of T": lambda m, y: y.T.flatten("K"),
    "transpose": lambda m, y: m.transpose(y),
    "transpose method": lambda m, y: y.transpose(1, 0),
    "T": lambda m, y: y.T,
    "mT": lambda m, y: y.mT,
    "permute_dims": lambda m, y: m.permute_dims(y, (1, 0)),
    "swapaxes": lambda m, y: m.swapaxes(y, 0, 1),
    "moveaxis": lambda m, y: m.moveaxis(y, 0, 1),
    "moveaxis to its place": lambda m, y: m.moveaxis(y, 1, 1),
    "rollaxis": lambda m, y: m.rollaxis(y, 1),
    "matrix_transpose": lambda m, y: m.matrix_transpose(y),
    "linalg.matrix_transpose": lambda m, y: m.linalg.matrix_transpose(y),
    "linalg.diagonal": lambda m, y: m.linalg.diagonal(y),
    "expand_dims": lambda m, y: m.expand_dims(y, 1),
    "squeeze": lambda m, y: m.squeeze(y[:1]),
    "squeeze of nothing": lambda m, y: m.squeeze(y),
    "squeeze of one element": lambda m, y: m.squeeze(y[:1, :1]),
    "atleast_1d": lambda m, y: m.atleast_1d(y),
    "atleast_2d": lambda m, y: m.atleast_2d(y[0]),
    "atleast_3d": lambda m, y: m.atleast_3d(y),
    "broadcast_to": lambda m, y: m.broadcast_to(y, (2, 2, 3)),
    "broadcast_to its shape": lambda m, y: m.broadcast_to(y, (2, 3)),
    "broadcast_arrays": lambda m, y: m.broadcast_arrays(y, 1.0)[0],
    "diagonal": lambda m, y: m.diagonal(y),
    "diagonal with an offset": lambda m, y: m.diagonal(y[None], 1, 2, 1),
    "diag of a matrix": lambda m, y: m.diag(y),
    "diag of a vector": lambda m, y: m.diag(y[0]),
    "flip": lambda m, y: m.flip(y),
    "flip along an axis": lambda m, y: m.flip(y, axis=1),
    "fliplr": lambda m, y: m.fliplr(y),
    "flipud": lambda m, y: m.flipud(y),
    "rot90": lambda m, y: m.rot90(y),
    "rot90 twice": lambda m, y: m.rot90(y, k=2, axes=(1, 0)),
    "rot90 by nothing": lambda m, y: m.rot90(y, 0),
    "roll": lambda m, y: m.roll(y, 1),
    "real": lambda m, y: y.real,
    "np.real": lambda m, y: m.real(y),
    "conj": lambda m, y: y.conj(),
    "np.conj": lambda m, y: m.conj(y),
    "conjugate": lambda m, y: y.conjugate(),
    "real_if_close": lambda m, y: m.real_if_close(y),
    "astype": lambda m, y: y.astype(float),
    "astype without a copy": lambda m, y: y.astype(float, copy=False),
    "astype in order F": lambda m, y: y.astype(float, order="F", copy=False),
    "astype of T in order F": lambda m, y: y.T.astype(float, order="F", copy=False),
    "astype float32": lambda m, y: y.astype(np.float32, copy=False),
    "copy": lambda m, y: m.copy(y),
    "copy method": lambda m, y: y.copy().ravel("K"),
    "copy method K": lambda m, y: y.T.copy("K").reshape(-1, order="A"),
    "copy F": lambda m, y: m.copy(y, order="F").ravel("K"),
    "array": lambda m, y: array(m, y),
    "array without a copy": lambda m, y: array(m, y, copy=None),
    "array with ndmin": lambda m, y: array(m, y, copy=None, ndmin=3),
    "asarray": lambda m, y: asarray(m, y),
    "asarray in order F": lambda m, y: asarray(m, y, order="F"),
    "asarray of T in order F": lambda m, y: asarray(m, y.T, order="F"),
    "asarray in order F, raveled": lambda m, y: asarray(m, y, order="F").ravel("K"),
    "asarray of T in order C": lambda m, y: asarray(m, y.T, order="C"),
    "asanyarray": lambda m, y: m.asanyarray(y) if m is np else anp.asanyarray(y),
    "ascontiguousarray": lambda m, y: contiguous(m, y),
    "ascontiguousarray of T": lambda m, y: contiguous(m, y.T),
    "ascontiguousarray of rows": lambda m, y: contiguous(m, y[:, :2]),
    "asfortranarray": lambda m, y: fortran(m, y),
    "asfortranarray of T": lambda m, y: fortran(m, y.T),
    "asfortranarray, raveled": lambda m, y: fortran(m, y).ravel("A"),
    "require": lambda m, y: m.require(y),
    "require C of T": lambda m, y: m.require(y.T, requirements="C"),
    "require F": lambda m, y: m.require(y, requirements=["F"]),
    "require F of T": lambda m, y: m.require(y.T, requirements="F"),
    "require O": lambda m, y: m.require(y, requirements="O"),
    "require O of a view": lambda m, y: m.require(y[1:], requirements="O"),
    "require W of a diagonal": lambda m, y: m.require(m.diagonal(y), requirements="W"),
    "split": lambda m, y: m.split(y, 3, axis=1),
    "array_split": lambda m, y: m.array_split(y, 2, axis=1),
    "hsplit": lambda m, y: m.hsplit(y, 3),
    "vsplit": lambda m, y: m.vsplit(y, 2),
    "dsplit": lambda m, y: m.dsplit(y[None], 3),
    "meshgrid": lambda m, y: m.meshgrid(y[0], y[:, 0], copy=False, sparse=True),
    "meshgrid with copies": lambda m, y: m.meshgrid(y[0], y[:, 0], sparse=True),
    "einsum transpose": lambda m, y: m.einsum("ij->ji", y),
    "einsum diagonal": lambda m, y: m.einsum("ii->i", y[:, :2]),
    "view": lambda m, y: y.view(),
    "flat[1:3]": lambda m, y: y.flat[1:3],
    "sliding_window_view": lambda m, y: windows(y[0], 2),
    "take": lambda m, y: m.take(y, [0, 1], axis=0),
    "rows of rows": lambda m, y: y[:, 1:][1].reshape(2, 1).T,
    "of a broadcast": lambda m, y: m.broadcast_to(y, (2, 2, 3))[0].T,
    "sort": lambda m, y: m.sort(y),
    "add": lambda m, y: y + 0.0,
    "positive": lambda m, y: +y,
}
if hasattr(np, "unstack"):  # since NumPy 2.1
    CALLS["unstack"] = lambda m, y: m.unstack(y)
    CALLS["unstack along an axis"] = lambda m, y: m.unstack(y, axis=1)
    CALLS["reshape without a copy"] = lambda m, y: m.reshape(y.T, (2, 3), order="F", copy=False)
    CALLS["linalg.diagonal"] = lambda m, y: m.linalg.diagonal(y)


# np.array(box) asks the box for a plain array, since NumPy has no protocol there: these are functions of ``anp``.


def array(m, y, **kwargs):
    return m.array(y, **kwargs)


asarray, contiguous, fortran = (
    lambda m, y, name=name, **kwargs: getattr(m, name)(y, **kwargs)
    for name in ("asarray", "ascontiguousarray", "asfortranarray")
)


def results_of(call, m, y):
    """The results of a call, as a list."""
    ans = call(m, y)
    return list(ans) if isinstance(ans, (list, tuple)) else [ans]


def write_the_view(call, m, y, new):
    for z in results_of(call, m, y):
        z[...] = new * 10.0
    return y


def write_into_the_view(call, m, y, new):
    for z in results_of(call, m, y):
        z *= 3.0
        z[...] = z + new
        if z.ndim:
            z[-1:] = new
    return y


def write_the_array(call, m, y, new):
    found = results_of(call, m, y)
    y[1, 1] = new
    y *= 2.0
    y[0] = y[0] + new
    return m.concatenate([m.ravel(m.copy(z)) if m is np else anp.reshape(z, -1) for z in found] + [m.ravel(y)])


def write_both(call, m, y, new):
    """Once more after a write: the view of an array that has been written to, and views of a view that has been."""
    y[0, 0] = new
    found = results_of(call, m, y)
    for z in found:
        z[...] = new
    y[1] = 5.0 * new
    again = results_of(call, m, y)
    for z in again:
        z += new
    return m.concatenate([m.reshape(m.copy(z), -1) for z in found + again] + [m.reshape(m.copy(y), -1)])


def write_a_slice_first(call, m, y, new):
    """A view of a view that has been written to, whose value then lies elsewhere."""
    part = y[:, ::1][::1]
    part[1] = new
    for z in results_of(call, m, part):
        z[...] = new
    part += 1.0
    return y


WRITES = [write_the_view, write_into_the_view, write_the_array, write_both, write_a_slice_first]


def in_order_c(m, x):
    return x * 1.0


def in_order_f(m, x):
    return anp.asfortranarray(x * 1.0)


def cut_out(m, x):
    """A matrix whose rows do not follow one another in memory."""
    return m.concatenate([x, x], axis=1)[:, :3]


def transposed(m, x):
    return m.concatenate([x[0], x[1]]).reshape(3, 2).T


ARRAYS = [in_order_c, in_order_f, cut_out, transposed]
X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]])
WEIGHTS = np.cos(np.arange(100.0))


def program(call, write, make, m):
    """The function of a matrix that is tested, and its total with weights."""

    def values(x):
        return anp.reshape(write(call, m, make(m, x), x[0, 0] * 1.0), -1)

    def total(x):
        y = values(x)
        return anp.sum(y * y * WEIGHTS[: y.shape[0]])

    return values, total


def outcome(function, *args):
    """What a function gives, or the type of the error that it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args)
    except (AttributeError, TypeError, ValueError) as error:
        return AttributeError if isinstance(error, AttributeError) else type(error).__mro__[-4:-3] and ValueError


def assert_same(found, expected):
    if isinstance(expected, type):
        assert found is expected, f"NumPy raises, but got {found}"
    else:
        assert not isinstance(found, type), "raises where NumPy does not"
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def slope(total, x, direction):
    """The derivative of ``total`` along a direction, by a difference of plain NumPy: ``total`` is quadratic."""
    return (total(x + direction) - total(x - direction)) / 2


@pytest.mark.parametrize("make", ARRAYS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("write", WRITES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", CALLS)
def test_views_are_numpys(name, write, make):
    values, total = program(CALLS[name], write, make, np)
    traced, traced_total = program(CALLS[name], write, make, anp)
    expected = outcome(values, X.copy())
    batch = np.stack([X, X + 0.25, 2 * X])
    for mapped, axis in [(batch, 0), (np.moveaxis(batch, 0, -1), -1), (np.moveaxis(batch, 0, 1).copy(), 1)]:
        ans = outcome(vmap(traced, in_axes=axis), mapped)
        assert_same(ans if isinstance(ans, type) else ans[0], expected)
        if not isinstance(ans, type):
            np.testing.assert_allclose(ans, [values(x.copy()) for x in batch], rtol=1e-6)
    assert_same(outcome(lambda: jvp(traced, (X,), (X,))[0]), expected)
    if isinstance(expected, type):
        assert_same(outcome(grad(traced_total), X), expected)
        return
    expected_slope = slope(total, X, np.sin(batch[1]))
    tolerance = {"rtol": 1e-4 if "float32" in name else 1e-9}
    for gradient in (grad(traced_total)(X), vmap(grad(traced_total))(batch)[0], grad(jit(traced_total))(X)):
        np.testing.assert_allclose(np.sum(gradient * np.sin(batch[1])), expected_slope, **tolerance)
    pushed = jvp(traced_total, (X,), (np.sin(batch[1]),))[1]
    np.testing.assert_allclose(pushed, expected_slope, **tolerance)
    compiled, compiled_grad = jit(traced), jit(grad(traced_total))
    for x in (X, X, X + 0.25):
        np.testing.assert_allclose(compiled(x), values(x.copy()), rtol=1e-6)
        np.testing.assert_allclose(compiled_grad(x), grad(traced_total)(x), rtol=1e-6)
