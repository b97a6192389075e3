"""Functions that make an array: from nested lists, from one value, from another array, between two ends."""

import warnings

import numpy as np
import pytest
from table import complex_rows, row, table_test

from autodiff_trace import grad, jit, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)

UNSEEN = ("plain numpy",)  # NumPy hands these functions to no array type: np.array(x) of a traced x raises


def normal(*shape):
    return rng.normal(size=shape)


MADE = [
    row("array", normal(2, 3), skip=UNSEEN),
    row("array", [np.float64(1.0), [2.0][0], 3], skip=UNSEEN),
    row("array", [[1.0, normal(2)[0]], [2.0, np.float64(3.0)]], skip=UNSEEN),
    row("array", [normal(2), normal(2)], ndmin=3, skip=UNSEEN),
    row("array", normal(2), dtype=np.complex128, skip=UNSEEN),
    row("asarray", [normal(2), (1.0, 2.0)], skip=UNSEEN),
    row("asanyarray", normal(2), skip=UNSEEN),
    row("asarray_chkfinite", normal(2, 3), skip=UNSEEN),
    row("asarray_chkfinite", [1, np.float64(2.0)], dtype=np.float64, skip=UNSEEN),
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

MADE += [
    row("kaiser", 5, np.float64(2.5), skip=(*UNSEEN, "float32")),  # NumPy gives float64
    row("kaiser", 4, 0.7, skip=(*UNSEEN, "float32")),
    row("kaiser", 1, np.float64(2.5), skip=(*UNSEEN, "float32")),
    row("kaiser", 0, np.float64(2.5), skip=(*UNSEEN, "float32")),
    row("logspace", np.float64(0.2), normal(2), 3, base=[2.0, 3.0], axis=-1),
]

test_made = table_test(MADE)
test_complex = table_test([each for each in complex_rows(MADE) if each.name != "kaiser"])


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


def test_asarray_chkfinite_looks_in_each_run():
    def f(x):
        return anp.sum(anp.asarray_chkfinite(1 / x) * x)

    x, bad = np.array([1.0, 2.0]), np.array([1.0, np.nan])
    compiled = jit(f)
    for call in (grad(f), vmap(lambda x: anp.asarray_chkfinite(x)), compiled, compiled):
        call(x)
        with pytest.raises(ValueError, match="must not contain infs or NaNs"):
            call(bad)


def test_kaiser_refuses_an_array():
    with pytest.raises(ValueError, match="kaiser: beta"):
        grad(lambda x: anp.sum(anp.kaiser(3, x)))(np.ones(1))


def test_an_array_of_objects_holds_traced_values():
    def f(x):
        parts = anp.zeros(3, object)
        parts[1] = x[1] ** 2
        return anp.sum(parts)

    assert grad(f)(np.array([1.0, 2.0, 3.0])).tolist() == [0.0, 4.0, 0.0]
    assert jit(f)(np.array([1.0, 2.0, 3.0])) == 4.0


def test_draws_with_constants_made_inside():
    def f(x):
        mean = anp.zeros(2)
        assert np.random.default_rng(0).normal(mean).shape == anp.random.multivariate_normal(mean, cov=anp.eye(2)).shape
        mean[0] = x
        with pytest.raises(TracedValueError, match="a draw has no derivative"):
            anp.random.multivariate_normal(mean, anp.eye(2))
        return x * anp.random.normal(anp.ones(3)).size

    assert grad(f)(2.0) == 3.0
