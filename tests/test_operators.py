"""Operators of traced values with numbers that no array holds, and on the bits of integers."""

import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autodiff_trace import grad, jacobian, jit, jvp, vjp, vmap
from autodiff_trace import numpy as anp

HALF = Fraction(1, 2)
X = np.array([1.0, 2.0, 3.0])

WITH_FRACTIONS = [
    lambda x, ratio: ratio(1, 2) * x,
    lambda x, ratio: x * ratio(1, 2),
    lambda x, ratio: x + ratio(1, 2) - ratio(1, 3),
    lambda x, ratio: ratio(1, 2) - x,
    lambda x, ratio: ratio(1, 2) / x + x / ratio(1, 2),
    lambda x, ratio: x ** ratio(1, 2),
    lambda x, ratio: ratio(1, 2) ** x,
    lambda x, ratio: x % ratio(5, 7),
    lambda x, ratio: anp.maximum(x, ratio(3, 2)),
    lambda x, ratio: np.power(x, ratio(3, 2)),
    lambda x, ratio: anp.hypot(ratio(1, 2), x),
    lambda x, ratio: anp.where(x > ratio(3, 2), x, ratio(1, 2)),
]


@pytest.mark.parametrize("f", WITH_FRACTIONS)
def test_a_fraction_beside_a_traced_value_is_a_float(f):
    def exact(x):
        return f(x, Fraction)

    def rounded(x):
        return f(x, operator.truediv)

    for x in (X, np.float64(1.7), X.astype(np.float32)):
        for g in (lambda x: jvp(exact, (x,), (x,)), lambda x: jvp(rounded, (x,), (x,))):
            assert [each.dtype for each in g(x)] == [x.dtype, x.dtype]
        np.testing.assert_array_equal(jvp(exact, (x,), (x,)), jvp(rounded, (x,), (x,)))
        np.testing.assert_array_equal(vjp(exact, x)[1](x), vjp(rounded, x)[1](x))
    np.testing.assert_array_equal(jacobian(jacobian(exact))(X), jacobian(jacobian(rounded))(X))
    np.testing.assert_array_equal(vmap(exact)(X), vmap(rounded)(X))
    compiled = jit(grad(lambda x: anp.sum(exact(x))))
    for x in (X, X + 0.1):
        np.testing.assert_allclose(compiled(x), grad(lambda x: anp.sum(rounded(x)))(x))


def test_in_place_with_a_fraction():
    def f(x):
        y = x * 1.0
        y *= HALF
        y += Fraction(1, 4)
        return anp.sum(y * y)

    assert grad(f)(X).tolist() == (0.5 * X + 0.25).tolist()


def test_comparisons_with_exact_numbers_are_exact():
    third = Fraction(1, 3)
    x = np.array([1 / 3, 0.5])
    for f in (lambda x: (x == third) * x, lambda x: (x < third) * x, lambda x: (x == Decimal("0.5")) * x):
        assert grad(lambda x: anp.sum(f(x)))(x).tolist() == (f(x) / x).tolist()
        assert vmap(f)(x).tolist() == jit(f)(x).tolist() == f(x).tolist()


def test_a_decimal_is_refused_with_the_remedy():
    for f in (lambda x: x * Decimal("0.5"), lambda x: Decimal("0.5") - x, lambda x: anp.hypot(x, Decimal(1))):
        for x in (1.0, X):
            with pytest.raises(TypeError, match=r"Decimal.*test_operators\.py, line \d+.*float\(number\)"):
                grad(lambda x: anp.sum(f(x)))(x)


def test_plain_calls_with_a_fraction_are_numpys():
    assert anp.multiply(HALF, X).dtype == object and anp.multiply(HALF, np.float64(3.0)) == 1.5


@pytest.mark.parametrize("use", [operator.lshift, operator.rshift])
def test_shifts(use):
    n = np.array([5, 3, 200])
    np.testing.assert_array_equal(vmap(lambda n: use(n, 1))(n), use(n, 1))
    np.testing.assert_array_equal(vmap(lambda n: use(9, n & 3))(n), use(9, n & 3))
    np.testing.assert_array_equal(vmap(use)(n, n & 1), use(n, n & 1))
    compiled = jit(lambda n: use(n, 2) + use(1000, n & 1))
    assert compiled(n).tolist() == compiled(n).tolist() == (use(n, 2) + use(1000, n & 1)).tolist()
    assert jit(lambda n: use(n, 3) | 1)(77) == use(77, 3) | 1

    def shifted(n):
        m = n + 0
        m <<= 2
        m >>= 1
        return m

    np.testing.assert_array_equal(vmap(shifted)(np.stack([n, n])), np.stack([n, n]) * 2)


def test_shifts_inside_a_derivative():
    assert grad(lambda x: x * (anp.astype(x, int) << 3))(2.5) == 16.0


class Labelled(np.lib.mixins.NDArrayOperatorsMixin):
    """A container of an array, as xarray's: it computes with what it holds."""

    def __init__(self, data):
        self.data = data

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return Labelled(getattr(ufunc, method)(*(getattr(each, "data", each) for each in inputs), **kwargs))


@pytest.mark.parametrize("use", [
    lambda x, held: x * held, lambda x, held: held * x, lambda x, held: x * (held * x), lambda x, held: (x - held) / x,
])
@pytest.mark.parametrize("x", [2.0, np.array([1.0, 2.0, 3.0])])
def test_containers_of_other_libraries_compute_with_boxes(use, x):
    base = np.array([1.0, 2.0, 4.0])

    def f(x):
        return anp.sum(use(x, Labelled(base)).data)

    def plain(x):
        return anp.sum(use(x, base))

    np.testing.assert_allclose(grad(f)(x), grad(plain)(x))
    np.testing.assert_allclose(grad(grad(lambda x: f(x) + 0.0 * anp.sum(x**2)))(2.0), grad(grad(plain))(2.0))
    np.testing.assert_allclose(jvp(f, (x,), (x,))[1], jvp(plain, (x,), (x,))[1])


class Asked:
    """One that knows no operator of Python's."""

    def __init__(self, data):
        self.data = data

    __array_ufunc__ = Labelled.__array_ufunc__


@pytest.mark.parametrize("use", [
    lambda x, held: x * held, lambda x, held: x + held, lambda x, held: x**held, lambda x, held: np.divide(x, held),
])
def test_operands_that_only_know_ufuncs_are_asked(use):
    base = np.array([1.0, 2.0, 4.0])
    by_x = grad(lambda x: anp.sum(use(x, Asked(base)).data))(base)
    np.testing.assert_allclose(by_x, grad(lambda x: anp.sum(use(x, base)))(base))


def test_what_is_no_container_is_an_error():
    with pytest.raises(TypeError):
        grad(lambda x: x * object())(2.0)
    with pytest.raises(TypeError):
        grad(lambda x: x * np.array(["a"]))(2.0)
