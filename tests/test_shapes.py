"""Functions that give the same elements another shape, move them, repeat them."""

import copy

import numpy as np
import pytest
from table import Row, complex_rows, row, table_test

from autodiff_trace import grad, jit, jvp, vjp
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError

rng = np.random.default_rng(0)

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

test_shapes = table_test(SHAPES)
test_moved = table_test(MOVED)
test_complex = table_test(complex_rows(SHAPES + MOVED))


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


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
@pytest.mark.parametrize("shape", [(2, 3), (3, 2, 1), (2, 3, 4), (5,)])
def test_every_order_of_every_layout(order, shape):
    """Also where the axes lie in an order that is neither C nor F, or with gaps."""
    wide = normal(*(2 * n for n in shape))
    strided = wide[tuple(slice(None, None, 2) for _ in shape)]
    moved = np.moveaxis(strided.copy(), 0, -1)
    for x in (strided, strided.copy(), strided.copy("F"), strided.T, strided[..., ::-1], moved):
        weights = np.arange(1.0, x.size + 1)
        expected = np.ravel(x, order=order)
        np.testing.assert_array_equal(jvp(lambda x: x.ravel(order), (x,), (x,))[1], expected)
        np.testing.assert_array_equal(jvp(lambda x: x.flatten(order), (x,), (x,))[1], expected)
        g = grad(lambda x: anp.sum(anp.ravel(x, order=order) * weights))(x)
        assert np.sum(g * x) == pytest.approx(np.sum(expected * weights))
        if order != "K":
            expected = np.reshape(x, (-1, 1), order=order)
            np.testing.assert_array_equal(jvp(lambda x: anp.reshape(x, (-1, 1), order), (x,), (x,))[1], expected)
            g = grad(lambda x: anp.sum(anp.reshape(x, (-1, 1), order=order)[:, 0] * weights))(x)
            assert np.sum(g * x) == pytest.approx(np.sum(expected[:, 0] * weights))


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
    np.testing.assert_allclose(np.sum(g * t), np.sum(jvp(function, (x,), (t,))[1] * values), rtol=1e-5, atol=1e-4)


BASE = np.arange(48.0).reshape(2, 3, 4, 2)
LAID_OUT = [
    np.broadcast_to(np.arange(4.0), (3, 4)), np.broadcast_to(np.arange(3.0)[:, None], (3, 4)).T,
    BASE.transpose(2, 0, 3, 1), BASE[::-1, :, ::2].transpose(1, 0, 2, 3),
    np.broadcast_to(BASE[:, :1], BASE.shape).transpose(3, 1, 0, 2), BASE[:, :1].transpose(1, 3, 0, 2),
]


@pytest.mark.parametrize("order", "CFAK")
@pytest.mark.parametrize("x", LAID_OUT, ids=lambda x: str(x.strides))
def test_ravel_walks_as_numpy_does(x, order):
    np.testing.assert_array_equal(jit(lambda x: anp.ravel(x, order=order) * 1)(x), np.ravel(x, order=order))
    np.testing.assert_array_equal(jit(lambda x: x.ravel(order=order))(x), x.ravel(order=order))
