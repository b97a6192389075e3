"""Functions that give the same elements another shape, move them, repeat them, pad them, make arrays of them."""

import copy
import warnings

import numpy as np
import pytest
from table import Row, complex_rows, row, table_test

from autodiff_trace import grad, jvp, vjp
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)

UNSEEN = ("plain numpy",)  # NumPy hands these functions to no array type: np.array(x) of a traced x raises
MOVED_IN_MEMORY = ("derivatives", "float32")  # finite differences are taken at arrays laid out in another order


def normal(*shape):
    return rng.normal(size=shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


SHAPES = [
    row("transpose", normal(2, 3)),
    row("transpose", normal(2, 3, 4), (1, 2, 0)),
    row("transpose", normal(2, 3, 4), axes=(-1, 0, -2)),
    row("transpose", normal(3), 0),
    row("transpose", np.float64(2.0)),
    row("permute_dims", normal(2, 3, 4), axes=(-1, 0, -2)),
    row("matrix_transpose", normal(2, 3, 4)),
    row("moveaxis", normal(2, 3, 4), 0, -1),
    row("moveaxis", normal(2, 3, 4), (0, -1), (1, 0)),
    row("moveaxis", normal(2, 3, 4), source=[2, 0], destination=[0, 1]),
    row("swapaxes", normal(2, 3, 4), -1, 0),
    row("rollaxis", normal(2, 3, 4), 2),
    row("rollaxis", normal(2, 3, 4), 0, 3),
    row("rollaxis", normal(2, 3, 4), -1, -2),
    row("rollaxis", normal(2, 3, 4), axis=1, start=2),
    row("reshape", normal(2, 3, 4), (4, -1)),
    row("reshape", normal(2, 3, 4), -1),
    Row("reshape", (normal(2, 3, 4)[:, ::2], (4, 4),), {"order": "F"}),
    Row("reshape", (normal(2, 3, 4).T, (4, 6),), {"order": "A"}, skip=MOVED_IN_MEMORY),
    Row("reshape", (normal(2, 3, 4), (4, 6),), {"order": "A"}, skip=MOVED_IN_MEMORY),
    *[row("reshape", normal(2, 3), shape=(3, 2))] * (np.lib.NumpyVersion(np.__version__) >= "2.1.0"),
    row("reshape", normal(0, 3), (3, 0, 1)),
    row("reshape", np.float64(2.0), (1, 1)),
    row("ravel", normal(2, 3).T),
    Row("ravel", (normal(2, 3),), {"order": "F"}),
    Row("ravel", (normal(2, 3).T,), {"order": "K"}, skip=MOVED_IN_MEMORY),
    Row("ravel", (normal(2, 3).T,), {"order": "A"}, skip=MOVED_IN_MEMORY),
    row("ravel", normal(2, 3), "F"),
    row("expand_dims", normal(2, 3), 1),
    row("expand_dims", normal(2, 3), (0, -1)),
    row("squeeze", normal(1, 2, 1)),
    row("squeeze", normal(1, 2, 1), axis=-1),
    row("squeeze", normal(1, 2, 1), axis=(0, 2)),
    row("atleast_1d", np.float64(2.0)),
    row("atleast_1d", np.float64(2.0), normal(2, 3), [1.0, 2.0]),
    row("atleast_2d", np.float64(2.0), normal(3), normal(2, 1, 3)),
    row("atleast_2d", normal(3)),
    row("atleast_3d", np.float64(2.0), normal(3), normal(2, 3), normal(2, 1, 3)),
    row("broadcast_to", normal(3), (2, 3)),
    row("broadcast_to", normal(2, 1), (4, 2, 3)),
    row("broadcast_to", np.float64(2.0), (2, 0)),
    row("broadcast_arrays", normal(3), normal(2, 1), np.float64(2.0)),
    row("broadcast_arrays", normal(3), 2.0),
    row("meshgrid", normal(3), normal(2)),
    row("meshgrid", normal(3), normal(2), normal(4), indexing="ij"),
    row("meshgrid", normal(3), normal(2), normal(1), sparse=True),
    row("meshgrid", normal(3), normal(2), copy=False),
    row("meshgrid", normal(3)),
    row("meshgrid", normal(3), np.float64(2.0)),
    Row("copy", (normal(2, 3).T,), {"order": "F"}),
    row("copy", complex_normal(2)),
]

MOVED = [
    row("flip", normal(2, 3)),
    row("flip", normal(2, 3), 1),
    row("flip", normal(2, 3, 4), axis=(0, -1)),
    row("fliplr", normal(2, 3)),
    row("flipud", normal(2, 3)),
    row("roll", normal(2, 3), 2),
    row("roll", normal(2, 3), -1, 1),
    row("roll", normal(2, 3), (1, -1), (0, 1)),
    row("roll", normal(0), 1),
    row("rot90", normal(2, 3)),
    row("rot90", normal(2, 3), k=2),
    row("rot90", normal(2, 3, 4), -1, (1, 2)),
    row("tile", normal(3), 2),
    row("tile", normal(2, 3), (2, 1)),
    row("tile", normal(3), (2, 1, 3)),
    row("tile", normal(2, 1, 3), 2),
    row("tile", np.float64(2.0), (2, 2)),
    row("tile", normal(3), 0),
    row("tile", normal(0, 2), (2, 2)),
    row("repeat", normal(2, 3), 2),
    row("repeat", normal(2, 3), 2, axis=-1),
    row("repeat", normal(2, 3), [2], axis=0),
    row("repeat", normal(2, 3), repeats=np.array([0, 2, 1]), axis=1),
    row("repeat", normal(2, 2), [1, 0, 2, 3]),
    row("repeat", np.float64(2.0), 3),
    row("repeat", normal(2, 3), 0, axis=0),
    row("resize", normal(2, 3), (2, 5)),
    row("resize", normal(2, 3), 4),
    row("resize", normal(0), (2, 2)),
    row("tril", normal(3, 3)),
    row("tril", normal(2, 3, 4), k=-1),
    row("triu", normal(3, 4), 1),
    row("triu", normal(3)),
    row("diag", normal(3)),
    row("diag", normal(3), k=-1),
    row("diag", normal(3, 4), 1),
    row("diag", normal(4, 3), k=-2),
    row("diag", complex_normal(3, 3)),
    row("diagflat", normal(2, 2), 1),
    row("diagflat", np.float64(2.0)),
    row("diagonal", normal(3, 4)),
    row("diagonal", normal(3, 4), offset=2),
    row("diagonal", normal(3, 4), offset=-3),
    row("diagonal", normal(2, 3, 4), 1, 0, 2),
    row("diagonal", normal(2, 3, 3), axis1=-1, axis2=-2, offset=1),
    row("trace", normal(3, 3)),
    row("trace", normal(2, 3, 4), offset=1, axis1=2, axis2=1),
    row("trace", normal(0, 0)),
    row("trace", complex_normal(3, 3)),
    row("trace", normal(3, 3), dtype=np.float64),
]

PADDED = [
    row("pad", normal(3), 2),
    row("pad", normal(2, 3), ((1, 0), (0, 2))),
    row("pad", normal(2, 3), (1, 2), "constant"),
    row("pad", normal(2, 3), 1, constant_values=((1.0, 2.0), (3.0, 4.0))),
    row("pad", normal(0, 3), 1),
    row("pad", np.float64(2.0), 1),
    row("pad", normal(2, 3), ((2,), (1,)), "edge"),
    row("pad", normal(2, 3), 3, "linear_ramp", end_values=(1.0, -1.0)),
    row("pad", normal(2, 3), 3, "linear_ramp"),
    row("pad", normal(3), 5, "reflect"),
    row("pad", normal(3), (5, 7), "reflect", reflect_type="odd"),
    row("pad", normal(2, 1), 2, "reflect", reflect_type="odd"),
    row("pad", normal(2, 3), (5, 3), "symmetric"),
    row("pad", normal(2, 3), (7, 8), "symmetric", reflect_type="odd"),
    row("pad", normal(2, 3), (4, 5), "wrap"),
    row("pad", normal(2, 3), 1, "maximum"),
    row("pad", normal(3, 4), (2, 1), "minimum", stat_length=2),
    row("pad", normal(3, 4), ((2, 1), (0, 1)), "mean", stat_length=((1, 2), (3, 9))),
    row("pad", normal(3, 4), 1, "median"),
    row("pad", complex_normal(2), 1),
]

MADE = [
    row("array", normal(2, 3), skip=UNSEEN),
    row("array", [np.float64(1.0), [2.0][0], 3], skip=UNSEEN),
    row("array", [[1.0, normal(2)[0]], [2.0, np.float64(3.0)]], skip=UNSEEN),
    row("array", [normal(2), normal(2)], ndmin=3, skip=UNSEEN),
    row("array", normal(2), dtype=np.complex128, skip=UNSEEN),
    row("asarray", [normal(2), (1.0, 2.0)], skip=UNSEEN),
    row("asanyarray", normal(2), skip=UNSEEN),
    row("ascontiguousarray", normal(2, 3).T, skip=UNSEEN),
    row("ascontiguousarray", np.float64(2.0), skip=UNSEEN),
    row("asfortranarray", normal(2, 3), skip=UNSEEN),
    row("require", normal(2, 3), None, ["F", "W"], skip=UNSEEN),
    row("full", (2, 3), np.float64(2.0), skip=UNSEEN),
    row("full", (2, 3), normal(3), dtype=np.float64, skip=UNSEEN),
    row("full_like", normal(2, 3), np.float64(2.0)),
    row("full_like", normal(2, 3), normal(3), shape=(2, 2, 3)),
    row("linspace", np.float64(1.0), np.float64(3.0), 5),
    row("linspace", normal(2), normal(3, 1), 4, axis=1),
    row("linspace", normal(2), 1.0, num=4, endpoint=False, axis=-1),
    row("linspace", 0.5, np.float64(2.0), 3, retstep=True),
    row("linspace", np.float64(1.0), np.float64(3.0), 1),
    row("linspace", np.float64(1.0), np.float64(3.0), 0),
    row("logspace", np.float64(0.2), np.float64(1.3), 4),
    row("logspace", np.float64(0.2), normal(2), 3, base=np.array([2.0, 3.0]), axis=-1),
    row("logspace", np.float64(0.2), np.float64(1.3), 3, False, np.float64(2.5)),
    row("geomspace", np.float64(0.5), np.float64(4.0), 4),
    row("geomspace", np.array([0.5, 2.0]), np.float64(4.0), 4, axis=1),
    row("geomspace", np.float64(-0.5), np.float64(-4.0), 4, endpoint=False),
    row("geomspace", np.complex128(1j), np.complex128(2.0), 4),
]

test_shapes = table_test(SHAPES)
test_moved = table_test(MOVED)
test_padded = table_test(PADDED)
test_made = table_test(MADE)
test_complex = table_test(complex_rows(SHAPES + MOVED + PADDED + MADE))


# Shapes


def test_transpose_with_negative_axes():
    x = normal(2, 3, 4)
    g = vjp(lambda x: anp.transpose(x, (-2, -1, 0)), x)[1](np.arange(24.0).reshape(3, 4, 2))[0]
    np.testing.assert_array_equal(g, np.arange(24.0).reshape(3, 4, 2).transpose(2, 0, 1))


@pytest.mark.parametrize("order", ["A", "K"])
@pytest.mark.parametrize("flatten", [lambda x, order: x.flatten(order), lambda x, **order: x.ravel(**order), anp.ravel])
def test_order_of_an_array_in_fortran_order(flatten, order):
    def flat(x):
        return flatten(x, order=order)

    x = np.asfortranarray(normal(2, 3))
    weights = np.arange(6.0)
    expected = weights.reshape((2, 3), order="F")
    np.testing.assert_array_equal(grad(lambda x: anp.sum(weights * flat(x)))(x), expected)
    np.testing.assert_allclose(jvp(flat, (x,), (expected,))[1], weights)


def test_order_that_the_memory_does_not_settle_is_refused():
    with pytest.raises(ValueError, match="ravel: order='K'"):
        grad(lambda x: anp.sum(anp.ravel(x, order="K")))(normal(4, 6)[::2, ::3])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, anp.copy, np.copy, lambda x: x.copy()])
def test_copies_keep_the_gradient(copied):
    np.testing.assert_array_equal(grad(lambda x: anp.sum(copied(x) * x))(np.array([1.0, 2.0])), [2.0, 4.0])
    assert grad(lambda x: copy.deepcopy({"a": [x]})["a"][0] * 3.0)(2.0) == 3.0


def test_astype_through_float32_keeps_the_gradient_through_integers_not():
    x = np.array([1.5, 2.5])
    g = grad(lambda x: anp.sum(x.astype(np.float32) ** 2).astype(float))(x)
    assert g.dtype == np.float64
    np.testing.assert_allclose(g, 2 * x)
    np.testing.assert_array_equal(grad(lambda x: anp.sum(x.astype(int) * x))(x), [1.0, 2.0])
    np.testing.assert_array_equal(jvp(lambda x: x.astype(int) * 1.0, (x,), (x,))[1], [0.0, 0.0])


def test_metadata_of_indices():
    x = normal(3, 3)
    g = grad(lambda x: anp.sum(x[anp.tril_indices_from(x)]) + anp.sum(x[np.diag_indices_from(x)]))(x)
    np.testing.assert_array_equal(g, np.tril(np.ones((3, 3))) + np.eye(3))


def test_ix_of_a_traced_value_is_refused():
    with pytest.raises(TracedValueError, match="ix_"):
        grad(lambda x: anp.sum(np.ones(3)[anp.ix_(x)]))(normal(2))


def test_views_of_flipped_arrays_write_through():
    def f(x):
        y = x * 1.0
        anp.flip(y)[0] = 5.0
        return anp.sum(y * y)

    np.testing.assert_array_equal(grad(f)(np.array([1.0, 2.0])), [2.0, 0.0])


# pad


def test_pad_with_traced_values():
    x = normal(2, 3)
    for values in (np.float64(2.0), normal(2), normal(2, 2), normal(2, 1)):
        check_grads(lambda x, v: anp.pad(x, ((1, 2), (0, 3)), constant_values=v), x, values)
        check_grads(lambda x, v: anp.pad(x, ((1, 2), (0, 3)), "linear_ramp", end_values=v), x, values)
        traced = vjp(lambda v: anp.pad(x, ((1, 2), (0, 3)), constant_values=v), values)[0]
        np.testing.assert_array_equal(traced, np.pad(x, ((1, 2), (0, 3)), constant_values=values))
    check_grads(lambda x, v: anp.pad(x, 1, constant_values=[(v, 1.0), (2.0, v * v)]), x, 3.0)


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("width", [(0, 1), (3, 0), (4, 9), (12, 11)])
def test_odd_reflections_as_numpy_has_them_however_wide(mode, size, width):
    x = rng.integers(-9, 9, size) * 1.0
    expected = np.pad(x, width, mode, reflect_type="odd")
    np.testing.assert_allclose(vjp(lambda x: anp.pad(x, width, mode, reflect_type="odd"), x)[0], expected)


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.2.0", reason="widths as a dict: since NumPy 2.2")
def test_pad_widths_by_axis():
    x = normal(2, 3)
    found = vjp(lambda x: anp.pad(x, {-1: (1, 2), 0: 1}), x)[0]
    np.testing.assert_array_equal(found, np.pad(x, {-1: (1, 2), 0: 1}))


def test_pad_refusals():
    x = normal(2)
    with pytest.raises(TracedValueError, match="pad: a function as mode="):
        grad(lambda x: anp.sum(anp.pad(x, 1, lambda *args: None)))(x)
    with pytest.raises(ValueError, match="mode 'mirror' is not supported"):
        grad(lambda x: anp.sum(anp.pad(x, 1, "mirror")))(x)
    with pytest.raises(ValueError, match="constant_values"):
        grad(lambda x: anp.sum(anp.pad(x, 1, "edge", constant_values=1.0)))(x)
    with pytest.raises(ValueError, match="negative"):
        grad(lambda x: anp.sum(anp.pad(x, -1)))(x)
    with pytest.raises(ValueError, match="empty axis 0"):
        grad(lambda x: anp.sum(anp.pad(x, 1, "edge")))(normal(0))


def test_pad_empty_leaves_the_gradient_of_the_inside():
    np.testing.assert_array_equal(grad(lambda x: anp.sum(anp.pad(x, 1, "empty")[1:-1]))(normal(2)), [1.0, 1.0])


# Made arrays


def test_array_of_traced_values_in_lists():
    def f(x, y):
        return anp.array([[x, 1.0, y[0]], [2, x * y[1], 0.0]])

    check_grads(f, 2.0, normal(2))
    np.testing.assert_array_equal(vjp(f, 2.0, np.array([3.0, 4.0]))[0], [[2.0, 1.0, 3.0], [2.0, 8.0, 0.0]])
    assert grad(lambda x: anp.sum(anp.array([x, 2.0], dtype=np.float32)).astype(float))(1.0).dtype == np.float64
    assert grad(lambda x: anp.sum(anp.array([x, 2.0], dtype=int) * 2.5))(1.5) == 0.0


@pytest.mark.parametrize("make, count", [
    (lambda x: anp.array(x, order="F", subok=True, copy=False), 1),
    (lambda x: anp.asarray([x, x], order="F"), 2),
    (lambda x: anp.asarray(x, copy=True), 1),
    (lambda x: anp.ascontiguousarray([x, x]), 2),
])
def test_arguments_about_memory_are_taken(make, count):
    np.testing.assert_array_equal(grad(lambda x: anp.sum(make(x)))(normal(2)), [count, count])


def test_another_array_library_is_refused():
    with pytest.raises(TracedValueError, match="like="):
        grad(lambda x: anp.sum(anp.array(x, like=np.ones(2))))(normal(2))


def test_full_with_a_traced_value():
    assert grad(lambda v: anp.sum(anp.full((2, 3), v)))(2.0) == 6.0
    assert grad(lambda v: anp.sum(anp.full_like(np.ones((2, 3)), v)))(2.0) == 6.0
    assert grad(lambda v: anp.sum(anp.full_like(np.arange(3), v) * 2.5))(2.0) == 0.0  # NumPy truncates to integers
    assert grad(lambda v: anp.sum(anp.full(3, v, dtype=np.float32)).astype(float))(2.0) == 3.0
    with pytest.raises(TracedValueError):
        grad(lambda v: np.sum(np.full_like(np.ones(3), v)))(2.0)


@pytest.mark.parametrize("like", [anp.zeros_like, anp.ones_like, np.ones_like, lambda x: anp.full_like(x, 2.0)])
def test_likes_of_traced_arrays_are_constants(like):
    x = normal(3)
    np.testing.assert_array_equal(grad(lambda x: anp.sum(like(x) * x))(x), like(x))


def test_linspace_of_integers_and_into_integers():
    np.testing.assert_allclose(grad(lambda x: anp.sum(anp.linspace(0, x, 3)))(2), 1.5)
    assert grad(lambda x: anp.sum(anp.linspace(0, x, 3, dtype=int) * 1.5))(2.0) == 0.0
    step = grad(lambda x: anp.linspace(1.0, x, 5, retstep=True)[1])(2.0)
    assert step == 0.25


def test_linspace_keeps_float32():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ans, pull = vjp(lambda x: anp.linspace(x, 1.0, 4), np.float32(0.5))
    assert ans.dtype == np.linspace(np.float32(0.5), 1.0, 4).dtype and pull(np.ones_like(ans))[0].dtype == np.float32


def test_geomspace_refuses_zero():
    with pytest.raises(ValueError, match="zero"):
        grad(lambda x: anp.sum(anp.geomspace(0.0, x, 3)))(2.0)


# Of a large array a node keeps no more than shape and dtype: a rule that reads further would raise here


@pytest.mark.parametrize("function", [
    anp.diag, anp.diagonal, anp.fliplr, anp.ravel, anp.tril, lambda x: anp.roll(x, 1), anp.transpose,
    lambda x: anp.broadcast_to(x, (1, *x.shape)), lambda x: anp.moveaxis(x, 0, 1), lambda x: anp.pad(x, 1, "edge"),
    lambda x: anp.pad(x, 1), lambda x: anp.repeat(x, 2, axis=0), lambda x: anp.repeat(x, np.arange(30), axis=1),
    lambda x: anp.reshape(x, (20, -1), order="F"), lambda x: anp.rot90(x), lambda x: anp.tile(x, (1, 2)),
    lambda x: anp.stack([x, x], 1), lambda x: anp.concatenate([x, x], None), lambda x: x.astype(np.float32),
    lambda x: anp.split(x, 3)[1], lambda x: anp.insert(x, 1, x[0], axis=0), lambda x: anp.take(x, [1, 1], axis=1),
])
def test_rules_read_only_shapes(function):
    x = normal(30, 30)
    values = normal(*function(x).shape)
    g = grad(lambda x: anp.sum(function(x) * values))(x)
    t = normal(30, 30)
    np.testing.assert_allclose(np.sum(g * t), np.sum(jvp(function, (x,), (t,))[1] * values), rtol=1e-5)
