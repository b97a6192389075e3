"""jit gives what the function gives, for numbers that passes could get wrong: NaN, infinities, zeros with a sign."""

import warnings

import numpy as np
import pytest

from autodiff_trace import grad, jacobian, jit, nn
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.backends.numpy_source.sines import sin_cos

X = np.array([[1.0, -2.0, 0.5], [3.0, -0.25, 2.0]])
AWKWARD = [
    X, -X, X * 0.0, X * -0.0, X * 5e307, X * 5e-324, X * 1e-310, X * np.inf, X * np.nan,
    np.array([[0.0, -0.0, np.nan], [np.inf, -np.inf, -1.0]]), np.full((2, 3), -np.inf), np.full((2, 3), -0.0),
]
LARGE = np.linspace(-3.0, 3.0, 12000).reshape(2000, 6)


def assert_same(found, expected):
    """The same to the last digits; NaN, infinities and the signs of zeros to the bit."""
    assert type(found) is type(expected)
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype and found.shape == expected.shape
    if found.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, rtol=1e-4 if found.dtype == np.float32 else 1e-9, atol=0)
        zeros = expected == 0
        np.testing.assert_array_equal(np.signbit(found[zeros]), np.signbit(expected[zeros]))
    else:
        np.testing.assert_array_equal(found, expected)


def fully_masked(x):
    masked = anp.where(x > 1e300, x, -anp.inf)
    return anp.exp(masked - nn.logsumexp(masked, axis=1, keepdims=True))


def no_softmax(x):
    top = anp.max(x, axis=1, keepdims=True)
    powers = anp.exp(x - top)
    return anp.exp(x - (anp.log(anp.sum(powers, axis=1, keepdims=True)) + top))


FUNCTIONS = {
    "angle of a masked value": lambda x: anp.arctan2(anp.where(x > 0, x, 0), -1.0),
    "inverse of a masked value": lambda x: 1.0 / anp.where(x > 0, x, 0.0),
    "masked by -0": lambda x: 1.0 / anp.where(x > 0, x, -0.0),
    "masked infinity": lambda x: anp.where(x < 0, x * anp.inf, 0),
    "masked, single": lambda x: anp.copysign(1, anp.where(x < 1, anp.astype(x, np.float32), 0)),
    "masked, half": lambda x: anp.where(x < 1, anp.astype(x, np.float16), 0),
    "masked, broadcast": lambda x: anp.where(x[:1] > 0, x, 0),
    "masked by more zeros": lambda x: anp.where(x > 0, x, anp.zeros((4, 2, 3))),
    "masked by zeros of an axis": lambda x: anp.where(x[:1] > 0, x[:1], anp.zeros((2, 1))),
    "row masked by a column": lambda x: anp.where(x[:, :1] > 0, x[:1], 0),
    "masked number": lambda x: anp.where(x[0, 0] > 0, x, 0),
    "fully masked": fully_masked,
    "softmax by steps": no_softmax,
    "log_softmax": lambda x: anp.exp(nn.log_softmax(x)),
    "factors": lambda x: (2.0 * x) * (-0.5 * x),
    "factors of factors": lambda x: 2 * (0.3 * x) + 0.5 * (2 * x),
    "sum of negatives": lambda x: 1.0 / anp.sum(-x, axis=1),
    "sum of one": lambda x: 1.0 / anp.sum(x[:, :1], axis=1),
    "sum of small": lambda x: 1.0 / anp.sum(x, axis=0),
    "signs": lambda x: (-x) * (-x) - (-x) - 3.0 * -x,
    "relu of truth values": lambda x: nn.relu(x > 0),
    "a large integer": lambda x: [x[0, 0] < 2**53 + 1, x[0, 0] * 2.0 + 1.0 - 3.0 * x[0, 1] + x[0, 2]][0],
    "zeros by name": lambda x: (x - 0.0) * (x - (-0.0)) + (0.0 - x),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_awkward_numbers(name, dtype):
    function = FUNCTIONS[name]
    compiled = jit(function)
    with np.errstate(all="ignore"):
        for _ in range(2):
            for x in AWKWARD:
                assert_same(compiled(x.astype(dtype)), function(x.astype(dtype)))


LARGE_FUNCTIONS = {
    "sum of negatives": lambda x: anp.sum(-x, axis=0),
    "sum of a product": lambda x: anp.sum(x @ x[:6], axis=0),
    "factors": lambda x: (2.0 * x) * (-0.5 * x),
    "sines": lambda x: (anp.sin(x), anp.cos(x))[0],
    "masked": lambda x: anp.where(x > 0, anp.exp(x), 0) * 2.0 - 1.0,
    "softmax by steps": no_softmax,
}


@pytest.mark.parametrize("name", LARGE_FUNCTIONS)
def test_awkward_numbers_in_large_arrays(name):
    function = LARGE_FUNCTIONS[name]
    compiled = jit(function)
    infinite = LARGE.copy()
    infinite[0, 0], infinite[3, 1] = np.inf, -np.inf
    balanced = np.where(np.arange(2000)[:, None] % 2, 1.0, -1.0) * np.ones(6)
    with np.errstate(all="ignore"):
        for x in (LARGE, LARGE, infinite, LARGE * 0.0, -LARGE * 0.0, balanced, LARGE * 1e300, LARGE * np.nan):
            assert_same(compiled(x), function(x))


def test_sines_keep_the_sign_of_zero():
    x = np.array([-0.0, 0.0, 1.0, -1.0] * 10)
    cosines = np.empty_like(x)
    np.testing.assert_array_equal(np.signbit(sin_cos(x, cosines)), np.signbit(np.sin(x)))
    np.testing.assert_allclose(cosines, np.cos(x), rtol=1e-15)


def test_integers_that_no_float_holds():
    function = lambda x: (x < 2**53 + 1, x * 2 + x * 3 - x / 2 + anp.sin(x) * x)  # noqa: E731
    for x in (np.float64(2**53), 2.0**53):
        assert jit(function)(x)[0] == function(x)[0]
        compiled = jit(function)
        compiled(type(x)(1.0))
        assert compiled(x)[0] == function(x)[0]


def test_jacobians_of_infinite_matrices():
    def function(x, w):
        return jacobian(lambda x: w @ anp.tanh(w @ x))(x)

    x, w = np.full(3, 0.1), np.arange(1.0, 10.0).reshape(3, 3)
    infinite = np.where(w == 5, np.inf, w)
    compiled = jit(function)
    with np.errstate(all="ignore"):
        for each in (w, 2 * w, infinite, w):
            np.testing.assert_allclose(compiled(x, each), function(x, each))


def test_gradients_of_what_masks_leave_out():
    function = grad(lambda x: anp.sum(anp.where(x > 0, anp.sqrt(x), 0)))
    compiled = jit(function)
    with np.errstate(all="ignore"):
        for x in AWKWARD:
            np.testing.assert_allclose(compiled(x), function(x))


ZEROS = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -0.0])
INFINITE = [np.array([1.0, 2.0, 3.0]), np.array([np.inf, np.inf, 1.0]), np.array([-np.inf, -np.inf, np.inf])]

LIKE_NUMPY = {
    "clip, bounds 0": (lambda x: anp.clip(x, 0, 1), [-ZEROS, ZEROS, ZEROS[::-1].copy()]),
    "clip, bounds -0": (lambda x: anp.clip(x, -1, -0.0), [-ZEROS, ZEROS, ZEROS[::-1].copy()]),
    "clip, arrays": (lambda x: anp.clip(x, np.zeros(6), np.ones(6)), [-ZEROS, ZEROS, ZEROS[::-1].copy()]),
    "clip, number": (lambda x: anp.clip(x, 0, 1), [0.0, -0.0, 1.0, -1.0]),
    "median": (lambda x: anp.median(x), INFINITE),
    "median of an even number": (lambda x: anp.median(x[1:]), [*INFINITE, np.array([1.0, -np.inf, 2.0])]),
    "median of a number": (lambda x: anp.median(x), [1.0, np.inf, -np.inf]),
    "nanmedian": (lambda x: anp.nanmedian(x), [*INFINITE, np.array([np.nan, np.inf, np.inf])]),
    "quantile near the upper value": (lambda x: anp.quantile(x, 0.8), [np.array([2.0, 1.0]), np.array([-np.inf, 1.0])]),
    "products of one number": (lambda x: (x[:, None] @ -x[None], -x[None] @ x[:, None]), [np.zeros(1), -np.zeros(1)]),
    "ldexp": (lambda x: anp.ldexp(x, 2), [ZEROS, -ZEROS, 3 * ZEROS]),
    "nan_to_num of integers": (lambda x: anp.nan_to_num(x), [np.arange(3), np.ones(2, bool), np.array([np.inf])]),
    "accumulate": (
        lambda x: (anp.maximum.accumulate(x, axis=-1), anp.minimum.accumulate(x, axis=1), anp.hypot.accumulate(x, -1)),
        [np.arange(24.0).reshape(2, 3, 4) % 7, -np.arange(8.0).reshape(2, 2, 2) % 3],
    ),
    "byte order": (lambda x: (x * 1, x * True, x + 0.0 * x - 0, x**1), [ZEROS.astype(">f8"), -ZEROS.astype(">f8")]),
}


@pytest.mark.parametrize("name", LIKE_NUMPY)
def test_values_are_those_of_numpy(name):
    fun, arguments = LIKE_NUMPY[name]
    if name.startswith("clip") and not np.signbit(np.clip(-0.0, 0, 1)):
        pytest.skip("of 0 and -0 this version of NumPy's clip takes another one")
    compiled = jit(fun)
    with np.errstate(all="ignore"):
        for x in arguments * 2:
            for actual, expected in zip(np.atleast_1d(compiled(x)), np.atleast_1d(fun(x)), strict=True):
                np.testing.assert_array_equal(actual, expected)
                np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected))
            result = compiled(x)
            if type(result) is tuple:
                assert [part.dtype for part in result] == [part.dtype for part in fun(x)]
    assert compiled.cache_info().failures == 0


# Zeros that sums of one term have, where products have others

COLUMN, ROW = np.array([0.0, -0.0, 1.0, -1.0, -0.0, 0.0])[:, None], -np.ones((1, 9))

PRODUCTS = {
    "batched": (lambda x, y: x @ y, np.stack([COLUMN] * 2), np.stack([ROW, -ROW])),
    "batched, single": (lambda x, y: x @ y, np.stack([COLUMN] * 2).astype("f"), np.stack([ROW, -ROW]).astype("f")),
    "one batched": (lambda x, y: x @ y, np.stack([COLUMN] * 2), ROW[:, :1]),
    "complex": (lambda x, y: x @ y, COLUMN + 0j, ROW * (1 - 0j)),
    "complex, batched": (lambda x, y: x @ y, COLUMN[None] + 0j, ROW[None] * (1 - 0j)),
    "rows": (lambda x, y: anp.stack([anp.dot(row, y) for row in x]), COLUMN, ROW),
    "rows by one number": (lambda x, y: anp.stack([anp.dot(row, y) for row in x]), COLUMN, ROW[:, :1]),
    "many": (lambda x, y: np.linalg.multi_dot([x, y, y.T]), np.array([-0.0]), -ROW),
    "bools": (lambda x, y: (np.vecdot(x, y), np.vdot(x, y)), np.array([[True], [False]]), np.array([[True], [True]])),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_along_an_axis_of_one(name):
    fun, x, y = PRODUCTS[name]
    compiled = jit(fun)
    for _ in range(3):
        results = [each if type(each) is tuple else (each,) for each in (compiled(x, y), fun(x, y))]
        for actual, expected in zip(*results, strict=True):
            np.testing.assert_array_equal(actual, expected)
            assert actual.dtype == expected.dtype
            for part in (np.real, np.imag):
                np.testing.assert_array_equal(np.signbit(part(actual)), np.signbit(part(expected)))
    assert compiled.cache_info().hits == 2


EXTREME = np.array([1e308, 1e308, -1e308, 1.0, np.inf])


@pytest.mark.parametrize("function", [
    lambda x: anp.median(x), lambda x: anp.median(x[:4]), lambda x: anp.nanmedian(x), lambda x: (x + 1j * x[::-1]) ** 2,
    lambda x: (x * 1j) ** -1, lambda x: (x + 1j) ** 0.5,
])
def test_warnings_are_those_of_numpy(function):
    def warned(call):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call(EXTREME)
        return {str(each.message) for each in caught}

    compiled = jit(function)
    for _ in range(3):
        assert warned(compiled) == warned(function)


def test_a_batch_of_columns_times_rows_is_a_sum_of_one_term():
    x, y = np.zeros((2, 3, 1)), -np.ones((2, 1, 8))
    jitted = jit(lambda x, y: x @ y)
    for _ in range(3):
        assert not np.any(np.signbit(jitted(x, y)) != np.signbit(x @ y))


# Runs that overflow


def test_overflow_before_a_branch_that_it_decides():
    """Programs that trust that all is finite fail there; those of both branches are kept all the same."""

    def step(x):
        loss = anp.exp(x * 3.0 + x * x) * 2.0 - x * 0.5
        return loss * 3.0 + x if np.isfinite(loss) else x * 0.0

    compiled = jit(step)
    with np.errstate(all="ignore"):
        for x in [1.0, 2.0, *[800.0] * 5, *[1.0, 800.0, 0.5] * 5]:
            x = np.float64(x)
            np.testing.assert_allclose(compiled(x), step(x), rtol=1e-14)
    info = compiled.cache_info()
    assert info.traces <= 4 and info.programs == 2 and info.hits >= 18


def test_overflow_after_draws():
    def noisy(x, y):
        noise = anp.random.normal(size=50)
        total = anp.sum(anp.dot(x, y), axis=0)
        return total + anp.random.normal(size=50), anp.dot(np.eye(50) * noise, total[:, None]), noise

    compiled, x, y = jit(noisy), np.ones((300, 40)), np.ones((40, 50))
    with np.errstate(all="ignore"):
        for factor in (1.0, 1.0, *[1e307] * 6, 1.0):
            np.random.seed(0)
            expected = (*noisy(factor * x, y), np.random.random())
            np.random.seed(0)
            for each, found in zip(expected, (*compiled(factor * x, y), np.random.random()), strict=True):
                np.testing.assert_allclose(found, each, rtol=1e-12)


@pytest.mark.parametrize("function", [
    lambda x: x * 0.5 + x * 2**63,
    lambda x: (0.5 * x + 3 * x + 2**63 * x, x * 2**70, -(x * 2**63) * 1.5),
    lambda x: (x * 2**70 > 1.5, x * 0.5 < x * 2**70, x * 2**70 == 2**70 * x),
    lambda x: (x * 2**80 % (x + 7), *divmod(x * 2**80, x + 9), x * 2**80 / (x * 2**79)),
    lambda x: np.ones(3) * (x * 2**70) + np.float64(2.0) * (x * 2**63),
])
def test_ints_that_numpy_does_not_hold(function):
    jitted = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (3, 4, -5):
            found, expected = jitted(x), function(x)
            assert type(found) is type(expected)
            np.testing.assert_array_equal(found, expected)
    assert jitted.cache_info().hits == 2
