"""Own vector functions of the native back end: errors in units of the last place, special values, flags, lanes."""

import platform
import re
import sys

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="own vector functions are compiled by llvmlite")

from autodiff_trace.compiler.backends.native import vector_math  # noqa: E402
from autodiff_trace.compiler.backends.native.builder import Builder  # noqa: E402
from benchmarks import accuracy  # noqa: E402
from benchmarks.native_functions import ALL_FLAGS, FLAGS, compile_function, host_features, own  # noqa: E402

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
        expected, found = flags_of_numpy(ufunc, lanes), function(*lanes, flags=0)
        if name == "power" and np.isinf(at[1]):
            continue
        assert expected - {"underflow"} == found - {"underflow"}, at
        assert found >= expected or dtype == "float32", at


@pytest.mark.skipif(platform.machine() != "x86_64" or sys.platform != "linux", reason="flags are read as those of x86")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_flags_that_are_up_stay_up(functions, name, dtype):
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL).astype(dtype)
    operands = [x] if getattr(np, name).nin == 1 else [axis.ravel() for axis in np.meshgrid(x, x)]
    assert functions(name, dtype)(*operands, flags=ALL_FLAGS) == set(FLAGS.values())


def flags_of_numpy(ufunc, operands):
    found = set()
    with np.errstate(all="call"), np.errstate(call=lambda kind, _: found.add(kind)):
        ufunc(*operands)
    return found


EXACT = {
    "exp": [(0.0, 1.0)],
    "exp2": [(n, 2.0**n) for n in (-5.0, 0.0, 1.0, 30.0, 100.0, -126.0)],
    "log2": [(2.0**n, n) for n in (-100.0, -1.0, 0.0, 1.0, 3.0, 29.0, 64.0)],
    "log": [(1.0, 0.0)],
    "log10": [(1.0, 0.0), (10.0, 1.0), (100.0, 2.0), (1000.0, 3.0), (1e5, 5.0), (1e10, 10.0)],
    "sin": [(0.0, 0.0), (-0.0, -0.0)],
    "cos": [(0.0, 1.0)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (40.0, 1.0), (-np.inf, -1.0)],
    "cbrt": [(n**3, n) for n in (1.0, -2.0, 3.0, 10.0, 100.0)],
    "arccos": [(1.0, 0.0)],
    "cosh": [(0.0, 1.0)],
    "power": [(2.0, 10.0, 1024.0), (3.0, 0.0, 1.0), (3.0, 1.0, 3.0), (-2.0, 3.0, -8.0), (-3.0, 2.0, 9.0),
              (5.0, -1.0, 0.2), (1.0, 1e300, 1.0), (4.0, 0.5, 2.0), (-0.0, 3.0, -0.0), (0.0, 0.0, 1.0),
              (-1.0, np.inf, 1.0)],
    "hypot": [(3.0, 4.0, 5.0), (0.0, -0.0, 0.0)],
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EXACT)
def test_exact_results(functions, name, dtype):
    with np.errstate(all="ignore"):
        *operands, expected = np.array(EXACT[name]).astype(dtype).T
    values = functions(name, dtype)(*operands)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(np.signbit(values), np.signbit(expected))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_written_out_functions_are_those_that_are_called(functions, name, dtype):
    ufunc = getattr(np, name)
    inline = own(ufunc, dtype, inline=True)
    with np.errstate(all="ignore"):
        for operands in accuracy.arguments(name, dtype, 200):
            operands[0][::7] = np.resize(np.array(SPECIAL).astype(dtype), operands[0][::7].shape)
            np.testing.assert_array_equal(inline(*operands), functions(name, dtype)(*operands))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="features of x86")
@pytest.mark.parametrize("name", NAMES)
def test_processors_with_shorter_vectors_have_the_same_results(functions, name):
    if not host_features().get("avx512f"):
        pytest.skip("this processor has shorter vectors already")
    shorter = own(getattr(np, name), features=",-avx512f")
    for operands in accuracy.arguments(name, "float64", 1000):
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(shorter(*operands), functions(name, "float64")(*operands))


def test_the_library_of_a_function_exports_it():
    llvm = pytest.importorskip("llvmlite.binding")
    llvm.initialize_native_target()
    todo, done = [], set()
    for inline, dtype, width in [(False, "float64", 8), (True, "float64", 1), (True, "float32", 16)]:
        builder = Builder(width, dtype, shared=True, inline=inline)
        for ufunc, emit in vector_math.FUNCTIONS.items():
            emit(builder, *["%x", "%y"][: ufunc.nin])
        vector_math.sin_cos(builder, "%x")
        assert not builder.functions
        todo += [re.search('"(own.*)"', line) for line in builder.declares if "own." in line]
    for name in {match[1] for match in todo}:
        module = llvm.parse_assembly(vector_math.library(name))
        module.verify()
        exported = [function.name for function in module.functions if function.linkage == llvm.Linkage.external]
        done |= {other for other in exported if other.startswith("own.")}
        assert [other for other in exported if other.startswith("own.")] == [name]
    assert len(done) == len({match[1] for match in todo}) > 60


def test_a_processor_without_fused_products_has_none_of_them():
    assert not vector_math.available({"sse2": True, "avx": True, "fma": False})
    assert vector_math.available({"fma": True}) and vector_math.available({"neon": True})


@pytest.mark.parametrize("dtype", DTYPES)
def test_sine_and_cosine_together_are_those_alone(functions, dtype):
    both = compile_function(vector_math.sin_cos, outputs=2, dtype=dtype)
    for (x,) in accuracy.arguments("sin", dtype, 1000):
        with np.errstate(all="ignore"):
            sine, cosine = both(x)
            np.testing.assert_array_equal(sine, functions("sin", dtype)(x))
            np.testing.assert_array_equal(cosine, functions("cos", dtype)(x))
