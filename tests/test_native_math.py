"""Own vector functions of the native back end: errors in units of the last place, special values, flags, lanes."""

import platform
import sys

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="own vector functions are compiled by llvmlite")

from autodiff_trace.compiler.backends.native import vector_math  # noqa: E402
from benchmarks import accuracy  # noqa: E402
from benchmarks.native_functions import compile_function, host_features, own  # noqa: E402

if not vector_math.available(host_features()):
    pytest.skip("own vector functions need a fused product and sum", allow_module_level=True)

NAMES = [ufunc.__name__ for ufunc in vector_math.FUNCTIONS]
DTYPES = ["float64", "float32"]
TIGHT = ("exp", "log", "sin", "cos")
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 2.5, -2.5, 1e300, -1e300, 709.9,
           -709.9, -750.0, 3e38, 89.0, -89.0, -104.5, 1e-45, 0.5, 20.0, -20.0, 1e10, 2.0, -3.0, 1e5, 0.3]  # fmt: skip


@pytest.fixture(scope="module")
def functions():
    made = {}

    def get(name, dtype, width=None):
        if (name, dtype, width) not in made:
            made[name, dtype, width] = own(getattr(np, name), dtype, width=width)
        return made[name, dtype, width]

    return get


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_errors_are_at_most_one_or_two_units_of_the_last_place(functions, name, dtype):
    if dtype == "float64" and np.finfo(np.longdouble).nmant < 63:
        pytest.skip("references need long doubles of 64 bits")
    for operands in accuracy.arguments(name, dtype, 10_000):
        with np.errstate(all="ignore"):
            exact = accuracy.reference(getattr(np, name), operands)
            values = functions(name, dtype)(*operands)
        error = accuracy.errors(values, exact)
        worst = np.argmax(error)
        assert error[worst] <= (1 if name in TIGHT else 2), [float(x[worst]) for x in operands]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_special_values_are_those_of_numpy(functions, name, dtype):
    ufunc = getattr(np, name)
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL).astype(dtype)
        operands = [x] if ufunc.nin == 1 else [axis.ravel() for axis in np.meshgrid(x, x)]
        values, exact = functions(name, dtype)(*operands), ufunc(*operands)
    for value, expected, *at in zip(values, exact, *operands):
        assert same(value, expected), (at, value, expected)


def same(value, expected):
    if np.isnan(expected) or np.isinf(expected) or expected == 0:
        return np.array_equal(value, expected, equal_nan=True) and (
            np.isnan(expected) or np.signbit(value) == np.signbit(expected)
        )
    return abs(value - expected) <= 4 * np.spacing(abs(expected))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_a_result_does_not_depend_on_its_neighbours(functions, name, dtype):
    ufunc = getattr(np, name)
    rng = np.random.default_rng(3)
    operands = [rng.uniform(0.1, 0.9, 320).astype(dtype) for _ in range(ufunc.nin)]
    with np.errstate(all="ignore"):
        alone = functions(name, dtype, 1)(*operands)
        mixed = [x.copy() for x in operands]
        mixed[0][::5] = np.resize(np.array(SPECIAL).astype(dtype), 64)
        together = functions(name, dtype)(*mixed)
    ordinary = np.arange(320) % 5 != 0
    np.testing.assert_array_equal(together[ordinary], alone[ordinary])
    np.testing.assert_array_equal(functions(name, dtype, 4)(*operands), alone)


@pytest.mark.skipif(platform.machine() != "x86_64" or sys.platform != "linux", reason="flags are read as those of x86")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_flags_are_those_of_numpy(functions, name, dtype):
    """But underflow, which may be raised where NumPy does not (who wants to see it has NumPy's program run), and is not
    where a subnormal number of float32 is exact; and infinite exponents: NumPy's loop of float32 says that large ones
    overflow, and the kernel may say that the product with the logarithm of 1 is invalid."""
    ufunc, function = getattr(np, name), functions(name, dtype)
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL).astype(dtype)
    operands = [x] if ufunc.nin == 1 else [axis.ravel() for axis in np.meshgrid(x, x)]
    for at in zip(*operands):
        lanes = [np.full(16, value) for value in at]
        expected, found = flags_of_numpy(ufunc, lanes), function(*lanes, flags=True)
        if name == "power" and np.isinf(at[1]):
            continue
        assert expected - {"underflow"} == found - {"underflow"}, at
        assert found >= expected or dtype == "float32", at


def flags_of_numpy(ufunc, operands):
    found = set()
    with np.errstate(all="call"), np.errstate(call=lambda kind, _: found.add(kind)):
        ufunc(*operands)
    return found


@pytest.mark.parametrize("dtype", DTYPES)
def test_sine_and_cosine_together_are_those_alone(functions, dtype):
    both = compile_function(vector_math.sin_cos, outputs=2, dtype=dtype)
    for (x,) in accuracy.arguments("sin", dtype, 1000):
        with np.errstate(all="ignore"):
            sine, cosine = both(x)
            np.testing.assert_array_equal(sine, functions("sin", dtype)(x))
            np.testing.assert_array_equal(cosine, functions("cos", dtype)(x))
