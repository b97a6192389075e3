"""Sums, means, products, variances and extrema along axes."""

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, hessian, jacobian, jvp, value_and_grad
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def apart(*shape):
    """Numbers no two of which are close."""
    n = np.prod(shape, dtype=int)
    return rng.permutation(np.linspace(-1.6, 1.7, n)).reshape(shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


x23 = apart(2, 3)
x234 = apart(2, 3, 4)
strided = apart(6, 8)[::2, ::-2]
scalar = np.float64(1.3)
mask = np.array([True, False, True])
mask23 = np.array([[True, False, True], [False, True, True]])

ROWS = [
    # what all of them have in common: axes, keepdims, masks, dimension 0, strides
    *[
        each
        for name in ("sum", "mean", "prod", "var", "std")
        for each in (
            row(name, x23),
            row(name, x23, axis=0),
            row(name, x23, axis=-1, keepdims=True),
            row(name, x234, axis=(0, -1)),
            row(name, x234, axis=(2, 0), keepdims=True),
            row(name, x23, axis=()) if name != "std" else row(name, x23, axis=(1,)),
            row(name, x23, axis=None, keepdims=True),
            row(name, scalar) if name != "std" else row(name, x23, keepdims=False),
            row(name, strided, axis=1),
            row(name, x23, where=mask23),
            row(name, x23, axis=1, where=mask),
            row(name, x23, axis=0, where=mask23[:, :1], keepdims=True),
            row(name, complex_normal(2, 3), axis=1),
        )
    ],
    *[
        each
        for name in ("max", "min", "amax", "amin")
        for each in (
            row(name, x23),
            row(name, x23, axis=0),
            row(name, x234, axis=(0, -1), keepdims=True),
            row(name, x23, axis=()),
            row(name, scalar),
            row(name, strided, axis=1),
            row(name, x23, axis=1, initial=0.1),
            row(name, x23, axis=1, where=mask, initial=-0.1),
            row(name, x23, initial=0.05, keepdims=True),
        )
    ],
    *[row(name, complex_normal(2, 3), axis=1) for name in ("max", "min", "amax", "amin", "ptp")],
    row("ptp", x23),
    row("ptp", x23, axis=1),
    row("ptp", x234, axis=(0, 2), keepdims=True),
    row("sum", x23, axis=0, initial=2.0),
    row("sum", x23, initial=2.0, where=mask),
    row("sum", x23, dtype=np.float32, tolerance=1e-2, skip=("derivatives",)),  # differences of float32 are too coarse
    row("sum", x23, dtype=complex),
    row("sum", np.zeros((0, 3)), axis=0),
    row("sum", np.zeros((0, 3)), axis=1),
    row("prod", np.zeros((0, 3)), axis=0),
    row("prod", np.zeros((0, 3)), axis=1),
    row("prod", np.array([2.0, 0.0, 3.0])),
    row("prod", np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0]]), axis=1),
    row("prod", normal(7), initial=1.5),
    row("prod", x23, axis=1, initial=1.5, where=mask, keepdims=True),
    row("max", np.zeros((0, 3)), axis=0, initial=1.0),
    row("mean", np.zeros((3, 0)), axis=0),
    row("var", x23, axis=1, ddof=1),
    row("var", x23, axis=1, correction=1),
    row("var", x23, axis=1, ddof=1, where=np.array([True, True, False])),
    row("var", x23, axis=1, mean=np.array([[0.1], [0.2]])),
    row("std", x23, axis=0, ddof=0.5, keepdims=True),
    row("std", x23, axis=1, correction=1),
    row("std", complex_normal(4), ddof=1),
]

test_reductions = table_test(ROWS)


# a second traced argument: the initial value, the mean

TRACED_KEYWORDS = [
    (lambda x, i: anp.sum(x, axis=0, initial=i), x23, scalar),
    (lambda x, i: anp.prod(x, axis=1, initial=i), x23, scalar),
    (lambda x, i: anp.max(x, axis=1, initial=i, where=mask), x23, np.float64(0.05)),
    (lambda x, i: anp.min(x, initial=i), x23, np.float64(-5.0)),
    (lambda x, m: anp.var(x, axis=1, mean=m), x23, normal(2, 1)),
    (lambda x, m: anp.std(x, axis=1, mean=m, ddof=1), x23, normal(2, 1)),
    (lambda x, m: anp.var(x, mean=m, where=mask), complex_normal(2, 3), complex_normal(1, 1)),
]


@pytest.mark.parametrize("case", range(len(TRACED_KEYWORDS)))
def test_traced_keywords(case):
    check_grads(*TRACED_KEYWORDS[case])


# the awkward points


@pytest.mark.parametrize(
    "name, x, expected",
    [("sum", [1, 2, 3], [1, 0, 1]), ("mean", [1, 2, 3], [0.5, 0, 0.5]), ("prod", [1, 2, 3], [3, 0, 1]),
     ("std", [1, 2, 4], [-0.5, 0, 0.5]), ("var", [1, 2, 4], [-1.5, 0, 1.5])],
)
def test_mask(name, x, expected):
    function = getattr(anp, name)
    np.testing.assert_allclose(grad(lambda x: function(x, where=mask))(np.array(x, float)), expected)


def test_masked_infinities_do_not_matter():
    x = np.array([1.0, np.nan, 3.0])
    for function in (anp.sum, anp.mean, anp.prod, anp.var, anp.std):
        gradient = jacobian(grad(lambda x, f=function: f(x, where=mask) ** 2))(x)
        assert np.isfinite(gradient).all() and (gradient[1] == 0).all()


def test_max_shares():
    assert grad(anp.max)(np.array([1.0, 1.0, 0.0])).tolist() == [0.5, 0.5, 0.0]
    assert grad(lambda x: anp.max(x, initial=10.0))(np.array([1.0, 2.0, 3.0])).tolist() == [0.0, 0.0, 0.0]
    _, tangent = jvp(anp.max, (np.array([1.0, 1.0, 0.0]),), (np.array([1.0, 2.0, 5.0]),))
    assert tangent == 1.5
    assert grad(lambda x: anp.max(x, initial=1.0))(np.array([1.0, 0.0])).tolist() == [0.5, 0.0]


def test_max_of_nan_is_nan_without_derivative():
    assert grad(anp.max)(np.array([1.0, np.nan])).tolist() == [0.0, 0.0]


def test_many_ties_in_half_precision():
    x = np.zeros(70_000, np.float16)
    gradient = grad(anp.max)(x)
    assert gradient.dtype == np.float16 and (gradient > 0).all()
    value, tangent = jvp(anp.max, (x,), (np.ones_like(x),))
    assert abs(float(tangent) - 1) < 1e-2


def test_half_precision_does_not_overflow():
    gradient = grad(anp.mean)(np.linspace(0, 1000, 70_000, dtype=np.float16))
    assert gradient.dtype == np.float16 and np.isfinite(gradient).all() and (gradient > 0).all()


def test_product_with_zeros():
    assert grad(anp.prod)(np.array([2.0, 0.0, 3.0])).tolist() == [0.0, 6.0, 0.0]
    x = np.array([0.0, 0.0, 3.0])
    assert grad(anp.prod)(x).tolist() == [0.0, 0.0, 0.0]
    assert hessian(anp.prod)(x).tolist() == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]


def test_standard_deviation_of_equal_elements():
    x = np.array([1.0, 1.0])
    assert grad(anp.std)(x).tolist() == [0.0, 0.0]
    assert jvp(anp.std, (x,), (x,))[1] == 0
    assert hessian(anp.std)(x).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert grad(anp.std)(2.0) == 0


def test_variance_without_freedom_is_nan():
    with pytest.warns(RuntimeWarning):
        assert np.isnan(grad(lambda x: anp.var(x, ddof=1))(np.array([1.0]))).all()


def test_integer_dtype_cuts_the_derivative():
    for function in (anp.sum, anp.cumsum, anp.prod, anp.cumprod, anp.mean):
        f = lambda x, f=function: 1.5 * anp.sum(f(x, dtype=int))  # noqa: E731
        assert grad(f)(np.array([1.0, 2.0])).tolist() == [0.0, 0.0]
        assert jvp(f, (np.array([1.0, 2.0]),), (np.array([1.0, 2.0]),))[1] == 0


def test_out():
    def f(x):
        out = anp.zeros_like(x[0])
        anp.sum(x, axis=0, out=out)
        return out * x[0]

    np.testing.assert_allclose(grad(f)(x23), [2 * x23[0] + x23[1], x23[0]])


def test_out_by_position():
    def f(x, make):
        out = make(3)
        x.sum(0, None, out, False, x[0, 0])
        return out * x[0]

    with pytest.raises(TracedValueError, match="out="):
        grad(f)(x23, np.zeros)
    gradient = grad(f)(x23, anp.zeros)
    expected = np.array([2 * x23[0] + x23[1] + x23[0, 0], x23[0]])
    expected[0, 0] += x23[0].sum()
    np.testing.assert_allclose(gradient, expected)


def test_methods_and_ufuncs_reduce():
    for f in (lambda x: x.sum(0), lambda x: np.add.reduce(x), lambda x: np.sum(x, 0)):
        assert (grad(f)(x23) == 1).all()
    assert (grad(lambda x: np.maximum.reduce(x, axis=None))(x23) == (x23 == x23.max())).all()
    np.testing.assert_allclose(grad(lambda x: x.var(axis=1))(x23), 2 / 3 * (x23 - x23.mean(1, keepdims=True)))


def test_gradients_can_be_written_to():
    gradient = grad(anp.sum)(np.zeros((300, 300)))
    gradient += 1
    assert (gradient == 2).all()


@pytest.mark.parametrize("shape, axis", [
    ((8, 6, 2, 6, 2, 3), (2, 4)), ((8, 6, 2, 6, 2, 3), (-2, 2)), ((700, 3), 1), ((700, 3), -1), ((4, 300, 1), 0),
    ((64, 4, 32), 1), ((64, 8, 2000), 1), ((2, 2, 2, 200), (0, 1, 2)), ((1, 2000), 0), ((30, 2, 30), ()),
])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_extrema_of_few_elements_many_times(shape, axis, dtype):
    """Taken place by place: the values and, with ties, the derivatives of NumPy's reductions."""
    x = np.random.default_rng(0).integers(-3, 4, shape).astype(dtype)
    for function in ("max", "min"):
        for keepdims in (False, True):
            expected = getattr(np, function)(x, axis, keepdims=keepdims)
            ans = getattr(anp, function)(x, axis, keepdims=keepdims)
            assert ans.dtype == dtype
            np.testing.assert_array_equal(ans, expected)
        if dtype is np.int64 or axis == ():
            continue

        def loss(x):
            return anp.sum(getattr(anp, function)(x, axis) ** 2)

        value, gradient = value_and_grad(loss)(x)
        top = getattr(np, function)(x, axis, keepdims=True)
        attains = x == top
        assert value == np.sum(getattr(np, function)(x, axis) ** 2) and gradient.dtype == dtype
        expected = attains * 2 * top / attains.sum(axis, keepdims=True)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6)
        np.testing.assert_allclose(jvp(loss, (x,), (x,))[1], np.sum(expected * x), rtol=1e-5)


def test_extrema_of_few_elements_with_nan_and_bad_axes():
    x = np.linspace(0.0, 1.0, 2000).reshape(1000, 2)
    x[3, 1] = np.nan
    x[5] = np.inf
    np.testing.assert_array_equal(anp.max(x, 1), np.max(x, 1))
    gradient = grad(lambda x: anp.sum(anp.max(x, 1)))(x)
    np.testing.assert_array_equal(gradient[[3, 4, 5]], [[0, 0], [0, 1], [0.5, 0.5]])
    for axis in (2, -3, (0, 0)):
        with pytest.raises((ValueError, np.exceptions.AxisError)):
            anp.max(x, axis)
    np.testing.assert_array_equal(anp.max(x[:, ::-1].T, 0), np.max(x, 1))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 30, 40000])
def test_bounds_with_and_without_ties(dtype, size):
    x = np.linspace(-2.0, 2.0, size).astype(dtype)
    for at in (-1, 0, size // 2):
        tied = x.copy()
        tied[at] = 1.0
        gradient = grad(lambda x: anp.clip(x, -1.0, 1.0) * 2.0)(tied)
        assert gradient.dtype == dtype
        np.testing.assert_array_equal(gradient, 2 * ((tied > -1) & (tied < 1)) + 1 * (np.abs(tied) == 1))
    gradient = grad(lambda x: anp.maximum(x * 1.0, 5.0 * anp.ones_like(x)))(x)
    np.testing.assert_array_equal(gradient, np.zeros(size))
    assert np.all(grad(lambda x: anp.maximum(x, anp.nan))(x) == 0)
