"""Views: what is written through one is seen in the array and the other way round, exactly where NumPy says so, in
every mode."""

import warnings

import numpy as np
import pytest

from autodiff_trace import TracedValueError, grad, jit, jvp, vjp, vmap
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


WAYS_TO_WRITE = [write_into_the_view, write_the_array, write_both, write_a_slice_first]


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


BATCH = np.stack([X, X + 0.25, 2 * X])
AXES = [0, -1, 1]
DIRECTION = np.sin(BATCH[1])


@pytest.mark.filterwarnings("ignore:Numpy has detected that you:DeprecationWarning")
@pytest.mark.parametrize("name", CALLS)
def test_views_are_numpys(name):
    """Each way to write, to a kind of array each, mapped along an axis, and one way compiled; all go in turn."""
    turn = list(CALLS).index(name)
    for i, write in enumerate(WAYS_TO_WRITE):
        make, axis = ARRAYS[(turn + i) % len(ARRAYS)], AXES[(turn + i) % len(AXES)]
        try:
            check_views(name, write, make, axis, compiled=turn // 4 % len(WAYS_TO_WRITE) == i)
        except Exception as error:
            raise AssertionError(f"{name}, {write.__name__}, {make.__name__}, axis {axis}: {error}") from error


def check_views(name, write, make, axis, compiled):
    """The values and derivatives of a program, also mapped along ``axis``."""
    values, total = program(CALLS[name], write, make, np)
    traced, _ = program(CALLS[name], write, make, anp)

    def value_and_gradient(x):
        """The values, and the gradient of their total."""
        y, pull = vjp(traced, x)
        return y, pull(2.0 * y * WEIGHTS[: y.shape[0]])[0]

    mapped = np.moveaxis(BATCH, 0, axis)
    mapped = mapped.copy() if axis == 1 else mapped
    expected = outcome(values, X.copy())
    if isinstance(expected, type):
        assert_same(outcome(value_and_gradient, X), expected)
        assert_same(outcome(lambda: jvp(traced, (X,), (X,))), expected)
        assert_same(outcome(vmap(traced, in_axes=axis), mapped), expected)
        return
    expected_slope = slope(total, X, DIRECTION)
    tolerance = {"rtol": 1e-4 if "float32" in name else 1e-9}
    y, pushed = jvp(traced, (X,), (DIRECTION,))
    assert_same(y, expected)
    np.testing.assert_allclose(np.sum(2.0 * y * WEIGHTS[: y.shape[0]] * pushed), expected_slope, **tolerance)
    y, gradient = value_and_gradient(X)
    assert_same(y, expected)
    np.testing.assert_allclose(np.sum(gradient * DIRECTION), expected_slope, **tolerance)
    all_y, gradients = vmap(value_and_gradient, in_axes=axis)(mapped)
    np.testing.assert_allclose(all_y, [values(x.copy()) for x in BATCH], rtol=1e-6)
    np.testing.assert_allclose(np.sum(gradients[0] * DIRECTION), expected_slope, **tolerance)
    if compiled:
        jitted = jit(value_and_gradient)
        for x in (X, X, X + 0.25):
            y, gradient = jitted(x)
            np.testing.assert_allclose(y, values(x.copy()), rtol=1e-6)
            np.testing.assert_allclose(gradient, value_and_gradient(x)[1], rtol=1e-6)


def elements(x):
    """The steps of an array in memory, and what is a view of it."""
    y = x
    for z in (y.ravel(), y.reshape(-1), y.T.ravel("K"), y[..., :2].ravel("K")):
        z[...] = z * 2.0
    return y


@pytest.mark.parametrize("x", [
    np.arange(24.0).reshape(4, 2, 3), np.asfortranarray(np.arange(24.0).reshape(4, 2, 3)),
    np.arange(48.0).reshape(4, 2, 6)[:, :, ::2], np.arange(12.0).reshape(4, 3), np.arange(24.0).reshape(4, 6)[:, ::2],
])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_elements_of_a_batch_lie_where_numpy_has_them(x, axis):
    gaps = np.empty((*x.shape[:-1], 2 * x.shape[-1]))[..., ::2]
    copies = np.moveaxis(np.empty_like(x) if x.flags.forc else gaps, axis, 0)
    copies[...] = np.moveaxis(x, axis, 0)
    expected = [elements(each) for each in copies]
    np.testing.assert_array_equal(vmap(elements, in_axes=axis)(x), expected)


# Numbers are immutable, arrays of no dimensions are not


def running_sums(x):
    total, found = 0.0, []
    for i in range(3):
        total += x[i]
        found.append(total)
    return anp.stack(found)


def scaled_alias(x):
    a = x[0]
    b = a
    b *= 2.0
    c = d = anp.sum(x)
    d -= a
    return anp.stack([a, b, c, d])


def array_of_no_dimensions(x):
    x = x * 1.0
    a = anp.zeros(())
    b = a
    a += x[0]
    a *= x[1]
    a[...] = a + x[2]
    c = d = x[1, ...]
    c += 1.0
    e = f = anp.asarray(x[0])
    e += 1.0
    g = h = anp.zeros_like(x[0])
    g += x[2]
    i = j = anp.copy(x[2])
    i *= 2.0
    return anp.stack([b, d, f, h, j, x[1]])


def items_of_no_dimensions(x):
    y = anp.sum(x * x)
    z = y[...]
    z[()] = z[()] * 2.0
    return anp.stack([y[()], y[...][()], y[None][0], z, y.item(), z.item(), y.tolist(), y.reshape(1)[0], z.flat[0]])


ON_NUMBERS = [running_sums, scaled_alias, array_of_no_dimensions, items_of_no_dimensions]
V = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize("function", ON_NUMBERS)
def test_numbers_and_arrays_of_no_dimensions(function, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(function.__globals__, "anp", np)
        expected = function(V.copy())
    for found in (jvp(function, (V,), (V,))[0], *vmap(function)(np.stack([V, V])), jit(function)(V),
                  jit(vmap(function))(V[None])[0], vmap(lambda x: jvp(function, (x,), (x,))[0])(V[None])[0],
                  vmap(vmap(function))(V[None, None])[0, 0]):
        np.testing.assert_allclose(found, expected)
    check_grads(function, V)


@pytest.mark.parametrize("transform", [grad, lambda f: lambda x: vmap(f)(x[None]), jit])
def test_numbers_cannot_be_written_to(transform):
    def f(x):
        y = x[0] * 1.0
        y[...] = 1.0
        return y

    with pytest.raises(TypeError, match="number|item assignment"):
        transform(f)(V)


# Complex parts


def through_parts(m, x):
    z = x * (1.0 + 2.0j)
    z.real[1] = 5.0 * x[0]
    z.imag = z.real * 2.0
    part = m.imag(z[1:])
    part *= x[1]
    z.real = z.real + 1.0
    z[:2].real[...] += x[2]
    y = z.imag.copy()
    y.real = y * 2.0
    y.real[0] = x[0] * 7.0
    return m.concatenate([z.real, z.imag, m.real(z.conj()), y])


def test_parts_of_complex_arrays_are_written_through():
    expected = through_parts(np, V.copy())

    def traced(x):
        return through_parts(anp, x)

    for found in (traced(V.copy()), jvp(traced, (V,), (V,))[0], vmap(traced)(V[None])[0], jit(traced)(V)):
        np.testing.assert_allclose(found, expected)
    check_grads(traced, V)


def test_infinite_parts_stay_apart():
    def f(x):
        z = x * (0.0 + 1.0j)
        z.real = np.inf
        return z.imag

    np.testing.assert_array_equal(jvp(f, (V,), (V,))[0], V)


def test_real_arrays_have_no_imaginary_part():
    with pytest.raises(TypeError, match="imaginary"):
        grad(lambda x: setattr(x, "imag", 1.0))(V)


# flat, shape, resize, view


def flat_is_read(m, y):
    flat = y.flat
    first = next(flat)
    return m.stack([first, next(flat), flat[2], m.sum(y.flat), *y.T.flat, m.max(y.flat), y.flat.copy()[1], flat[1:3][0],
                    m.asarray(len(y.flat) + flat.index + 10 * flat.coords[1]) * 1.0])


def flat_is_written(m, y):
    y.flat[1] = y[0, 0] * 3.0
    y.T.flat[4:] = [7.0, 8.0]
    y.flat[[0, 2]] = 1.0
    copied = y.flat[1:3]
    copied *= 5.0
    z = y[1]
    z.flat = [2.0 * y[0, 1], 4.0]
    part = y[:, 1:]
    part.flat[1] = 9.0
    return m.concatenate([y.ravel(), copied, z])


def shape_is_set(m, y):
    row, kept = y[0], y
    y.shape = (3, 2)
    y[2, 0] = 5.0 * row[0]
    row *= 2.0
    z = y.T
    y.shape = 6
    z[0] = 1.0
    part = kept[2:4]
    part.shape = (2, 1)
    part[1] = 30.0
    row.shape = (3, 1)
    row[2] = row[0]
    return m.concatenate([y, z.ravel(), row.ravel(), part.ravel(), kept])


def size_is_set(m, y):
    z = m.copy(y)
    z.resize(2, 2)
    w = m.copy(y).T.copy("F")
    w.resize((4, 2))
    v = y[0] * 1.0
    v.resize(5)
    v[4] = z[0, 0]
    return m.concatenate([z.ravel(), w.ravel(), v])


def views_are_taken(m, y):
    z, w, v = y.view(), y.view(np.float64), y.T.view(type=np.ndarray)
    z[0] = 2.0 * y[1]
    w[1, 1] = 3.0
    v[2] = z[0, :2]
    return m.concatenate([y.ravel(), v.ravel()])


def numbers_about_memory(m, y):
    z = y.T[1:]
    z[0] = 1.0
    return y * float(z.strides[0] + 100 * z.flags.c_contiguous + 1000 * z.flags.owndata)


def windows_are_taken(m, y):
    w = np.lib.stride_tricks.sliding_window_view(y, 2, axis=1)
    y[0, 1] = 10.0 * y[1, 1]
    whole = np.lib.stride_tricks.sliding_window_view(y, (2, 2))
    return m.concatenate([w.ravel(), m.sum(whole * y[0, 0], axis=(-2, -1)).ravel()])


ATTRIBUTES = [flat_is_read, flat_is_written, shape_is_set, size_is_set, views_are_taken, numbers_about_memory,
              windows_are_taken]


@pytest.mark.parametrize("function", ATTRIBUTES)
def test_attributes(function):
    expected = function(np, X * 1.0)

    def traced(x):
        return function(anp, x * 1.0)

    for found in (jvp(traced, (X,), (X,))[0], *vmap(traced)(np.stack([X, X])), jit(traced)(X),
                  jit(vmap(traced))(X[None])[0], vmap(lambda x: jvp(traced, (x,), (x,))[0])(X[None])[0]):
        np.testing.assert_allclose(found, expected)
    check_grads(traced, X)


@pytest.mark.parametrize("wrong, error, text", [
    (lambda y: setattr(y.T, "shape", (6,)), AttributeError, "reshape"),
    (lambda y: setattr(y, "shape", (5,)), ValueError, "reshape"),
    (lambda y: y[0].resize(2), ValueError, "resize"),
    (lambda y: [y[0], y.resize(2)], ValueError, "resize"),
    (lambda y: y.view(np.complex128), TracedValueError, "view"),
    (lambda y: windows(y[0], 2, writeable=True).fill(1.0), TracedValueError, "same memory"),
    (lambda y: anp.diag(y).fill(1.0), ValueError, "read-only"),
    (lambda y: anp.broadcast_to(y, (2, 2, 3))[0].fill(1.0), ValueError, "read-only"),
    (lambda y: windows(y[0], 2).fill(1.0), ValueError, "read-only"),
    (lambda y: anp.reshape(y.T, -1, copy=False), (ValueError, TypeError), "copy"),  # no keyword of NumPy 2.0
    (lambda y: anp.reshape(y, -1, order="K"), ValueError, "K"),
    (lambda y: anp.ravel(y, "X"), ValueError, "order"),
])
def test_what_cannot_be(wrong, error, text):
    for transform in (grad, lambda f: lambda x: vmap(f)(x[None])):
        with pytest.raises(error, match=text):
            transform(lambda x: wrong(x * 1.0))(X)


def test_a_failed_write_changes_nothing():
    def f(x):
        y = x * 1.0
        with pytest.raises(ValueError, match="read-only"):
            anp.diagonal(y)[0] = 5.0
        return anp.sum(y * y)

    np.testing.assert_array_equal(grad(f)(X), 2 * X)


def test_rules_of_windows():
    check_grads(lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)) ** 2, np.arange(12.0).reshape(3, 4))
    check_grads(lambda x: np.lib.stride_tricks.sliding_window_view(x, 3, axis=-1) ** 2, np.arange(10.0).reshape(2, 5))
    check_grads(lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2), (0, 0)), np.arange(5.0))


def asked_for_memory(m, x):
    y = x * 1.0
    z, w, c = y[1:], y[:1], y + 0.0
    y[0] = 5.0
    z *= 2.0
    v = z[:1]
    pairs = [(y, z), (z, w), (z, v), (v, y.T), (y, c), (y.copy(), y), (y, y.reshape(-1, 1)), (y[::2], y[1::2])]
    shared = [float(m.shares_memory(*pair)) for pair in pairs]
    return m.sum(y) * np.array(shared + [float(m.may_share_memory(*pair)) for pair in pairs])


def test_whether_memory_is_shared():
    expected = asked_for_memory(np, V)
    for found in (jvp(lambda x: asked_for_memory(anp, x), (V,), (V,))[0],
                  vmap(lambda x: asked_for_memory(anp, x))(V[None])[0], jit(lambda x: asked_for_memory(np, x))(V)):
        np.testing.assert_array_equal(found, expected)


def test_trimmed_zeros_are_a_view():
    def f(x):
        y = anp.concatenate([np.zeros(1), x, np.zeros(1)])
        anp.trim_zeros(y)[0] = 5.0
        return anp.sum(y * y)

    np.testing.assert_array_equal(grad(f)(V), [0.0, 4.0, 6.0])


def test_views_without_elements():
    def f(x):
        y = x * 1.0
        for z in (y.ravel(order="K"), y.T.reshape(-1), y[:, :1]):
            z *= 2.0
            z[...] = 1.0
        y.shape = (0, 2)
        y.flat = []
        return anp.sum(y)

    empty = np.zeros((2, 0))
    assert grad(f)(empty).shape == jit(grad(f))(empty).shape == (2, 0)
    np.testing.assert_array_equal(vmap(f)(np.zeros((3, 2, 0))), np.zeros(3))


ORDERS = {
    "F": lambda: anp.zeros((3, 4), order="F"),
    "moved axes": lambda: anp.transpose(anp.zeros((2, 2, 3)), (1, 2, 0)),
    "outer and inner swapped": lambda: anp.transpose(anp.zeros((2, 3, 2)), (1, 0, 2)),
    "part of F": lambda: anp.zeros((8, 6), order="F")[::2, ::2],
}

WRITES = {
    "m += x": lambda m, x: m.__iadd__(x.reshape(m.shape)),
    "out=": lambda m, x: np.add(x.reshape(m.shape), 1.0, out=m),
    "cumsum out=": lambda m, x: anp.cumsum(x.reshape(m.shape), 0, out=m),
    "copyto": lambda m, x: anp.copyto(m, x.reshape(m.shape)),
    "flat": lambda m, x: m.flat.__setitem__(1, x[0]),
    "put": lambda m, x: m.put([1], x[:1]),
    "flip": lambda m, x: anp.flip(m).__setitem__(0, x[1]),
    "through T": lambda m, x: m.T.__setitem__(0, x[1]),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("write", WRITES)
def test_results_of_what_has_been_written_lie_as_it_does(write, order):
    def f(x):
        m = ORDERS[order]()
        WRITES[write](m, x)
        y = m * 2.0  # has its axes in the order of those of m
        anp.ravel(y.T)[0] = 100.0  # a view, if that is the order F
        return anp.concatenate([anp.ravel(y), y.ravel("K")])

    x = np.arange(1.0, 13.0)
    expected = f(x)
    for found in (jvp(f, (x,), (x,))[0], vjp(f, x)[0], vmap(f)(np.stack([x, x]))[1], jit(f)(x)):
        np.testing.assert_array_equal(found, expected)
